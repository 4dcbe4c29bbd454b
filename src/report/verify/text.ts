import { type Verdict, isUnknown } from '../../snapshot/kernel/agreement.ts';
import { type PlaceNames, withPlaceNames } from '../../scenario/places.ts';
import { TIER_GROUPS } from '../../snapshot/kernel/compare.ts';
import { factsOf } from '../../snapshot/kernel/facts.ts';
import type { Section } from '../../snapshot/kernel/sections.ts';
import type { World } from '../../world/world.ts';
import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';

/** Names that a line has room for. */
const MAX_LISTED = 20;

/** How many of a group's probes agree. */
export interface GroupAgreement {
  readonly name: string;
  readonly agreeing: number;
  readonly of: number;
}

/** Agreement by group of tiers; what the twin does not know counts on neither side. */
export class Agreement {
  readonly #agreeing = new Map<string, number>();
  compared = 0;
  unknown = 0;
  /** How many of what is not compared is UNKNOWN for each reason. */
  readonly reasons: Map<string, number> = new Map();
  differing = 0;
  /** Probes that agree, and differed when the kernel was first asked. */
  readonly once: string[] = [];
  /** How many of the probes that agree have met each fact of `snapshot/kernel/facts`. */
  readonly met: Map<string, number> = new Map();

  /** @param world what the probe was sent through: what it met there is counted */
  add(verdict: Verdict, world: World): void {
    if (verdict.once !== undefined && verdict.once.length > 0) this.once.push(verdict.id);
    if (isUnknown(verdict)) {
      this.unknown++;
      count(this.reasons, verdict.trace?.reason ?? 'UNKNOWN');
      return;
    }
    this.compared++;
    if (verdict.differences.length > 0) this.differing++;
    else if (verdict.trace !== null) for (const fact of factsOf(verdict.trace, world)) count(this.met, fact);
    for (const { name, tiers } of TIER_GROUPS) {
      if (verdict.differences.every(({ tier }) => !tiers.includes(tier))) count(this.#agreeing, name);
    }
  }

  groups(): GroupAgreement[] {
    return TIER_GROUPS.map(({ name }) => ({ name, agreeing: this.#agreeing.get(name) ?? 0, of: this.compared }));
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** A line for each group, and one for what could not be compared. */
export function agreementText(agreement: Agreement, paint: Paint): string {
  const lines = agreement.groups().map(({ name, agreeing, of }) => {
    const text = `${name.padEnd(22)}${String(agreeing).padStart(7)} of ${of} agree`;
    return agreeing === of ? text : paint.red(text);
  });
  if (agreement.unknown > 0) {
    const reasons = [...agreement.reasons].sort(([, a], [, b]) => b - a).map(([reason, probes]) => `${probes} ${reason}`);
    lines.push(
      paint.yellow(`${'not compared'.padEnd(22)}${String(agreement.unknown).padStart(7)}, UNKNOWN to the twin: ${listed(reasons, ', ')}`),
    );
  }
  if (agreement.once.length > 0)
    lines.push(
      paint.yellow(`${'agree when asked again'.padEnd(22)}${String(agreement.once.length).padStart(7)}: ${listed(agreement.once)}`),
    );
  return lines.map((line) => `${line}\n`).join('');
}

/** The first names of a list. */
export function listed(names: readonly string[], between: string = ' '): string {
  return printable(`${names.slice(0, MAX_LISTED).join(between)}${names.length > MAX_LISTED ? ' …' : ''}`);
}

/** What a probe line says of a probe, on one line. */
function probeText(verdict: Verdict): string {
  const { probe } = verdict.trace ?? { probe: null };
  if (probe === null) return verdict.id;
  const port = probe.dport === undefined ? '' : `:${probe.dport}`;
  return printable(
    `${verdict.id}: ${probe.from} -> ${probe.dst}${port} ${probe.proto}, ${probe.proto === 'icmp' ? 'identifier' : 'source port'} ${probe.sport ?? '-'}`,
  );
}

/** Both walks of a probe up to the point where they part. */
export function partingText(verdict: Verdict, paint: Paint, places: PlaceNames = new Map()): string {
  const tiers = verdict.differences.map(({ tier }) => tier).join(', ');
  const lines = [paint.bold(probeText(verdict)), paint.dim(`differs in ${tiers}`)];
  for (const section of verdict.sections ?? []) lines.push(...sectionLines(section, paint));
  for (const { tier, where, kernel, twin } of verdict.differences.filter((one) => one.tier === 'routes'))
    lines.push(`${tier} of ${where}`, ...parted(kernel, twin, paint));
  if (verdict.kernel.drops.length > 0) lines.push(paint.dim(`the kernel's drops: ${verdict.kernel.drops.join(', ')}`));
  if (verdict.trace !== null) lines.push(paint.dim(printable(`the twin: ${verdict.trace.text}`)));
  return lines.map((line) => `${withPlaceNames(line, places)}\n`).join('');
}

const NOTHING = '(nothing)';

function sectionLines({ name, kernel, twin }: Section, paint: Paint): string[] {
  const at = kernel.findIndex((line, index) => line !== twin[index]);
  const parts = at >= 0 ? at : kernel.length === twin.length ? -1 : kernel.length;
  const same = (parts < 0 ? kernel : kernel.slice(0, parts)).map((line) => `  both    ${printable(line)}`);
  if (parts < 0) return [name, ...same];
  return [paint.bold(name), ...same, ...parted(kernel[parts] ?? NOTHING, twin[parts] ?? NOTHING, paint)];
}

function parted(kernel: string, twin: string, paint: Paint): string[] {
  return [paint.yellow(`  kernel  ${printable(kernel)}`), paint.cyan(`  twin    ${printable(twin)}`)];
}
