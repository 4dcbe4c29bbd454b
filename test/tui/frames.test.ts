import { describe, expect, it } from 'vitest';
import { Bench, shipped } from './support.tsx';

/** Each pane and each thing that lies over them, and the keys that lead there. */
const SCREENS: readonly { readonly name: string; readonly file?: string; readonly keys: readonly string[] }[] = [
  { name: 'start', keys: [] },
  { name: 'packet', keys: ['1', 'l'] },
  { name: 'reply', keys: ['r', 'j'] },
  { name: 'checks', keys: ['3', 'j'] },
  { name: 'drop', file: 'scenarios/faults/forward-policy-drop.yaml', keys: ['n', 'n'] },
  { name: 'why-not', file: 'scenarios/faults/forward-policy-drop.yaml', keys: ['n', 'n', 'w'] },
  { name: 'compare-with-base', file: 'scenarios/faults/forward-policy-drop.yaml', keys: ['n', 'n', 'D'] },
  { name: 'conntrack', keys: ['l', 'c'] },
  { name: 'conntrack-of-the-fabric', keys: ['l', 'l', 'c'] },
  { name: 'map', file: 'scenarios/faults/kubenet-route-missing.yaml', keys: ['M', 'l', 'l'] },
  { name: 'map-of-a-machine', file: 'scenarios/faults/kubenet-route-missing.yaml', keys: ['l', 'M', 'enter'] },
  { name: 'map-of-long-names', file: 'scenarios/aks-overlay.yaml', keys: ['l', 'M'] },
  { name: 'matrix', keys: ['m', 'j', 'l', 'l'] },
  { name: 'tables', keys: ['l', 'T', 'l', 'l', 'l', 'l', 'l', 'j'] },
  { name: 'choose-target', keys: ['t', 'w', 'e', 'b'] },
  { name: 'edit-menu', keys: ['l', 'e'] },
  { name: 'clock', keys: ['a'] },
  { name: 'edit-operation', keys: ['l', 'i'] },
  { name: 'filter', keys: ['/', 'e', 't', 'h'] },
  { name: 'help', keys: ['?'] },
  { name: 'refused', keys: ['Z'] },
];

describe.each([
  [80, 24],
  [120, 40],
] as const)('the screen at %dx%d', (columns, rows) => {
  it.each(SCREENS)('$name', async ({ name, file = 'scenarios/azure.yaml', keys }) => {
    const screen = new Bench(shipped(file), columns, rows).press(...keys).screen();
    expect(screen.split('\n').length).toBe(rows);
    await expect(`${screen}\n`).toMatchFileSnapshot(`frames/${columns}x${rows}-${name}.txt`);
  });
});

describe('the screen at 200x60', () => {
  it('has the map beside everything else', async () => {
    const screen = new Bench(shipped('scenarios/faults/kubenet-route-missing.yaml'), 200, 60).press('l', 'l').screen();
    await expect(`${screen}\n`).toMatchFileSnapshot('frames/200x60-start.txt');
  });
});
