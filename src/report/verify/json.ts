import { type Verdict, isUnknown } from '../../snapshot/kernel/agreement.ts';
import { printableJson } from '../printable.ts';
import type { Agreement } from './text.ts';

/** What else is known of a comparison. */
export interface VerifyFacts {
  /** The source, or `random`. */
  readonly source: string;
  /** `uname -r` of the kernel that was asked. */
  readonly kernel: string;
  readonly seed: number | null;
  readonly cases: number;
  readonly notes: readonly string[];
  /** Cases that the kernel could not be made to look like. */
  readonly notBuilt: readonly { readonly case: string; readonly why: string }[];
}

/** One line of JSON with the agreement and every probe that differs. */
export function verifyJson(facts: VerifyFacts, agreement: Agreement, differing: readonly Verdict[]): string {
  return `${printableJson({
    verify: 1,
    ...facts,
    compared: agreement.compared,
    unknown: agreement.unknown,
    unknownFor: Object.fromEntries([...agreement.reasons].sort(byName)),
    differing: agreement.differing,
    once: agreement.once,
    met: Object.fromEntries([...agreement.met].sort(byName)),
    tiers: Object.fromEntries(agreement.groups().map(({ name, agreeing, of }) => [name, { agreeing, of }])),
    differences: differing
      .filter((verdict) => !isUnknown(verdict))
      .map(({ id, trace, differences, sections = [], kernel }) => ({
        id,
        probe: trace?.probe ?? null,
        differences,
        sections,
        drops: kernel.drops,
      })),
  })}\n`;
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}
