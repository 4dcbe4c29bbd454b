import { describe, expect, it } from 'vitest';
import { reduce } from '../../src/tui/state/reduce.ts';
import { Bench, shipped, twinOf } from './support.tsx';

const twin = shipped('scenarios/azure.yaml');
const ASKED = 'q again leaves without saving, ctrl+s saves';

function lastLine(bench: Bench): string {
  return bench.screen().trimEnd().split('\n').at(-1) ?? '';
}

describe('leaving', () => {
  it('is done at once where nothing is edited, and where the edits were taken back', () => {
    expect(new Bench(twin).press('q').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
    expect(new Bench(twin).press('s', 'z', 'q').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
  });

  it('asks once where edits are not saved', () => {
    const bench = new Bench(twin).press('s', 'q');
    expect(bench.state.effects).toEqual([]);
    expect(lastLine(bench)).toMatch(new RegExp(`^ ${ASKED.replace('+', '\\+')} +1 edit$`));
    expect(bench.press('q').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
    const keeping = new Bench(twin).press('s', 'Q');
    expect(lastLine(keeping)).toContain('Q again leaves without saving');
    expect(keeping.press('Q').state.effects).toEqual([{ kind: 'quit', keepScreen: true }]);
  });

  it('is not asked of ctrl+c', () => {
    expect(new Bench(twin).press('s', 'ctrl+c').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
    expect(new Bench(twin).press('s', 'q', 'ctrl+c').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
  });

  it('is forgotten after any other key, which does what it always does', () => {
    const bench = new Bench(twin).press('s', 'q', 'l');
    expect(bench.state.walk.cursor).toBe(1);
    expect(bench.press('q').state.effects).toEqual([]);
    expect(new Bench(twin).press('s', 'q', 'esc').state).toEqual({ ...new Bench(twin).press('s').state, status: null });
    expect(new Bench(twin).press('s', 'q', 'ctrl+s').state.modal).toMatchObject({ kind: 'ask', asking: { for: 'save' } });
  });

  it('asks nothing after the edits were saved, and again after another', () => {
    const bench = new Bench(twin).press('s', 'ctrl+s', 'enter');
    bench.state = reduce(bench.state, { kind: 'done', ok: true, text: 'written', saved: bench.state.edits.done }, twin);
    expect(bench.press('q').state.effects).toEqual([{ kind: 'quit', keepScreen: false }]);
    expect(bench.press('s', 'q').state.effects).toEqual([]);
  });

  it('does not promise to save what can not be saved', () => {
    const manifest = twinOf(
      '{ apiVersion: v1, kind: Node, metadata: { name: one }, status: { addresses: [{ type: InternalIP, address: 10.224.0.4 }] } }',
    );
    const bench = new Bench(manifest).press('a', 'enter', 'q');
    expect(lastLine(bench)).toMatch(/q again leaves without saving +1 edit/);
  });
});
