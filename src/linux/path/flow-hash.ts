import { formatIpv4 } from '../../wire/ipv4.ts';
import { protoName, TCP, UDP } from '../../wire/proto.ts';
import type { FlowHash, Skb } from '../skb.ts';

/**
 * The number by which a tunnel tells flows apart. The kernel's own comes from a boot-time secret; any will do. Both directions of a flow
 * have one, and fragments, ICMP and ARP are told apart by addresses and protocol alone; a TCP socket brings a number of its own. Once
 * asked for it stays with the packet, whatever NAT makes of it.
 * @source net/core/flow_dissector.c flow_keys_dissector_keys, __flow_hash_consistentify; include/linux/skbuff.h skb_get_hash
 */
export function flowHash(skb: Skb): FlowHash {
  return (skb.flowHash ??= flowHashOf(skb));
}

/** What has one hash, in words. */
export interface Flow {
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

export function flowName({ proto, src, dst, sport, dport }: Flow): string {
  if (proto === 'arp') return proto;
  const ends = proto === 'icmp' ? [src, dst] : [`${src}:${sport}`, `${dst}:${dport}`];
  return [proto, ...(proto === 'tcp' ? ends : ends.sort())].join(' ');
}

/** The flow of a packet. */
export function flowOf({ arp, proto, src, sport, dst, dport, fragOffsetBytes, moreFragments }: Skb): Flow {
  const isWhole = fragOffsetBytes === 0 && !moreFragments;
  const ends = { src: formatIpv4(src), dst: formatIpv4(dst), sport: isWhole ? sport : 0, dport: isWhole ? dport : 0 };
  return { proto: arp === null ? protoName(proto) : 'arp', ...ends };
}

/** What of it crosses the wall of a tunnel. @source include/linux/skbuff.h skb_clear_hash_if_not_l4 */
export function lastingHash({ flowHash: known }: Skb): FlowHash | null {
  return known?.ofPorts === true ? known : null;
}

/** Of ARP the dissector takes no addresses. */
const HASH_OF_ARP: FlowHash = { value: 0x9e3779b1, ofPorts: false };

/** @param again how often the number of its TCP socket was drawn anew */
export function flowHashOf(skb: Skb, again = 0): FlowHash {
  if (skb.arp !== null) return HASH_OF_ARP;
  if (skb.proto !== TCP) return dissectedHash(skb);
  const h = again ^ addressesHash(skb) ^ Math.imul((skb.sport << 16) | skb.dport, 0x85ebca77) ^ Math.imul(skb.src, 0xc2b2ae3d);
  return { value: mixed(h), ofPorts: true };
}

/** That of a packet to which no socket gave a number. @source net/core/flow_dissector.c __skb_get_hash_net */
export function dissectedHash(skb: Skb): FlowHash {
  const isWhole = !skb.moreFragments && skb.fragOffsetBytes === 0;
  const ofPorts = isWhole && (skb.proto === TCP || skb.proto === UDP);
  const ports = ofPorts ? Math.imul(skb.sport ^ skb.dport, 0x85ebca77) ^ Math.imul(skb.sport + skb.dport, 0x27d4eb2f) : 0;
  return { value: mixed(addressesHash(skb) ^ ports), ofPorts };
}

function addressesHash({ src, dst, proto }: Skb): number {
  return Math.imul(Math.min(src, dst), 0x9e3779b1) ^ Math.imul(Math.max(src, dst), 0x85ebca6b) ^ proto;
}

function mixed(h: number): number {
  return (h ^ (h >>> 15)) >>> 0;
}
