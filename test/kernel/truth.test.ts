import { describe, expect, it } from 'vitest';
import { TIERS, compare } from './compare.ts';
import { type Verdict, agreementTable, agreesIn, firstDifferences, wholeStory } from './report.ts';
import { caseNames, readCase } from './truth.ts';
import { openTwin } from './twin.ts';

// TRUTH_CASE=case-0020 TRUTH_PROBE=p3 TRUTH_TIER=hops narrow what is run and shown; TRUTH_SHOW=50 shows more; a probe is told in full.
const { TRUTH_CASE: onlyCase, TRUTH_PROBE: onlyProbe, TRUTH_TIER: onlyTier, TRUTH_SHOW: show } = process.env;
const names = caseNames().filter((name) => onlyCase === undefined || name === onlyCase);
const tiers = TIERS.filter((tier) => onlyTier === undefined || tier === onlyTier);
if (names.length === 0) console.warn('left out: 592 probes that the kernel has answered (the recordings are not beside this repository)');

function run(name: string): Verdict[] {
  const kernelCase = readCase(name);
  const twin = openTwin(kernelCase.folder);
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

describe.skipIf(names.length === 0)('the kernel and its twin', () => {
  const verdicts = names.flatMap(run);
  if (verdicts.some(({ thrown, differences }) => thrown !== null || differences.length > 0)) {
    console.warn(`${agreementTable(verdicts, tiers)}\n\n${firstDifferences(verdicts, Number(show ?? 15))}`);
  }
  if (onlyProbe !== undefined) console.warn(verdicts.map(wholeStory).join('\n\n'));

  it.each(tiers)('agree on every recorded probe: %s', (tier) => {
    expect(verdicts.filter((verdict) => !agreesIn(verdict, tier)).map(({ id }) => id)).toEqual([]);
  });
});
