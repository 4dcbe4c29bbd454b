import { InvariantError } from '../wire/invariant.ts';
import { type Header, type ArpHeader, type Hop, LEG_KINDS, type Leg, OUTCOMES, type Step, type Trace, VERBS } from './trace.ts';

const CODE = /^[A-Z][A-Z0-9_]*$/;
const PLACE = /^[^/]+\/.+$/s;

/**
 * What every trace must hold whatever happened to the packet. A violation is a bug of the engine, never of its input.
 * @returns one sentence for each violation; none for a sound trace.
 */
export function violations(trace: Trace): string[] {
  const found: string[] = [];
  const claim = (holds: boolean, sentence: string): void => {
    if (!holds) found.push(sentence);
  };
  verdict(trace, claim);
  claim(trace.legs.filter((leg) => leg.kind === 'request').length === 1, 'a trace has exactly one request leg');
  const seen = new Set<number>();
  for (const leg of trace.legs) legHolds(leg, trace, seen, claim);
  const { branch } = trace;
  if (branch !== undefined) {
    claim(branch.index >= 0 && branch.index < branch.of, `branch ${branch.index} is not one of ${branch.of}`);
    claim(branch.odds > 0 && branch.odds <= 1, `odds ${branch.odds} are not above 0 and at most 1`);
    for (const { at, picked, of } of branch.choices) claim(picked >= 0 && picked < of, `the choice at ${at} took ${picked} of ${of}`);
  }
  return found;
}

/** Gives the trace back. @throws InvariantError when it is not sound (a bug). */
export function soundTrace(trace: Trace): Trace {
  const found = violations(trace);
  if (found.length > 0) throw new InvariantError(`unsound trace of ${trace.probe.from} -> ${trace.probe.dst}: ${found.join('; ')}`);
  return trace;
}

type Claim = (holds: boolean, sentence: string) => void;

function verdict(trace: Trace, claim: Claim): void {
  const { outcome, reason } = trace;
  claim(OUTCOMES.includes(outcome), `no such outcome: ${outcome}`);
  claim(trace.text !== '', 'a trace says in one sentence what decided');
  claim(reason === null || CODE.test(reason), `reason ${reason} is not an upper-case code`);
  switch (outcome) {
    case 'replied':
      claim(trace.reply !== null, 'a replied trace has a reply');
      break;
    case 'delivered':
      claim(trace.delivered !== null, 'a delivered trace says where');
      break;
    case 'send-error':
      claim(trace.errno !== null, 'a send error has an errno');
      break;
    case 'icmp-error':
      claim(trace.icmpErrors.length > 0, 'an icmp-error trace holds the error');
      break;
    case 'dropped':
    case 'unknown':
    case 'loop':
      claim(reason !== null, `a trace that ended as ${outcome} has a reason`);
      break;
    case 'reset':
    case 'exits':
      break;
  }
  claim(trace.probe.proto !== 'tcp' || outcome !== 'replied' || trace.delivered !== null, 'TCP replied and nobody took the SYN');
  for (const { type } of trace.icmpErrors) claim(type !== 5, 'a redirect is no ICMP error');
  if (trace.probe.proto === 'icmp') claim(trace.reply === null || !trace.reply.from.includes(':'), 'ICMP has no ports');
}

function legHolds(leg: Leg, trace: Trace, seen: Set<number>, claim: Claim): void {
  claim(LEG_KINDS.includes(leg.kind), `no such leg: ${leg.kind}`);
  claim(leg.kind !== 'ack' || trace.probe.proto === 'tcp', 'only a TCP handshake has an ack');
  claim(leg.fragments === undefined || leg.fragments > 1, 'a leg in fragments has at least two');
  let previous: Hop | null = null;
  for (const hop of leg.hops) {
    hopHolds(hop, claim);
    for (const step of hop.steps) stepHolds(step, seen, claim);
    if (hop.in === undefined && hop.out === undefined) continue;
    if (previous !== null && wired(previous, hop) && !translatedByBridge(hop)) {
      claim(sameEnds(previous.tx, hop.rx), `the packet changed on the wire from ${previous.at} to ${hop.at}`);
    }
    previous = hop;
  }
  for (const copy of leg.copies ?? []) legHolds(copy, trace, seen, claim);
}

function hopHolds(hop: Hop, claim: Claim): void {
  claim(PLACE.test(hop.at), `a hop is at MACHINE/NETNS, not at ${hop.at}`);
  claim(hop.rx === undefined || hop.in !== undefined, `${hop.at} received by no device`);
  claim(hop.tx === undefined || hop.out !== undefined, `${hop.at} sent by no device`);
}

function stepHolds(step: Step, seen: Set<number>, claim: Claim): void {
  claim(Number.isInteger(step.seq) && step.seq > 0, `sequence number ${step.seq}`);
  claim(!seen.has(step.seq), `sequence number ${step.seq} twice`);
  seen.add(step.seq);
  claim(VERBS.includes(step.verb), `no such verb: ${step.verb}`);
  claim(step.stage !== '', `step ${step.seq} is at no stage`);
  claim(step.reason === undefined || CODE.test(step.reason), `reason ${step.reason} is not an upper-case code`);
  const deciders = [step.rule, step.policy, step.azureRule].filter((decider) => decider !== undefined).length;
  claim(deciders <= 1, `step ${step.seq} was decided twice`);
  if (step.rule !== undefined) claim(step.rule.index >= 1, `rules count from 1, not ${step.rule.index}`);
}

/** Two hops that one wire joins: what one sent is what the other received. The fabric between two machines is a hop of its own. */
function wired(from: Hop, to: Hop): boolean {
  return !from.at.startsWith('fabric/') && !to.at.startsWith('fabric/');
}

/** A bridge device that takes a frame up has it as br_netfilter left it: translated before the bridge received it. */
function translatedByBridge(hop: Hop): boolean {
  return hop.through !== undefined && hop.steps.some(({ stage, verb }) => verb === 'REWRITTEN' && stage.endsWith(':PREROUTING'));
}

function sameEnds(tx: Header | ArpHeader | undefined, rx: Header | ArpHeader | undefined): boolean {
  return tx === undefined || rx === undefined || (tx.src === rx.src && tx.dst === rx.dst && tx.proto === rx.proto);
}
