import { icmpText } from '../linux/path/icmp.ts';
import type { Outcome } from '../trace/trace.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { protoName } from '../wire/proto.ts';
import type { Delivery, Drop, Observed } from './observed.ts';

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

/** The drop that decided: the request's own, else the last one of anything. */
function deciding(drops: readonly Drop[], ofRequest: boolean): Drop | null {
  const own = drops.filter((d) => d.leg === 'request' && !d.isCopy);
  if (ofRequest && own.length > 0) return own.at(-1) ?? null;
  const others = drops.filter((d) => !d.isCopy && (ofRequest || d.leg !== 'request'));
  return others.at(-1) ?? (ofRequest ? (drops.at(-1) ?? null) : null);
}

function dropText(drop: Drop): string {
  const what = drop.leg === null || drop.leg === 'request' ? '' : `${drop.leg} `;
  return `${what}dropped at ${drop.at}: ${drop.text}`;
}

/**
 * What became of a probe: the first outcome that holds, in the order of the trace contract.
 * @source contract of the trace, "Outcome"
 */
export function verdictOf(observed: Observed): Verdict {
  const { drops, delivered, reply, unknown } = observed;
  if (observed.sendError !== null) {
    const drop = deciding(drops, true);
    const text = drop === null ? observed.sendError.text : dropText(drop);
    return {
      outcome: 'send-error',
      reason: drop?.reason ?? observed.sendError.errno,
      text: `the send call fails with ${observed.sendError.errno}: ${text}`,
    };
  }
  if (observed.isReset) {
    const drop = deciding(drops, true);
    return {
      outcome: 'reset',
      reason: drop?.reason ?? 'TCP_RESET',
      text: drop === null ? 'a RST came back' : `a RST came back: ${drop.text}`,
    };
  }
  if (reply !== null) {
    const seen = delivered === null ? '' : `; ${delivered.at} saw ${endpointText(delivered, 'src')}`;
    return { outcome: 'replied', reason: null, text: `answered by ${endpointText(reply, 'src')}${seen}` };
  }
  const error = observed.icmpErrors[0];
  if (error !== undefined) {
    const drop = deciding(drops, true);
    const why = drop === null ? '' : `: ${drop.text}`;
    return {
      outcome: 'icmp-error',
      reason: drop?.reason ?? 'ICMP_ERROR',
      text: `${icmpText(error.type, error.code)} from ${formatIpv4(error.from)}${why}`,
    };
  }
  if (unknown !== null)
    return { outcome: 'unknown', reason: unknown.reason, text: unknown.at === '' ? unknown.text : `${unknown.at}: ${unknown.text}` };
  if (delivered !== null) {
    const drop = deciding(drops, false);
    const why = drop === null ? 'nothing came back' : dropText(drop);
    return {
      outcome: 'delivered',
      reason: null,
      text: `delivered to ${delivered.at} as ${endpointText(delivered, 'src')} -> ${endpointText(delivered, 'dst')}; ${why}`,
    };
  }
  if (observed.isLoop) return { outcome: 'loop', reason: 'LOOP', text: deciding(drops, true)?.text ?? 'the frame goes round and round' };
  const drop = deciding(drops, true);
  if (drop !== null) return { outcome: 'dropped', reason: drop.reason, text: dropText(drop) };
  if (observed.exit !== null) return { outcome: 'exits', reason: null, text: `leaves the model by ${observed.exit}` };
  return { outcome: 'dropped', reason: 'NOT_SPECIFIED', text: 'nobody took it' };
}
