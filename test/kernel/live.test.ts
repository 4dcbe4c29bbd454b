import { afterAll, describe, expect, it } from 'vitest';
import { type Verdict, firstDifferences } from '../../src/snapshot/kernel/agreement.ts';
import { Judge } from '../../src/snapshot/kernel/judge.ts';
import { missingFor, thisMachine } from '../../src/snapshot/kernel/requirements.ts';
import { readRecording } from './recording.ts';
import { recordedCases } from './recordings.ts';

const missing = missingFor(thisMachine());
const all = process.env['KERNEL_LIVE'] === 'all';
// Every eighth network, and both clusters; KERNEL_LIVE=all asks the kernel for all of them.
const names = recordedCases().filter((name, index) => all || index % 8 === 0 || !name.startsWith('case-'));
if (missing.length > 0) console.warn(`left out: ${names.length} networks in the running kernel (${missing.join('; ')})`);

describe.skipIf(missing.length > 0)('the running kernel', () => {
  const started = missing.length === 0 ? Judge.start() : null;
  afterAll(async () => (await started)?.close());

  it.each(names)('does what the twin does, hop for hop: %s', async (name) => {
    const judge = (await started)!;
    const { world, session, probes, truth } = readRecording(name);
    const verdicts: readonly Verdict[] = await judge.judge({ world, session, probes, state: 'cold' });
    expect(firstDifferences(verdicts, 3)).toBe('');
    // The recorder knew of a TCP delivery only from a finished handshake; live, one that was begun tells.
    const asRecorded = verdicts.map(({ kernel: { outcome, probe } }, index) =>
      truth[index]?.outcome === 'dropped' && probe.proto === 'tcp' && outcome === 'delivered-no-reply' ? 'dropped' : outcome,
    );
    expect(asRecorded).toEqual(truth.map(({ outcome }) => outcome));
  });
});
