import { describe, expect, it } from 'vitest';
import { Bench, shipped, twinOf } from './support.tsx';

describe('the comparison with the base', () => {
  it('finds no difference in what only the next source port makes', () => {
    const bench = new Bench(shipped('scenarios/faults/forward-policy-drop.yaml')).press('n');
    const [, port] = /10\.224\.0\.6:(\d+) -> /.exec(bench.screen()) ?? [];
    expect(port).not.toBe('40000');
    const screen = bench.press('D').screen();
    expect(screen).toContain('The walk is the same, step by step.');
    expect(screen).not.toContain('40000');
    expect(screen.match(new RegExp(`saw 10\\.224\\.0\\.6:${port}`, 'g'))?.length).toBe(2);
  });

  it('finds no difference in which of several backends luck has picked', () => {
    const backends = [1, 2, 3, 4, 5, 6, 7, 8].map(
      (number) => `  - { name: web-${number}, node: 1, labels: { app: web }, listens: [tcp/80] }`,
    );
    const bench = new Bench(
      twinOf(`
cluster: { mode: azure }
pods:
  - { name: client, node: 0 }
${backends.join('\n')}
services:
  - { name: web, selector: { app: web }, ports: [80] }
checks:
  - { from: default/client, to: 'svc/default/web:80' }
`),
      120,
      40,
    );
    const same = ['s', 's', 's', 's'].map((key) => bench.press(key, 'D').screen().includes('The walk is the same, step by step.'));
    expect(same).toEqual([true, true, true, true]);
  });

  it('finds what an edit changed', () => {
    const screen = new Bench(shipped('scenarios/faults/forward-policy-drop.yaml'), 120, 40).press('n', 'n', 'D').screen();
    expect(screen).toContain('The walks part at step 7:');
  });
});
