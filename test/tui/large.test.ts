import { describe, expect, it } from 'vitest';
import { twinOf, Bench } from './support.tsx';

/** A node with so many rules that no screen could hold a thousandth of them. */
function manyRules(count: number): string {
  const rules = Array.from(
    { length: count },
    (_, index) => `      -A FORWARD -s 100.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32 -j DROP`,
  );
  return `
cluster: { mode: azure }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
tables:
  - on: node/node-0
    iptables: |
      *filter
${rules.join('\n')}
      COMMIT
checks:
  - { from: default/client, to: 'default/web:80' }
`;
}

/** The best of several times, in milliseconds: a busy machine only ever makes it longer. */
function best(work: () => void): number {
  const times = Array.from({ length: 25 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

function scrolling(count: number): number {
  const bench = new Bench(twinOf(manyRules(count)), 120, 40).press('l', 'T').press(...Array.from({ length: 6 }, () => 'l'), 'j');
  expect(bench.screen()).toContain('iptables -t filter -S');
  const time = best(() => void bench.press('j').finished());
  bench.press('G');
  expect(bench.screen()).toContain(`${count + 28}/${count + 28}`);
  return time;
}

describe('long tables', () => {
  it('50,000 rows scroll as smoothly as 50', () => {
    const few = scrolling(50);
    const many = scrolling(50_000);
    expect(many).toBeLessThan(Math.max(8, few * 4));
  }, 60_000);
});
