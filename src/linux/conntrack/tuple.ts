import { ICMP, TCP, UDP, SCTP } from '../../wire/proto.ts';
import type { Quoted, Skb } from '../skb.ts';

/**
 * The part of a tuple behind the addresses. TCP and UDP have two ports; for ICMP the identifier stands in `sport` and the type in
 * `dport`, so that an echo request and the reply to another one never look alike.
 * @source net/netfilter/nf_conntrack_core.c nf_ct_get_tuple
 */
export function tupleSport(skb: Skb | Quoted): number {
  return hasPorts(skb.proto) || skb.proto === ICMP ? skb.sport : 0;
}

export function tupleDport(skb: Skb | Quoted): number {
  if (skb.proto === ICMP) return skb.icmpType;
  return hasPorts(skb.proto) ? skb.dport : 0;
}

export function hasPorts(proto: number): boolean {
  return proto === TCP || proto === UDP || proto === SCTP || proto === 33 || proto === 136;
}

/** The ICMP type that answers a query, -1 for a type that is none. @source nf_conntrack_proto_icmp.c invmap */
export function answerType(icmpType: number): number {
  switch (icmpType) {
    case 8:
      return 0;
    case 0:
      return 8;
    case 13:
      return 14;
    case 14:
      return 13;
    case 15:
      return 16;
    case 16:
      return 15;
    case 17:
      return 18;
    case 18:
      return 17;
    default:
      return -1;
  }
}

/** Types that may open a connection. @source nf_conntrack_proto_icmp.c valid_new */
export function isIcmpQuery(icmpType: number): boolean {
  return icmpType === 8 || icmpType === 13 || icmpType === 15 || icmpType === 17;
}
