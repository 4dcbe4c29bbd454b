import { describe, expect, it } from 'vitest';
import { type Verdict, agreementTable, agreesIn, firstDifferences, wholeStory } from '../../src/snapshot/kernel/agreement.ts';
import { TIERS, compare } from '../../src/snapshot/kernel/compare.ts';
import { sceneOf } from '../../src/snapshot/kernel/scene.ts';
import { Twin } from '../../src/snapshot/kernel/twin.ts';
import { readRecording } from './recording.ts';
import { originalFiles, recordedCases, recordedFiles } from './recordings.ts';

// TRUTH_CASE=case-0020 TRUTH_PROBE=p3 TRUTH_TIER=hops narrow what is run and shown; TRUTH_SHOW=50 shows more; a probe is told in full.
const { TRUTH_CASE: onlyCase, TRUTH_PROBE: onlyProbe, TRUTH_TIER: onlyTier, TRUTH_SHOW: show } = process.env;
const names = recordedCases().filter((name) => onlyCase === undefined || name === onlyCase);
const tiers = TIERS.filter((tier) => onlyTier === undefined || tier === onlyTier);

/** About how long the recorder took for a probe. */
const PROBE_MS = 3;

function run(name: string): Verdict[] {
  const { world, session, probes, truth } = readRecording(name);
  const twin = new Twin(session, 'cold');
  const scene = sceneOf(world);
  return truth.flatMap((kernel, index): Verdict[] => {
    const probe = probes[index];
    if (probe === undefined || (onlyProbe !== undefined && kernel.probe.id !== onlyProbe)) return [];
    const id = `${name}/${kernel.probe.id}`;
    try {
      const found = twin.send(world, probe, { atMs: PROBE_MS * (index + 1) }, (one) => compare(kernel, one, scene, 'recorded').length);
      const differences = compare(kernel, found, scene, 'recorded').filter(({ tier }) => tiers.includes(tier));
      return [{ id, kernel, trace: found.trace, thrown: null, differences }];
    } catch (error) {
      const thrown = error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join('\n') : String(error);
      return [{ id, kernel, trace: null, thrown, differences: [] }];
    }
  });
}

describe('the kernel and its twin', () => {
  const verdicts = names.flatMap(run);
  if (verdicts.some(({ thrown, differences }) => thrown !== null || differences.length > 0)) {
    console.warn(`${agreementTable(verdicts, tiers)}\n\n${firstDifferences(verdicts, Number(show ?? 15))}`);
  }
  if (onlyProbe !== undefined) console.warn(verdicts.map(wholeStory).join('\n\n'));

  it.each(tiers)('agree on every recorded probe: %s', (tier) => {
    expect(verdicts.filter((verdict) => !agreesIn(verdict, tier)).map(({ id }) => id)).toEqual([]);
  });
});

const originals = originalFiles();
if (originals === null) console.warn('left out: that the packed recordings are those that were made (they are not beside this repository)');

it.skipIf(originals === null)('the packed recordings are those that were made', () => {
  expect(recordedFiles()).toEqual(originals);
});
