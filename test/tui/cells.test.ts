import { describe, expect, it } from 'vitest';
import { cellsOf, clip, clipStart } from '../../src/tui/text/cells.ts';

describe('a name that is longer than its column', () => {
  const texts = ['abcdef', '节点节点节点', 'a节b点c', 'e\u0301te\u0301s-web-0'];

  it.each(texts)('keeps its end, and never takes more than the column has: %s', (text) => {
    for (let cells = 0; cells <= cellsOf(text) + 1; cells++) {
      const clipped = clipStart(text, cells);
      expect(cellsOf(clipped)).toBeLessThanOrEqual(cells);
      expect(text.endsWith(clipped.replace('…', ''))).toBe(true);
      expect(cellsOf(clip(text, cells))).toBeLessThanOrEqual(cells);
    }
  });

  it('is an ellipsis in a single column', () => {
    expect([0, 1, 2, 5, 6].map((cells) => clipStart('abcdef', cells))).toEqual(['', '…', '…f', '…cdef', 'abcdef']);
    expect([1, 2, 3, 4, 5].map((cells) => clipStart('节点节点', cells))).toEqual(['…', '…', '…点', '…点', '…节点']);
  });
});
