import type { Ipv4 } from '../../wire/ipv4.ts';
import { ICMP, TCP } from '../../wire/proto.ts';
import { CtEntry, IPS_ASSURED, IPS_DST_NAT, IPS_DST_NAT_DONE, IPS_SEEN_REPLY, IPS_SRC_NAT, IPS_SRC_NAT_DONE } from './entry.ts';
import { TCP_STATE_NAMES } from './tcp.ts';
import { answerType } from './tuple.ts';

/** One direction of a connection. For ICMP echo both ports are the identifier. */
export interface CtTuple {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly sport: number;
  readonly dport: number;
}

/** A conntrack entry as plain data, as `conntrack -L` prints it: what a session starts from and what it can be asked for. */
export interface CtRecord {
  readonly proto: number;
  readonly orig: CtTuple;
  /** The tuple that a reply has; where it is not the mirror of `orig`, NAT is the difference. */
  readonly reply: CtTuple;
  readonly icmpType: number | null;
  readonly seenReply: boolean;
  readonly assured: boolean;
  /** `ESTABLISHED`, `SYN_SENT` …; null for other protocols. */
  readonly tcpState: string | null;
  readonly mark: number;
  /** Seconds until it expires, where the listing says. */
  readonly timeoutSeconds: number | null;
}

const ECHO_REQUEST = 8;
/** How long the kernel remembers an established connection unless told otherwise. */
const LONG_SECONDS = 432_000;

/** The entry that a listing describes. When it began, and where a MASQUERADE bound it to, is in no listing. */
export function entryOf(record: CtRecord, nowMs: number): CtEntry {
  const { proto, orig, reply } = record;
  const icmpType = record.icmpType ?? ECHO_REQUEST;
  const isIcmp = proto === ICMP;
  const entry = new CtEntry(proto, orig.src, orig.dst, orig.sport, isIcmp ? icmpType : orig.dport);
  entry.replySrc = reply.src;
  entry.replyDst = reply.dst;
  entry.replySport = reply.sport;
  entry.replyDport = isIcmp ? answerType(icmpType) : reply.dport;
  entry.icmpType = isIcmp ? icmpType : 0;
  // A connection that is in the table has been through NAT, even where that changed nothing.
  entry.status = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
  if (record.seenReply) entry.status |= IPS_SEEN_REPLY;
  if (record.assured) entry.status |= IPS_ASSURED;
  if (reply.dst !== orig.src || reply.dport !== orig.sport) {
    entry.status |= IPS_SRC_NAT;
    entry.masqIfindex = null;
  }
  // The identifier of an echo belongs to the sender, so only the address tells the destination's translation.
  if (reply.src !== orig.dst || (!isIcmp && reply.sport !== orig.dport)) entry.status |= IPS_DST_NAT;
  entry.mark = record.mark | 0;
  entry.tcpState = proto === TCP ? Math.max(TCP_STATE_NAMES.indexOf(record.tcpState ?? 'ESTABLISHED'), 0) : 0;
  entry.expiresAtMs = nowMs + (record.timeoutSeconds ?? LONG_SECONDS) * 1000;
  return entry;
}

/** An entry as a listing describes it. */
export function recordOf(entry: CtEntry, nowMs: number): CtRecord {
  const isIcmp = entry.proto === ICMP;
  const { origSport, replySport } = entry;
  return {
    proto: entry.proto,
    orig: { src: entry.origSrc, dst: entry.origDst, sport: origSport, dport: isIcmp ? origSport : entry.origDport },
    reply: { src: entry.replySrc, dst: entry.replyDst, sport: replySport, dport: isIcmp ? replySport : entry.replyDport },
    icmpType: isIcmp ? entry.icmpType : null,
    seenReply: (entry.status & IPS_SEEN_REPLY) !== 0,
    assured: (entry.status & IPS_ASSURED) !== 0,
    tcpState: entry.proto === TCP ? (TCP_STATE_NAMES[entry.tcpState] ?? null) : null,
    mark: entry.mark >>> 0,
    timeoutSeconds: Math.max(0, Math.floor((entry.expiresAtMs - nowMs) / 1000)),
  };
}
