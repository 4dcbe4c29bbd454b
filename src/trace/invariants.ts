import { InvariantError } from '../wire/invariant.ts';
import { type Header, type ArpHeader, type Hop, LEG_KINDS, type Leg, OUTCOMES, type Step, type Trace, VERBS } from './trace.ts';

const CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * What every trace must hold whatever happened to the packet. A violation is a bug of the engine, never of its input.
 * A trace without legs is one that nobody wrote down: only its verdict is looked at.
 * @returns one sentence for each violation; none for a sound trace.
 */
export function violations(trace: Trace): string[] {
  const found: string[] = [];
  verdict(trace, found);
  if (trace.legs.length > 0 && trace.legs.filter((leg) => leg.kind === 'request').length !== 1)
    found.push('a trace has exactly one request leg');
  const seen = new Set<number>();
  for (const leg of trace.legs) legHolds(leg, trace, seen, found);
  const { branch } = trace;
  if (branch !== undefined) {
    if (branch.index < 0 || branch.index >= branch.of) found.push(`branch ${branch.index} is not one of ${branch.of}`);
    if (!(branch.odds > 0 && branch.odds <= 1)) found.push(`odds ${branch.odds} are not above 0 and at most 1`);
    for (const { at, picked, of } of branch.choices)
      if (picked < 0 || picked >= of) found.push(`the choice at ${at} took ${picked} of ${of}`);
  }
  return found;
}

/** Gives the trace back. @throws InvariantError when it is not sound (a bug). */
export function soundTrace(trace: Trace): Trace {
  const found = violations(trace);
  if (found.length > 0) throw new InvariantError(`unsound trace of ${trace.probe.from} -> ${trace.probe.dst}: ${found.join('; ')}`);
  return trace;
}

function verdict(trace: Trace, found: string[]): void {
  const { outcome, reason } = trace;
  if (!OUTCOMES.includes(outcome)) found.push(`no such outcome: ${outcome}`);
  if (trace.text === '') found.push('a trace says in one sentence what decided');
  if (reason !== null && !CODE.test(reason)) found.push(`reason ${reason} is not an upper-case code`);
  switch (outcome) {
    case 'replied':
      if (trace.reply === null) found.push('a replied trace has a reply');
      break;
    case 'delivered':
      if (trace.delivered === null) found.push('a delivered trace says where');
      break;
    case 'send-error':
      if (trace.errno === null) found.push('a send error has an errno');
      break;
    case 'icmp-error':
      if (trace.icmpErrors.length === 0) found.push('an icmp-error trace holds the error');
      break;
    case 'dropped':
    case 'unknown':
    case 'loop':
      if (reason === null) found.push(`a trace that ended as ${outcome} has a reason`);
      break;
    case 'reset':
    case 'exits':
      break;
  }
  if (trace.probe.proto === 'tcp' && outcome === 'replied' && trace.delivered === null) found.push('TCP replied and nobody took the SYN');
  if (trace.icmpErrors.some(({ type }) => type === 5)) found.push('a redirect is no ICMP error');
  if (trace.probe.proto === 'icmp' && trace.reply?.from.includes(':') === true) found.push('ICMP has no ports');
}

function legHolds(leg: Leg, trace: Trace, seen: Set<number>, found: string[], isCopy = false): void {
  if (!LEG_KINDS.includes(leg.kind)) found.push(`no such leg: ${leg.kind}`);
  if (leg.kind === 'ack' && trace.probe.proto !== 'tcp') found.push('only a TCP handshake has an ack');
  if (leg.fragments !== undefined && leg.fragments < 2) found.push('a leg in fragments has at least two');
  let previous: Hop | null = null;
  for (const hop of leg.hops) {
    hopHolds(hop, found);
    for (const step of hop.steps) stepHolds(step, seen, found);
    if (hop.in === undefined && hop.out === undefined) continue;
    if (previous !== null && wired(previous, hop) && !sameEnds(previous.tx, hop.rx) && !translatedByBridge(hop, isCopy)) {
      found.push(`the packet changed on the wire from ${previous.at} to ${hop.at}`);
    }
    previous = hop;
  }
  for (const copy of leg.copies ?? []) legHolds(copy, trace, seen, found, true);
}

function hopHolds(hop: Hop, found: string[]): void {
  const slash = hop.at.indexOf('/');
  if (slash < 1 || slash === hop.at.length - 1) found.push(`a hop is at MACHINE/NETNS, not at ${hop.at}`);
  if (hop.rx !== undefined && hop.in === undefined) found.push(`${hop.at} received by no device`);
  if (hop.tx !== undefined && hop.out === undefined) found.push(`${hop.at} sent by no device`);
}

function stepHolds(step: Step, seen: Set<number>, found: string[]): void {
  const { seq, reason } = step;
  if (!Number.isInteger(seq) || seq < 1) found.push(`sequence number ${seq}`);
  if (seen.has(seq)) found.push(`sequence number ${seq} twice`);
  seen.add(seq);
  if (!VERBS.includes(step.verb)) found.push(`no such verb: ${step.verb}`);
  if (step.stage === '') found.push(`step ${seq} is at no stage`);
  if (reason !== undefined && !CODE.test(reason)) found.push(`reason ${reason} is not an upper-case code`);
  const deciders = Number(step.rule !== undefined) + Number(step.policy !== undefined) + Number(step.azureRule !== undefined);
  if (deciders > 1) found.push(`step ${seq} was decided twice`);
  if (step.rule !== undefined && step.rule.index < 1) found.push(`rules count from 1, not ${step.rule.index}`);
}

/**
 * Two hops that one wire joins: what one sent is what the other received. The fabric between two machines is a hop of its own. A bridge
 * with br_netfilter may have translated the frame before it shows.
 */
function wired(from: Hop, to: Hop): boolean {
  return to.through === undefined && !from.at.startsWith('fabric/') && !to.at.startsWith('fabric/');
}

/**
 * A bridge device that takes a frame up has it as br_netfilter left it: translated before the bridge received it. The step that says so
 * may stand with the leg from which a copy was made.
 */
function translatedByBridge(hop: Hop, isCopy: boolean): boolean {
  if (hop.through === undefined) return false;
  return isCopy || hop.steps.some(({ stage, verb }) => verb === 'REWRITTEN' && stage.endsWith(':PREROUTING'));
}

function sameEnds(tx: Header | ArpHeader | undefined, rx: Header | ArpHeader | undefined): boolean {
  return tx === undefined || rx === undefined || (tx.src === rx.src && tx.dst === rx.dst && tx.proto === rx.proto);
}
