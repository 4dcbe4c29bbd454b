import { describe, expect, it } from 'vitest';
import { bindingsInSight, paletteOf } from '../../src/tui/keys/keymap.ts';
import { helpContent, helpSize, lastHelpOffset } from '../../src/tui/panel/help.ts';
import { cellsOf } from '../../src/tui/text/cells.ts';
import { Bench, shipped } from './support.tsx';

/** Each pane and view, and the keys that lead there. */
const PLACES = [['1'], ['2'], ['3'], ['4'], ['v'], ['w'], ['c'], ['D'], ['M'], ['m'], ['T']];
const twin = shipped('scenarios/azure.yaml');

describe.each(PLACES)('where %s leads', (...keys) => {
  it('the palette lists each command once, with every key of it', () => {
    const bench = new Bench(twin).press(...keys);
    const entries = paletteOf(bench);
    const labels = entries.map(({ choice }) => choice.label);
    expect(labels).toEqual([...new Set(labels)]);
    const bound = bindingsInSight(bench.state).flatMap((binding) => binding.keys);
    expect(entries.flatMap((entry) => entry.keys.split(' ')).length).toBe(bound.length);
  });

  it('the help says in full what every key does, and why not now, at 120x40', () => {
    const bench = new Bench(twin, 120, 40).press(...keys);
    const wanted = bindingsInSight(bench.state).map(({ command }) => {
      const why = command.blocked?.(bench) ?? null;
      return why === null ? command.help : `${command.help} (not now: ${why})`;
    });
    const text = wholeHelp(bench.press('?'));
    for (const one of wanted) expect(text).toContain(one);
  });
});

/** What the help says, scrolled through: the second column, its lines joined. */
function wholeHelp(bench: Bench): string {
  const { width } = helpSize(bench.state.size);
  const first = helpContent(bench, 0).lines;
  const rest = Array.from({ length: lastHelpOffset(bench) }, (_, offset) => helpContent(bench, offset + 1).lines.slice(-1));
  const lines = [...first, ...rest.flat()].map(({ spans }) => spans.map(({ text }) => text).join(''));
  for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(width - 2);
  return lines.map((line) => line.slice(18).trim()).join(' ');
}

describe('a terminal that is too small', () => {
  it.each([
    [50, 12, 'podwalk needs 60x16, this is 50x12: make it larger, or q'],
    [59, 16, 'podwalk needs 60x16, this is 59x16: make it larger, or q'],
    [30, 1, 'podwalk needs 60x16: q quits'],
    [20, 2, 'podwalk needs 60x16: q quits'],
    [8, 1, 'q quits'],
  ])('is told so in the room it has: %dx%d', (columns, rows, said) => {
    const screen = new Bench(twin, columns, rows).screen();
    expect(
      screen
        .split('\n')
        .map((line) => line.trim())
        .join(' ')
        .trim(),
    ).toBe(said);
  });
});
