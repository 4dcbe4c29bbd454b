import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../../../src/show/printable.ts';

describe('foreign text that is printed', () => {
  it.each([
    ['tags that spell a text nobody sees', '\u{e0041}\u{e0042}', '\\u{e0041}\\u{e0042}'],
    ['a Mongolian vowel separator', '\u180e', '\\u{180e}'],
    ['interlinear annotations', '\ufff9a\ufffa', '\\u{fff9}a\\u{fffa}'],
    ['Hangul fillers', '\u3164\u115f\u1160\uffa0', '\\u{3164}\\u{115f}\\u{1160}\\u{ffa0}'],
    ['variation selectors that no sign has', '\u{e0100}\ufe01', '\\u{e0100}\\u{fe01}'],
    ['zero-width and bidirectional characters', '\u200b\u202e\u2066\ufeff', '\\u{200b}\\u{202e}\\u{2066}\\u{feff}'],
    ['line separators and controls', '\u2028\u2029\u001b[31m\u009b', '\\u{2028}\\u{2029}\\u{1b}[31m\\u{9b}'],
    ['half a character', 'a\ud800', 'a\\u{d800}'],
    ['non-characters', '\ufffe\ufdd0', '\\u{fffe}\\u{fdd0}'],
  ])('shows %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(['web-0', 'grün', '节点', 'über → 10.0.0.1 ✓', '⚠️ ❤️', 'नमस्ते'])('is as it was written where it is plain: %s', (text) => {
    expect(printable(text)).toBe(text);
  });

  it('is the same text to whoever reads the JSON', () => {
    const text = 'a\u{e0041}\u2028\u001b\u3164"\n';
    const json = printableJson({ text }, 1);
    expect(json).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(json)).toEqual({ text });
  });
});
