import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { parseJson } from '../../../src/snapshot/json.ts';

function faultOf(text: string): string | null {
  const parsed = parseJson(text, 'f.json');
  return 'fault' in parsed ? `${parsed.fault.line}:${parsed.fault.col} ${parsed.fault.message}, expected ${parsed.fault.expected}` : null;
}

function placeOf(text: string, path: (string | number)[]): string {
  const parsed = parseJson(text, 'f.json');
  if ('fault' in parsed) throw new Error('no JSON');
  const { line, col } = parsed.doc.at(path);
  return `${line}:${col}`;
}

describe('a JSON dump that is broken', () => {
  it.each([
    ['[1,\n 2', '2:3 the text ends here, expected a comma or a closing bracket'],
    ['{"a" 1}', '1:6 this is not JSON, expected a colon'],
    ['{a: 1}', '1:2 this is not JSON, expected a key in double quotes'],
    ['[1,\n]', '2:1 this is not JSON, expected a JSON value'],
    ['[1] x', '1:5 this is not JSON, expected the end of the file'],
    ['["a\\x"]', '1:4 this is not JSON, expected a character of a string, or its closing quote'],
    ['["tab\there"]', '1:6 this is not JSON, expected a character of a string, or its closing quote'],
    ['[01]', '1:3 this is not JSON, expected a comma or a closing bracket'],
    ['[{"a": tru}]', '1:8 this is not JSON, expected a JSON value'],
    ['', '1:1 the text ends here, expected a JSON value'],
  ])('is refused where it breaks: %j', (text, expected) => {
    expect(faultOf(text)).toBe(expected);
  });

  it('is refused without exhausting the stack when it nests a million levels', () => {
    expect(faultOf('['.repeat(1_000_000))).toContain('expected at most 200 levels');
  });
});

describe('the place of a value', () => {
  const text = '[{"name": "a", "list": [1, {"x": null}]},\n {"name": "b\\"]",\n  "list": [10, 20]}]';

  it.each([
    [[], '1:1'],
    [[0, 'name'], '1:11'],
    [[0, 'list', 1, 'x'], '1:34'],
    [[1], '2:2'],
    [[1, 'name'], '2:11'],
    [[1, 'list', 1], '3:16'],
    [[1, 'list', 7], '3:11'],
    [[1, 'absent'], '2:2'],
  ] as const)('is found: %j at %s', (path, expected) => {
    expect(placeOf(text, [...path])).toBe(expected);
  });

  it('is that of the last of equal keys, whose value counts', () => {
    expect(placeOf('{"a": 1,\n "a": 2}', ['a'])).toBe('2:7');
  });

  it('is found a hundred times in a long list in no time', () => {
    const parsed = parseJson(JSON.stringify(Array.from({ length: 200_000 }, (_, i) => ({ dst: i }))), 'f.json');
    if ('fault' in parsed) throw new Error('no JSON');
    const { doc } = parsed;
    const columns = Array.from({ length: 100 }, (_, i) => doc.at([199_900 + i, 'dst']).col);
    expect(columns[99]).toBeGreaterThan(columns[0] ?? 0);
  });

  test.prop([fc.jsonValue({ maxDepth: 4 })])('leads to text that reads as the value', (value) => {
    const json = JSON.stringify(value, null, 1);
    const lines = json.split('\n');
    const visit = (node: unknown, path: (string | number)[]): void => {
      const parsed = parseJson(json, 'f.json');
      if ('fault' in parsed) throw new Error('no JSON');
      const { line, col } = parsed.doc.at(path);
      const first = JSON.stringify(node)[0] ?? '';
      expect((lines[line - 1] ?? '')[col - 1]).toBe(first);
      if (Array.isArray(node)) for (const [i, item] of node.entries()) visit(item, [...path, i]);
      else if (typeof node === 'object' && node !== null) for (const [key, item] of Object.entries(node)) visit(item, [...path, key]);
    };
    visit(value, []);
  });
});
