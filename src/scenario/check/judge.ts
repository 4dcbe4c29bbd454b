import type { Hop, Leg, LegKind, Step, Trace } from '../../trace/trace.ts';

/** A step and where it happened. */
export interface StepAt {
  readonly at: string;
  readonly leg: LegKind;
  readonly step: Step;
}

/** An expectation that did not hold: both sides in words, and the step that made it so. */
export interface Mismatch {
  readonly field: string;
  readonly expected: string;
  readonly happened: string;
  readonly deciding: StepAt | null;
}

/** What names in a scenario stand for in the world that was walked. */
export interface Names {
  /** The addresses of an endpoint such as `pod/default/web` or `node/n0`; an address stands for itself; `null` for an unknown name. */
  addresses(endpoint: string): readonly string[] | null;
  /** `MACHINE/NETNS` of an endpoint, or the text itself where it already is a place. */
  place(text: string): string;
  /** Whether packets could pass a place that a pattern names, now or before an earlier step. */
  hasPlace(pattern: string): boolean;
  /** Whether there is, or was before an earlier step, a rule, chain or author that a pattern names. */
  hasRule(pattern: string): boolean;
}

/** Says whether one expectation holds for one walk; `null` when it does. */
export type Judge<Value> = (value: Value, trace: Trace, names: Names) => Mismatch | null;

/** The request's leg. */
export function requestLeg(trace: Trace): Leg | null {
  return trace.legs.find((leg) => leg.kind === 'request') ?? null;
}

/** The leg that came back to the sender: a reply or a reset. */
export function replyLeg(trace: Trace): Leg | null {
  return trace.legs.find((leg) => leg.kind === 'reply' || leg.kind === 'reset') ?? null;
}

/** Every step of a trace, copies left out, in the kernel's time order. */
export function stepsOf(trace: Trace): StepAt[] {
  const steps = trace.legs.flatMap((leg) => leg.hops.flatMap((hop) => hop.steps.map((step) => ({ at: hop.at, leg: leg.kind, step }))));
  return steps.sort((a, b) => a.step.seq - b.step.seq);
}

/** The hops that a reader of paths counts. */
export function pathOf(leg: Leg | null): Hop[] {
  return (leg?.hops ?? []).filter((hop) => hop.in !== undefined || hop.out !== undefined);
}

/** The last step that `matches`; `null` when none does. */
export function lastStep(trace: Trace, matches: (step: StepAt) => boolean): StepAt | null {
  return stepsOf(trace).findLast(matches) ?? null;
}

/** The step that ended the walk: the last one that dropped, rejected or could not be decided, else the last that delivered. */
export function decidingStep(trace: Trace): StepAt | null {
  const ended = lastStep(trace, ({ step }) => step.verb === 'DROPPED' || step.verb === 'REJECTED' || step.verb === 'UNKNOWN');
  return ended ?? lastStep(trace, ({ step }) => step.verb === 'DELIVERED' || step.verb === 'ANSWERED') ?? lastStep(trace, () => true);
}

/** `DROPPED SKB_REASON at node0/root: sentence`: what a walk came to, for a failed expectation. */
export function cameTo(trace: Trace): string {
  const code = trace.reason ?? trace.errno;
  return `${trace.outcome}${code === null ? '' : ` (${code})`}: ${trace.text}`;
}
