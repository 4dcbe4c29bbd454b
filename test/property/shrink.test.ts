import { describe, expect, it } from 'vitest';
import { randomCase, type RandomCase } from '../../src/snapshot/random/case.ts';
import { PHASES } from '../../src/snapshot/random/parts.ts';
import { shrink } from '../../src/snapshot/random/shrink.ts';
import { cloneSession } from '../../src/walk/new-session.ts';
import { runProbe } from '../../src/walk/run-probe.ts';

/** Whether some probe meets a rule that drops it. */
function meetsDrop({ world, session, probes, state }: RandomCase): boolean {
  let current = cloneSession(session);
  return probes.some((probe) => {
    if (state !== 'shared') current = cloneSession(session);
    const { legs } = runProbe(world, current, probe, { record: 'detailed' });
    return legs.some(({ hops }) => hops.some(({ steps }) => steps.some(({ rule }) => rule?.text.endsWith('-j DROP') === true)));
  });
}

/** How much there is that a case could do without; every namespace has its loopback and the kernel's routes and policy rules as well. */
function parts(of: RandomCase): number {
  return PHASES.flatMap((partsOf) => partsOf(of)).length;
}

const found = Array.from({ length: 120 }, (_, seed) => randomCase(seed))
  .filter(meetsDrop)
  .slice(0, 5);

describe('a case that shows something', () => {
  it('is shrunk to little more than what shows it', async () => {
    expect(found).toHaveLength(5);
    for (const big of found) {
      const ask = async (candidate: RandomCase): Promise<boolean> => Promise.resolve(meetsDrop(candidate));
      const small = await shrink(big, ask, 2000);
      expect(meetsDrop(small)).toBe(true);
      expect(small.probes).toHaveLength(1);
      const rules = Object.values(small.world.machines['lab']?.netns ?? {}).flatMap(({ iptables }) =>
        Object.values(iptables).flatMap(({ chains }) => chains.flatMap((chain) => chain.rules)),
      );
      // The rule itself and the jumps that lead to it.
      expect(rules.length).toBeLessThanOrEqual(3);
      expect(parts(small)).toBeLessThan(parts(big) / 2);
      // Nothing of what is left can go.
      expect(await shrink(small, ask, 2000)).toBe(small);
    }
  });

  it('is shrunk the same way every time, within its budget', async () => {
    const [big] = found;
    if (big === undefined) throw new Error('nothing to shrink');
    let asked = 0;
    const ask = async (candidate: RandomCase): Promise<boolean> => {
      asked++;
      return Promise.resolve(meetsDrop(candidate));
    };
    const a = await shrink(big, ask, 40);
    expect(asked).toBeLessThanOrEqual(40);
    expect(JSON.stringify(a)).toBe(JSON.stringify(await shrink(big, ask, 40)));
  });

  it('stays as it is when nothing smaller shows it', async () => {
    const big = randomCase(3);
    expect(await shrink(big, async () => Promise.resolve(false), 500)).toBe(big);
  });
});
