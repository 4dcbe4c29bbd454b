import type { Skb } from '../linux/skb.ts';
import type { Socket } from '../linux/socket.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { ICMP, TCP } from '../wire/proto.ts';
import type { Delivery } from './observed.ts';

/** A packet as the socket sees it that took it. */
export function delivery(at: string, skb: Skb): Delivery {
  const { proto, src, dst, sport, dport, ttl, mssBytes } = skb;
  return { at, proto, src, dst, sport, dport, ttl, mssBytes };
}

/** Who took a packet, in words. */
export function deliveryText(skb: Skb, socket: Socket | null): string {
  if (skb.proto === ICMP)
    return skb.icmpType === 8 ? 'the host answers echo requests itself' : `ICMP ${skb.icmpType}/${skb.icmpCode} arrives`;
  const owner = socket?.owner ?? null;
  return `${skb.proto === TCP ? 'tcp' : 'udp'}/${skb.dport} at ${formatIpv4(skb.dst)}${owner === null ? '' : ` (${owner})`}`;
}
