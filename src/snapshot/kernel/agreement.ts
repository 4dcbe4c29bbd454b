import type { Trace } from '../../trace/trace.ts';
import type { Difference, Tier } from './compare.ts';
import { stepsInOrder } from './rows.ts';
import type { Section } from './sections.ts';
import type { TruthProbe } from './truth.ts';

/** One probe's comparison; `differences` is empty where kernel and twin agree. */
export interface Verdict {
  readonly id: string;
  readonly kernel: TruthProbe;
  readonly trace: Trace | null;
  /** What the twin threw, where it did. */
  readonly thrown: string | null;
  readonly differences: readonly Difference[];
  /** What differed when the kernel was asked for the first time, and never again. */
  readonly once?: readonly Difference[];
  /** Both walks, where they differ and somebody may want to read them. */
  readonly sections?: readonly Section[];
}

/** Whether the twin says that it does not know: then there is nothing to compare. */
export function isUnknown({ trace }: Verdict): boolean {
  return trace?.outcome === 'unknown';
}

export function agreesIn(verdict: Verdict, tier: Tier): boolean {
  return verdict.thrown === null && verdict.differences.every((difference) => difference.tier !== tier);
}

/** The share of agreement in each tier, a line each. */
export function agreementTable(verdicts: readonly Verdict[], tiers: readonly Tier[]): string {
  const lines = tiers.map((tier) => line(tier, verdicts.filter((verdict) => agreesIn(verdict, tier)).length, verdicts.length));
  const all = verdicts.filter((verdict) => verdict.thrown === null && verdict.differences.length === 0).length;
  const thrown = verdicts.filter((verdict) => verdict.thrown !== null).length;
  const unknown = verdicts.filter((verdict) => verdict.trace?.outcome === 'unknown').length;
  return [...lines, line('everything', all, verdicts.length), `threw ${thrown}, unknown ${unknown}`].join('\n');
}

function line(name: string, agreeing: number, of: number): string {
  return `${name.padEnd(16)}${String(agreeing).padStart(4)} of ${of}${of === 0 ? '' : `  ${((100 * agreeing) / of).toFixed(1)} %`}`;
}

/** The first `limit` probes that differ, with the first difference of each. */
export function firstDifferences(verdicts: readonly Verdict[], limit: number): string {
  const failing = verdicts.filter((verdict) => verdict.thrown !== null || verdict.differences.length > 0);
  const shown = failing.slice(0, limit).map((verdict) => {
    const { probe } = verdict.kernel;
    const { id: _, ...sent } = probe;
    const head = `${verdict.id}  ${JSON.stringify(sent).replaceAll('"', '')}`;
    if (verdict.thrown !== null) return `${head}\n  threw: ${verdict.thrown}`;
    const tiers = verdict.differences.map(({ tier }) => tier).join(' ');
    return `${head}\n  differs in: ${tiers}\n${verdict.differences.slice(0, 1).map(sideBySide).join('\n')}`;
  });
  const rest = failing.length - shown.length;
  const more =
    rest > 0
      ? [
          `… and ${rest} more: ${failing
            .slice(limit, limit + 40)
            .map(({ id }) => id)
            .join(' ')}`,
        ]
      : [];
  return [...shown, ...more].join('\n');
}

function sideBySide({ tier, where, kernel, twin }: Difference): string {
  return `  ${tier}${where === '' ? '' : ` (${where})`}\n    kernel ${kernel}\n    twin   ${twin}`;
}

/** Everything about one probe: all differences, and the twin's steps in order. */
export function wholeStory(verdict: Verdict): string {
  const { trace, kernel } = verdict;
  const lines = [verdict.id, JSON.stringify(kernel.probe), ...verdict.differences.map(sideBySide)];
  lines.push(`kernel: ${kernel.outcome}; drops ${kernel.drops.join(', ') || 'none'}`);
  if (verdict.thrown !== null) lines.push(`threw: ${verdict.thrown}`);
  if (trace !== null) {
    lines.push(`twin: ${trace.outcome} ${trace.reason ?? ''} ${trace.text}`);
    for (const leg of trace.legs) {
      lines.push(
        `  leg ${leg.kind}: ${leg.hops.map((hop) => [hop.at, hop.in ?? '·', ...(hop.through ?? []), hop.out ?? '·'].join(' ')).join(' | ')}`,
      );
    }
    for (const { at, step } of stepsInOrder(trace))
      lines.push(`  ${String(step.seq).padStart(4)} ${at} ${step.stage} ${step.verb} ${step.text}`);
  }
  return lines.join('\n');
}
