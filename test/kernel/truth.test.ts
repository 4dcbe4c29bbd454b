import { describe, expect, it } from 'vitest';
import { TIERS, compare } from './compare.ts';
import { type Verdict, agreementTable, agreesIn, firstDifferences, wholeStory } from './report.ts';
import { originalFiles, recordedCases, recordedFiles } from './recordings.ts';
import { readCase } from './truth.ts';
import { openTwin } from './twin.ts';

// TRUTH_CASE=case-0020 TRUTH_PROBE=p3 TRUTH_TIER=hops narrow what is run and shown; TRUTH_SHOW=50 shows more; a probe is told in full.
const { TRUTH_CASE: onlyCase, TRUTH_PROBE: onlyProbe, TRUTH_TIER: onlyTier, TRUTH_SHOW: show } = process.env;
const names = recordedCases().filter((name) => onlyCase === undefined || name === onlyCase);
const tiers = TIERS.filter((tier) => onlyTier === undefined || tier === onlyTier);

function run(name: string): Verdict[] {
  const kernelCase = readCase(name);
  const twin = openTwin(kernelCase.directory);
  return kernelCase.truth.flatMap((kernel, index): Verdict[] => {
    if (onlyProbe !== undefined && kernel.probe.id !== onlyProbe) return [];
    const id = `${name}/${kernel.probe.id}`;
    try {
      const result = twin.send(kernelCase.probes[index] ?? '');
      const differences = compare(kernel, result).filter(({ tier }) => tiers.includes(tier));
      return [{ id, kernel, trace: result.trace, thrown: null, differences }];
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
