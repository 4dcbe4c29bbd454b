import { icmpText } from '../linux/path/icmp-types.ts';
import type { Outcome } from '../trace/trace.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { protoName } from '../wire/proto.ts';
import type { Delivery, Drop, Observed } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import { routingLoop, routingLoopText } from './routing-loop.ts';

/** @source include/net/dropreason-core.h SKB_DROP_REASON_IP_INHDR, which ip_forward gives when the TTL ends */
const TTL_ENDS = 'IP_INHDR';

export interface Verdict {
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly text: string;
}

/** `10.0.0.1:80`, or the bare address for a protocol without ports. */
export function endpointText(d: Delivery, side: 'src' | 'dst'): string {
  const name = protoName(d.proto);
  const addr = formatIpv4(side === 'src' ? d.src : d.dst);
  return name === 'tcp' || name === 'udp' ? `${addr}:${side === 'src' ? d.sport : d.dport}` : addr;
}

/** What a lost fragment makes of the others, in the end. */
const REST_LOST = 'FRAG_REASM_TIMEOUT';

/** The drop that decided: the request's own, else the last one of anything. */
function deciding(drops: readonly Drop[], ofRequest: boolean): Drop | null {
  const own = drops.filter((d) => d.leg === 'request' && !d.isCopy);
  if (ofRequest && own.length > 0) return own.findLast(({ reason }) => reason !== REST_LOST) ?? own.at(-1) ?? null;
  const others = drops.filter((d) => !d.isCopy && (ofRequest || d.leg !== 'request'));
  return others.at(-1) ?? (ofRequest ? (drops.at(-1) ?? null) : null);
}

function dropText(observed: Observed, drop: Drop): string {
  const what = drop.leg === 'request' ? '' : `${drop.leg} `;
  const loop = drop.reason === TTL_ENDS ? routingLoop(observed, drop.skb) : null;
  return `${loop === null ? '' : `${routingLoopText(loop)}: `}${what}dropped at ${drop.at}: ${drop.text}`;
}

/** What became of a probe, and the one thing that decided. */
export function verdictOf(observed: Observed): Verdict {
  const outcome = outcomeOf(observed);
  return { outcome, ...explain(outcome, observed) };
}

function explain(outcome: Outcome, observed: Observed): Pick<Verdict, 'reason' | 'text'> {
  const { drops, delivered, reply, unknown, sendError } = observed;
  const drop = deciding(drops, outcome !== 'delivered');
  switch (outcome) {
    case 'send-error': {
      const errno = sendError?.errno ?? '';
      return {
        reason: drop?.reason ?? errno,
        text: `the send call fails with ${errno}: ${drop === null ? (sendError?.text ?? '') : dropText(observed, drop)}`,
      };
    }
    case 'reset':
      return {
        reason: drop?.reason ?? 'TCP_RESET',
        text: drop === null ? 'a RST came back' : `a RST came back: ${dropText(observed, drop)}`,
      };
    case 'replied': {
      const seen = delivered === null ? '' : `; ${delivered.at} saw ${endpointText(delivered, 'src')}`;
      return { reason: null, text: `answered by ${reply === null ? '' : endpointText(reply, 'src')}${seen}` };
    }
    case 'icmp-error': {
      const error = observed.icmpErrors[0];
      const what = error === undefined ? '' : `${icmpText(error.type, error.code)} from ${formatIpv4(error.from)}`;
      return { reason: drop?.reason ?? 'ICMP_ERROR', text: drop === null ? what : `${what}: ${dropText(observed, drop)}` };
    }
    case 'unknown':
      return {
        reason: unknown?.reason ?? 'UNKNOWN',
        text: unknown === null ? '' : `${unknown.at === '' ? '' : `${unknown.at}: `}${unknown.text}`,
      };
    case 'delivered': {
      const why = drop === null ? 'nothing came back' : dropText(observed, drop);
      const where = delivered === null ? '' : `${delivered.at} as ${endpointText(delivered, 'src')} -> ${endpointText(delivered, 'dst')}`;
      return { reason: null, text: `delivered to ${where}; ${why}` };
    }
    case 'loop': {
      const loop = drops.find(({ reason }) => reason === 'LOOP') ?? drop;
      return { reason: 'LOOP', text: loop === null ? 'a packet goes round and round' : `${loop.at}: ${loop.text}` };
    }
    case 'dropped':
      return drop === null ? { reason: 'NOT_SPECIFIED', text: 'nobody took it' } : { reason: drop.reason, text: dropText(observed, drop) };
    case 'exits':
      return { reason: null, text: `leaves the model by ${observed.exit ?? ''}` };
  }
}
