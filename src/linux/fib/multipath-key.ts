import { ANY, ipv4 } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import { type Arp, isFragment, isIcmpError, type Skb } from '../skb.ts';
import type { FlowKey } from './flow.ts';

const NOTHING: FlowKey = { src: ANY, dst: ANY, proto: 0, sport: 0, dport: 0 };

/**
 * What picks one of several ways for a packet that came in. By its addresses an error goes with the packet that it is about; where ports
 * count it goes by its own addresses, and no fragment has ports.
 * @source net/ipv4/route.c fib_multipath_hash, ip_multipath_l3_keys; net/core/flow_dissector.c __skb_flow_dissect
 */
export function multipathKey({ sysctl }: CompiledNetns, skb: Skb): FlowKey {
  const hasPorts = sysctl.fibMultipathHashPolicy === 1;
  if (skb.arp !== null) return hasPorts ? NOTHING : keyOfArp(skb.arp);
  if (!hasPorts) return isIcmpError(skb) && skb.quoted !== null ? skb.quoted : skb;
  const { src, dst, proto } = skb;
  return isFragment(skb) ? { src, dst, proto, sport: 0, dport: 0 } : skb;
}

/** The kernel reads an ARP packet as if it were an IP header: where that has its addresses there is a bit of the sender, and no target. */
function keyOfArp({ senderMac, senderIp, targetMac }: Arp): FlowKey {
  return { ...NOTHING, src: ipv4((word(senderMac, 4) << 16) | (senderIp >>> 16)), dst: ipv4((senderIp << 16) | word(targetMac, 0)) };
}

/** Two bytes of an Ethernet address. */
function word(mac: Arp['senderMac'], from: number): number {
  const [high = '', low = ''] = mac.split(':').slice(from, from + 2);
  return Number.parseInt(high + low, 16);
}
