import type { Ipv4 } from '../../wire/ipv4.ts';

/** @source include/uapi/linux/netfilter/nf_conntrack_common.h enum ip_conntrack_status */
export const IPS_EXPECTED = 1;
export const IPS_SEEN_REPLY = 2;
export const IPS_ASSURED = 4;
export const IPS_CONFIRMED = 8;
export const IPS_SRC_NAT = 16;
export const IPS_DST_NAT = 32;
export const IPS_SRC_NAT_DONE = 128;
export const IPS_DST_NAT_DONE = 256;
export const IPS_DYING = 512;

/** Which end of a packet NAT changes. @source enum nf_nat_manip_type */
export type Manip = 'src' | 'dst';

/**
 * One tracked connection: the tuple as the first packet had it, the tuple that a reply will have (NAT shows as the difference), and
 * what the kernel remembers beside them. For ICMP echo, ports are the identifier on both sides.
 */
export class CtEntry {
  proto: number;
  origSrc: Ipv4;
  origDst: Ipv4;
  origSport: number;
  origDport: number;
  replySrc: Ipv4;
  replyDst: Ipv4;
  replySport: number;
  replyDport: number;
  icmpType = 0;
  status = 0;
  mark = 0;
  tcpState = 0;
  /** Up to where the SYN-ACK that was followed has counted; null where none was seen. @source nf_conntrack_proto_tcp.c ip_ct_tcp_state.td_end */
  answeredTo: number | null = null;
  /**
   * The last segment: SYN, ACK and RST of its flags, which no listing tells (null), its direction, and up to where it has counted.
   * @source struct ip_ct_tcp.last_index, last_dir, last_end
   */
  lastFlags: number | null = null;
  lastIsReply = false;
  lastEnd = 0;
  /** Clock value at which the entry expires. */
  expiresAtMs = 0;
  /** UDP: from then on the flow counts as a stream; null where only a listing told of it. */
  streamAtMs: number | null = null;
  /** It lost its original tuple to another connection: replies alone find it, for a second. @source IPS_NAT_CLASH */
  isReplyOnly = false;
  /** ifindex of the device a MASQUERADE bound to; 0: to none; null where only a listing told of the connection. */
  masqIfindex: number | null = 0;
  /** The table's generation when the entry was made, when its original tuple was nobody else's. */
  bornAt = -1;
  /** The generation in which its reply tuple was last known to be nobody else's. */
  uniqueAt = -1;
  /** Creation order, for stable listing. */
  id = 0;
  /** Where the table keeps it. */
  place = 0;

  constructor(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number) {
    this.proto = proto;
    this.origSrc = src;
    this.origDst = dst;
    this.origSport = sport;
    this.origDport = dport;
    this.replySrc = dst;
    this.replyDst = src;
    this.replySport = dport;
    this.replyDport = sport;
  }
}
