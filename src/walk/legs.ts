import { force, type FrameRecord, type HopRecord, type LegRecord, type Recorder } from '../trace/recorder.ts';
import type { FurtherFrame, FrameTime, Hop, Leg, Step } from '../trace/trace.ts';

/** Turns what was recorded into the legs of a trace. Steps are numbered again, so that what is not shown leaves no gap. */
export function legsOf(recorder: Recorder): Leg[] {
  const legs = recorder.legs.map((leg) => legOf(leg));
  const steps = legs.flatMap(stepsOf).sort((a, b) => a.seq - b.seq);
  for (const [i, step] of steps.entries()) step.seq = i + 1;
  return legs;
}

function stepsOf(leg: Leg): Step[] {
  return [...leg.hops.flatMap((hop) => hop.steps), ...(leg.copies ?? []).flatMap(stepsOf)];
}

/** What a packet saw before a copy was made of it is told once: a copy's own hops begin with what is its own. */
function copyOf(copy: LegRecord): Leg {
  return legOf(copy, copy.hops[0]?.shared ?? 0);
}

function legOf(leg: LegRecord, skip = 0): Leg {
  const main = mainOf(leg);
  const out: Leg = { kind: leg.kind, hops: [] };
  let copies: Leg[];
  if (main === leg) {
    out.hops = leg.hops.map((hop, i) => hopOf(hop, i === 0 ? skip : 0));
    copies = leg.copies.map(copyOf);
  } else {
    const chosen = legOf(main, main.forkedAt === 0 ? skip : 0);
    const before = leg.hops.slice(0, main.forkedAt);
    out.hops = [...before.map((hop, i) => hopOf(hop, i === 0 ? skip : 0)), ...chosen.hops];
    const rest: Leg = {
      kind: leg.kind,
      hops: leg.hops.slice(main.forkedAt).map((hop, i) => hopOf(hop, i === 0 ? (main.hops[0]?.shared ?? 0) : 0)),
    };
    copies = [rest, ...leg.copies.filter((copy) => copy !== main).map(copyOf), ...(chosen.copies ?? [])];
  }
  if (leg.fragments > 1) out.fragments = leg.fragments;
  if (copies.length > 0) out.copies = copies;
  return out;
}

/** The copy whose taker completed a handshake; else the one that a socket took first; else the one that came furthest, of those that were not for somebody else. */
function mainOf(leg: LegRecord): LegRecord {
  let main = leg;
  let best = reachOf(leg);
  // The last one to be sent is the packet itself, the others are its copies.
  for (const copy of leg.copies.toReversed()) {
    const reach = copy.loopedBack ? NOWHERE : furthest(copy);
    if (reach <= best) continue;
    main = copy;
    best = reach;
  }
  return main;
}

const NOWHERE = -1;
/** Whatever a bridge sends counts more than what it loses. */
const HAS_LEFT = 0.5;
const FOR_HOST = 1_000;
const DELIVERED = 1_000_000_000;

function furthest(leg: LegRecord): number {
  return Math.max(reachOf(leg), ...leg.copies.filter(({ loopedBack }) => !loopedBack).map(furthest));
}

/** How far a packet came itself. */
function reachOf(leg: LegRecord): number {
  if (leg.loopedBack) return NOWHERE;
  let hops = 0;
  for (let at: LegRecord | null = leg, end = leg.hops.length; at !== null; end = at.forkedAt, at = at.origin) {
    hops += at.hops.slice(0, end).filter((hop) => hop.in !== null || hop.out !== null).length;
  }
  if (leg.accepted) return DELIVERED;
  if (leg.delivered) return DELIVERED - (leg.hops.at(-1)?.steps.find(({ draft }) => draft.verb === 'DELIVERED')?.seq ?? 0);
  if (!leg.foreign) return hops + FOR_HOST;
  const last = leg.hops.findLast((hop) => hop.in !== null || hop.out !== null);
  return hops + ((last?.out ?? null) === null ? 0 : HAS_LEFT);
}

function timeOf({ frame, ms }: FrameRecord): FrameTime {
  return { frame, ms };
}

function frameOf(record: FrameRecord): FurtherFrame {
  return { ...timeOf(record), header: force(record.header) };
}

function hopOf(hop: HopRecord, skip: number): Hop {
  const out: Hop = { at: hop.at, steps: [] };
  if (hop.in !== null) out.in = hop.in;
  if (hop.out !== null) out.out = hop.out;
  if (hop.through.length > 0) out.through = [...hop.through];
  if (hop.rx !== null) {
    out.rx = force(hop.rx.header);
    out.rxAt = timeOf(hop.rx);
  }
  if (hop.tx !== null) {
    out.tx = force(hop.tx.header);
    out.txAt = timeOf(hop.tx);
  }
  if (hop.rxPort !== null) out.rxPort = frameOf(hop.rxPort);
  if (hop.rxFragments.length > 0) out.rxFragments = hop.rxFragments.map(frameOf);
  if (hop.txFragments.length > 0) out.txFragments = hop.txFragments.map(frameOf);
  out.steps = hop.steps.slice(skip).map(({ seq, draft }) => {
    const step: Step = { seq, stage: draft.stage, verb: draft.verb, text: force(draft.text) };
    if (draft.before !== undefined) step.before = force(draft.before);
    if (draft.after !== undefined) step.after = force(draft.after);
    if (draft.rule !== undefined) step.rule = force(draft.rule);
    if (draft.policy !== undefined) step.policy = draft.policy;
    if (draft.azureRule !== undefined) step.azureRule = force(draft.azureRule);
    if (draft.route !== undefined) step.route = force(draft.route);
    if (draft.neigh !== undefined) step.neigh = force(draft.neigh);
    if (draft.conntrack !== undefined) step.conntrack = force(draft.conntrack);
    if (draft.considered !== undefined) {
      const considered = force(draft.considered);
      if (considered.length > 0) step.considered = considered;
    }
    if (draft.reason !== undefined) step.reason = draft.reason;
    return step;
  });
  return out;
}
