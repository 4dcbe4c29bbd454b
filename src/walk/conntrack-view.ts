import { type CtEntry, IPS_ASSURED, IPS_CONFIRMED, IPS_DST_NAT, IPS_DYING, IPS_SEEN_REPLY, IPS_SRC_NAT } from '../linux/conntrack/entry.ts';
import type { ConntrackEntry, Tuple } from '../trace/trace.ts';
import { formatIpv4, type Ipv4 } from '../wire/ipv4.ts';
import { ICMP, protoName } from '../wire/proto.ts';
import { hasPorts } from '../linux/conntrack/tuple.ts';

function tuple(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number): Tuple {
  const out: Tuple = { proto: protoName(proto), src: formatIpv4(src), dst: formatIpv4(dst) };
  if (hasPorts(proto)) {
    out.sport = sport;
    out.dport = dport;
  } else if (proto === ICMP) {
    out.sport = sport;
  }
  return out;
}

/** A connection as a trace shows it. */
export function entryView(ct: CtEntry): ConntrackEntry {
  const status: string[] = [];
  if ((ct.status & IPS_SEEN_REPLY) !== 0) status.push('seen-reply');
  if ((ct.status & IPS_SRC_NAT) !== 0) status.push('snat');
  if ((ct.status & IPS_DST_NAT) !== 0) status.push('dnat');
  if ((ct.status & IPS_ASSURED) !== 0) status.push('assured');
  const view: ConntrackEntry = {
    orig: tuple(ct.proto, ct.origSrc, ct.origDst, ct.origSport, ct.origDport),
    reply: tuple(ct.proto, ct.replySrc, ct.replyDst, ct.replySport, ct.replyDport),
    status,
  };
  if (ct.mark !== 0) view.mark = ct.mark >>> 0;
  return view;
}

/** The connections that a walk met and that are still in the tables, by namespace, oldest first. */
export function conntrackView(tracked: ReadonlyMap<string, ReadonlySet<CtEntry>> | null): Record<string, ConntrackEntry[]> {
  const out: Record<string, ConntrackEntry[]> = {};
  for (const [at, entries] of [...(tracked ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const live = [...entries].filter((ct) => (ct.status & (IPS_CONFIRMED | IPS_DYING)) === IPS_CONFIRMED).sort((a, b) => a.id - b.id);
    if (live.length > 0) out[at] = live.map(entryView);
  }
  return out;
}
