import { type Detail, shows } from '../../report/trace/detail.ts';
import type { ArpHeader, Header, Hop, Leg, LegKind, Step, Trace } from '../../trace/trace.ts';

/** One step of a walk with all that surrounds it. */
export interface Moved {
  readonly leg: Leg;
  readonly hop: Hop;
  /** From 1, within its leg. */
  readonly hopNumber: number;
  readonly step: Step;
  /** The packet after the step; null where the trace does not say. */
  readonly packet: Header | ArpHeader | null;
  /** The packet before it. */
  readonly previous: Header | ArpHeader | null;
}

/** A line of the time line. Only steps can be stood on. */
export type Row =
  | { readonly kind: 'leg'; readonly leg: LegKind; readonly fragments: number }
  | { readonly kind: 'hop'; readonly hop: Hop; readonly number: number }
  | { readonly kind: 'step'; readonly index: number };

/** A walk laid out in one line: request, reply, errors. */
export interface Timeline {
  readonly steps: readonly Moved[];
  readonly rows: readonly Row[];
  /** The row of each step. */
  readonly rowOf: readonly number[];
  /** Where the walk was decided: the drop, the reject, what is unknown; else the last step. */
  readonly deciding: number;
}

/**
 * Lays a trace out. `detail` leaves steps out as the reports do.
 * @param filter only steps that hold this text; empty: all
 */
export function timelineOf(trace: Trace, detail: Detail, filter: string): Timeline {
  const wanted = filter.toLowerCase();
  const steps: Moved[] = [];
  const rows: Row[] = [];
  const rowOf: number[] = [];
  for (const leg of trace.legs) {
    /** Headings of steps that have not come yet. */
    let headings: Row[] = [{ kind: 'leg', leg: leg.kind, fragments: leg.fragments ?? 1 }];
    for (const [index, hop] of leg.hops.entries()) {
      headings = [...headings.filter(({ kind }) => kind === 'leg'), { kind: 'hop', hop, number: index + 1 }];
      const shown = packetsOf(leg, hop, index + 1).filter((moved) => shows(detail, moved.step) && holds(moved, wanted));
      // Without a filter the whole way is there, with one only the places where something was found.
      if (shown.length > 0 || wanted === '') {
        rows.push(...headings);
        headings = [];
      }
      for (const moved of shown) {
        rowOf.push(rows.length);
        rows.push({ kind: 'step', index: steps.length });
        steps.push(moved);
      }
    }
  }
  return { steps, rows, rowOf, deciding: decidingStep(trace, steps) };
}

function holds({ hop, step }: Moved, wanted: string): boolean {
  if (wanted === '') return true;
  const { stage, verb, text, rule, azureRule, route, reason = '' } = step;
  const decided = [rule?.chain, rule?.text, rule?.origin, azureRule?.rule, azureRule?.nsg, route?.dst, route?.origin];
  return [hop.at, stage, verb, text, reason, ...decided].join(' ').toLowerCase().includes(wanted);
}

function decidingStep({ reason }: Trace, steps: readonly Moved[]): number {
  const named = steps.findLastIndex(({ step }) => reason !== null && step.reason === reason);
  if (named >= 0) return named;
  const ended = steps.findLastIndex(({ step: { verb } }) => verb === 'DROPPED' || verb === 'REJECTED' || verb === 'UNKNOWN');
  return ended >= 0 ? ended : Math.max(0, steps.length - 1);
}

/** The packet around each step of a hop: what came in, changed step by step. */
function packetsOf(leg: Leg, hop: Hop, hopNumber: number): Moved[] {
  let packet: Header | ArpHeader | null = hop.rx ?? before(hop);
  return hop.steps.map((step) => {
    const previous = packet;
    if (packet !== null && !('op' in packet) && step.after !== undefined) packet = { ...packet, ...step.after };
    return { leg, hop, hopNumber, step, packet, previous };
  });
}

/** The packet as a hop began with it where nothing came in: what went out, with the changes taken back. */
function before({ tx, steps }: Hop): Header | ArpHeader | null {
  if (tx === undefined || 'op' in tx) return tx ?? null;
  return steps.toReversed().reduce<Header>((packet, step) => ({ ...packet, ...step.before }), tx);
}
