import { afterAll, describe, expect, it } from 'vitest';
import { firstDifferences } from '../../src/snapshot/kernel/agreement.ts';
import { deriveComparable } from '../../src/snapshot/kernel/derive.ts';
import { Judge } from '../../src/snapshot/kernel/judge.ts';
import { CannotBuild } from '../../src/snapshot/kernel/plan/word.ts';
import { missingFor, thisMachine } from '../../src/snapshot/kernel/requirements.ts';
import { newSession } from '../../src/walk/new-session.ts';
import type { Probe } from '../../src/walk/probe.ts';
import { ip } from '../../src/wire/ipv4.ts';
import { freeze } from '../../src/world/freeze.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import type { BridgePort } from '../../src/linux/link.ts';
import { Lab } from '../unit/linux/lab.ts';

const missing = missingFor(thisMachine());
if (missing.length > 0) console.warn(`left out: 6 tests of port states in the running kernel (${missing.join('; ')})`);

/** Two hosts on a bridge, the port of the second in a state. */
function segment(state: BridgePort['state'], isUp = true): FrozenWorld {
  const lab = new Lab();
  for (const [i, host] of ['a', 'b'].entries()) lab.veth(`${host}/eth0`, `sw/${host}`).addr(`${host}/eth0`, `10.0.0.${i + 2}/24`);
  lab.bridge('sw/br', ['a', 'b']).port('sw/b', { state });
  if (!isUp) lab.down('sw/b');
  return deriveComparable(freeze({ machines: { m: lab.host }, fabric: null, cluster: null })).world;
}

const PING: Probe = { label: 'a to b', from: { kind: 'netns', machine: 'm', netns: 'a' }, proto: 'icmp', dst: ip('10.0.0.3') };

describe.skipIf(missing.length > 0)('the running kernel', () => {
  const started = missing.length === 0 ? Judge.start() : null;
  afterAll(async () => (await started)?.close());

  const ask = async (world: FrozenWorld): Promise<string> => {
    const verdicts = await (await started)!.judge({ world, session: newSession(), probes: [PING], state: 'cold' });
    expect(firstDifferences(verdicts, 3)).toBe('');
    return verdicts[0]!.kernel.outcome;
  };

  it.each(['listening', 'learning'] as const)('takes nothing in by a port that is %s', async (state) => {
    expect(await ask(segment(state))).not.toBe('replied');
  });

  it.each(['disabled', 'blocking'] as const)(
    'has no port that is up and %s without a spanning tree, and the judge says so',
    async (state) => {
      await expect(ask(segment(state))).rejects.toThrow(
        new CannotBuild(`the port b is up and ${state}: the kernel makes it forward at once, or its spanning tree decides`),
      );
    },
  );

  it('takes frames in by a port that forwards', async () => {
    expect(await ask(segment('forwarding'))).toBe('replied');
  });

  it('has a port that is down disabled', async () => {
    expect(await ask(segment('disabled', false))).not.toBe('replied');
  });
});
