import type { Hop, Leg, LegKind, Trace } from '../../trace/trace.ts';

/** One visit of a place by a packet, as a map marks it. */
export interface Visit {
  /** `2` on the request, `r2` on the reply, see {@link LETTERS}. */
  readonly label: string;
  readonly kind: LegKind;
  /** A further copy of a flooded or duplicated frame. */
  readonly isCopy: boolean;
  /** `MACHINE/NETNS`, or `fabric/…`. */
  readonly at: string;
  readonly hop: Hop;
  /** The span of its steps in time; a visit without any has that of the step before it. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** How the packet ended here; null where it went on, or is said to end elsewhere. */
  readonly end: 'dropped' | 'delivered' | 'unknown' | null;
  /** The visit before it on its leg; null for the first. */
  readonly from: Visit | null;
}

/** Tells the legs apart where there is no colour. */
const LETTERS: Readonly<Record<LegKind, string>> = {
  request: '',
  reply: 'r',
  ack: 'a',
  reset: 'x',
  'icmp-error': 'e',
  redirect: 'd',
  arp: 'q',
};

/** All visits of a trace, leg by leg in the order of the trace; hops of one kind of leg are counted through. */
export function visitsOf(trace: Trace): Visit[] {
  const visits: Visit[] = [];
  const counts = new Map<string, number>();
  for (const leg of trace.legs) addLeg(visits, counts, leg, false);
  return visits;
}

function addLeg(visits: Visit[], counts: Map<string, number>, leg: Leg, isCopy: boolean): void {
  const letter = isCopy ? 'c' : LETTERS[leg.kind];
  let from: Visit | null = null;
  for (const hop of leg.hops) {
    const number = (counts.get(letter) ?? 0) + 1;
    counts.set(letter, number);
    const before: number = from?.lastSeq ?? 0;
    const visit: Visit = {
      label: `${letter}${number}`,
      kind: leg.kind,
      isCopy,
      at: hop.at,
      hop,
      firstSeq: hop.steps[0]?.seq ?? before,
      lastSeq: hop.steps.at(-1)?.seq ?? before,
      end: endOf(hop),
      from,
    };
    visits.push(visit);
    from = visit;
  }
  for (const copy of leg.copies ?? []) addLeg(visits, counts, copy, true);
}

function endOf({ steps, tx }: Hop): Visit['end'] {
  const last = steps.findLast(({ verb }) => verb === 'DROPPED' || verb === 'REJECTED' || verb === 'UNKNOWN' || verb === 'DELIVERED');
  switch (last?.verb) {
    case 'DROPPED':
    case 'REJECTED':
      return 'dropped';
    case 'UNKNOWN':
      return 'unknown';
    case 'DELIVERED':
      return tx === undefined ? 'delivered' : null;
    default:
      return null;
  }
}

/** The visit that a step belongs to; null where there is no such step. */
export function visitOfStep(visits: readonly Visit[], seq: number | null): Visit | null {
  if (seq === null) return null;
  return visits.find(({ hop }) => hop.steps.some((step) => step.seq === seq)) ?? null;
}

/** Whether the packet has not been there yet when a step is taken. */
export function isAhead({ firstSeq, hop }: Visit, seq: number | null): boolean {
  return seq !== null && firstSeq > seq && hop.steps.length > 0;
}

/** The machine part of a place; the fabric is one place. */
export function machineOf(at: string): string {
  return at.startsWith('fabric/') ? 'fabric' : at.slice(0, at.indexOf('/'));
}
