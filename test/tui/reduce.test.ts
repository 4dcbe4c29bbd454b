import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type InkKey, keysOf } from '../../src/tui/keys/key.ts';
import { KEYMAP } from '../../src/tui/keys/keymap.ts';
import { frameOf } from '../../src/tui/panel/frame.ts';
import { timeline, walked } from '../../src/tui/state/context.ts';
import { axesOf } from '../../src/tui/state/matrix.ts';
import { reduce } from '../../src/tui/state/reduce.ts';
import type { State } from '../../src/tui/state/state.ts';
import { currentTable, tableCursor } from '../../src/tui/state/tables.ts';
import { cellsOf } from '../../src/tui/text/cells.ts';
import { BARE } from '../../src/tui/text/theme.ts';
import { Bench, shipped } from './support.tsx';

const twin = shipped('scenarios/faults/forward-policy-drop.yaml');
const KEYS = [
  ...new Set(KEYMAP.flatMap(({ keys }) => keys)),
  'backspace',
  'delete',
  'w',
  'e',
  'b',
  '8',
  '0',
  '/',
  '@',
  '{',
  '日',
  '\u0301',
];
/** Keys that change something come often, so that long sequences reach deep states. */
const BUSY = ['e', 'enter', 'enter', 'down', 'd', 'n', 'z', 'Z', 'esc', 'j', 'l', 'm', 'T', 't', 'f', 'tab', 'right'];

const key = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...BUSY) }, { weight: 1, arbitrary: fc.constantFrom(...KEYS) });
const sequence = fc.array(key, { maxLength: 60 });

function checkRanges(state: State): void {
  const context = { state, twin };
  const { steps } = timeline(context);
  expect(state.walk.cursor).toBeGreaterThanOrEqual(0);
  expect(state.walk.cursor).toBeLessThan(Math.max(1, steps.length));
  const table = currentTable(context);
  if (table !== null && table.rows.length > 0) expect(table.rows[tableCursor(context)]).toBeDefined();
  const { from, to } = axesOf(context);
  if (from.length > 0) expect(state.matrix.row).toBeLessThan(from.length);
  if (to.length > 0) expect(state.matrix.column).toBeLessThan(to.length);
}

function checkFrame(state: State): void {
  const { lines, columns, rows } = frameOf({ state, twin }, BARE);
  expect(lines.length).toBe(rows);
  for (const text of lines) {
    expect(cellsOf(text)).toBe(columns);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
}

const NO_KEY: InkKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
};

describe('the reducer', () => {
  test.prop([sequence], { numRuns: 60 })('never fails, whatever is pressed, and keeps every cursor in its list', (keys) => {
    const bench = new Bench(twin);
    for (const one of keys) {
      bench.press(one);
      checkRanges(bench.state);
    }
    checkFrame(bench.state);
  });

  test.prop([sequence, fc.integer({ min: 60, max: 240 }), fc.integer({ min: 16, max: 80 })], { numRuns: 30 })(
    'loses nothing when the terminal gets another size',
    (keys, columns, rows) => {
      const { state } = new Bench(twin).press(...keys);
      const resized = reduce(state, { kind: 'resize', columns, rows }, twin);
      expect({ ...resized, size: state.size, effects: state.effects }).toEqual(state);
      checkFrame(resized);
    },
  );

  test.prop([sequence], { numRuns: 40 })('undo leads back to the same world, walk and verdicts', (keys) => {
    const bench = new Bench(twin).press(...keys, 'esc', 'esc', 'esc');
    const { request } = bench.state;
    while (bench.state.edits.done.length > 0) bench.press('z');
    const base = new Bench(twin);
    expect(bench.twin.at(bench.state.edits.done)).toBe(base.twin.at([]));
    const before = twin.walk(request, []);
    expect(walked(bench)).toEqual(before);
  });

  test.prop([sequence], { numRuns: 40 })('redo after undo is the same state', (keys) => {
    const bench = new Bench(twin).press(...keys, 'esc', 'esc', 'esc');
    if (bench.state.edits.done.length === 0) return;
    const before = bench.state.edits.done;
    bench.press('z', 'Z');
    expect(bench.state.edits.done).toEqual(before);
    expect(twin.at(bench.state.edits.done)).toBe(twin.at(before));
  });

  test.prop([sequence], { numRuns: 40 })('escape always leads out: at most ten lead from anywhere to the bare screen', (keys) => {
    const { state } = new Bench(twin).press(...keys).press(...Array.from({ length: 10 }, () => 'esc'));
    expect(state.modal).toBeNull();
    expect(state.zoomed).toBe(false);
    expect(state.focus).toBe('walk');
  });

  it('the state is plain data', () => {
    const { state } = new Bench(twin).press('n', 'n', 'e', 'down');
    expect(structuredClone(state)).toEqual(state);
  });

  it('the help scrolls back as soon as it was scrolled to its end', () => {
    const bench = new Bench(twin).press('?', 'G');
    const end = bench.screen();
    expect(bench.press('k').screen()).not.toBe(end);
    expect(bench.press('j', 'j', 'j').screen()).toBe(end);
  });

  it('escape and a key right behind it are two keys', () => {
    const none = { ...NO_KEY, meta: true };
    expect(keysOf('x', none)).toEqual(['esc', 'x']);
    expect(keysOf('jj', NO_KEY)).toEqual(['j', 'j']);
  });

  it('a key that can not act says why', () => {
    const bench = new Bench(twin);
    expect(bench.press('z').state.status?.text).toContain('no edit to take back');
    expect(bench.press('Z').state.status?.text).toContain('no edit was taken back');
    expect(bench.press('<', 'h').state.status?.text).toContain('first step');
    expect(bench.press('>', 'l').state.status?.text).toContain('last step');
    expect(bench.press('ctrl+s').state.status?.text).toContain('no edit to save');
    expect(bench.press('%').state.status?.text).toContain('means nothing here');
  });
});
