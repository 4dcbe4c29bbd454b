import type { Ipv4 } from '../../wire/ipv4.ts';
import { TCP } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import { exceptionName } from '../fib/exception-name.ts';
import type { Via } from '../fib/route-result.ts';
import type { Quoted, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { routeQuoted } from './route.ts';
import { sendersOf } from './senders.ts';

/** @source net/ipv4/tcp.h: bytes of the IP and TCP headers without options */
const TCP_HEADERS_BYTES = 40;

/**
 * A fragmentation-needed error arrived about a packet of this host. It holds for the route by which the socket would send it now.
 * @source net/ipv4/icmp.c icmp_unreach, route.c ipv4_sk_update_pmtu, ipv4_update_pmtu
 */
export function learnPathMtu(stack: Stack, device: Device, error: Skb, quoted: Quoted): void {
  const { ipNoPmtuDisc } = stack.netns.sysctl;
  if (!isBelieved(quoted, ipNoPmtuDisc)) return;
  for (const sender of sendersOf(stack, device, quoted)) {
    const route = routeQuoted(stack, quoted, sender);
    if (route.kind === 'unknown') stack.effects.unknown(stack, error, route.reason, route.text);
    if (route.kind === 'unicast') lowerPathMtu(stack, quoted.dst, route, ipNoPmtuDisc === 1 ? 0 : error.icmpMtuBytes);
  }
}

/** With 3 only of a protocol that can tell what it sent itself from what somebody made up. @source net/ipv4/icmp.c icmp_tag_validation */
function isBelieved({ proto }: Quoted, ipNoPmtuDisc: number): boolean {
  return ipNoPmtuDisc !== 2 && (ipNoPmtuDisc !== 3 || proto === TCP);
}

/**
 * Less passes on a way to an address than was known, for a while. Less than is believed of any way locks it there.
 * @param via the way with what is known of it
 * @source net/ipv4/route.c __ip_rt_update_pmtu
 */
export function lowerPathMtu({ session, netns, effects }: Stack, dst: Ipv4, via: Via, toldBytes: number): void {
  const { route, mtuBytes, mtuLocked } = via;
  if (route === null || mtuLocked || mtuBytes < toldBytes) return;
  const { minPmtuBytes, mtuExpiresMs } = netns.sysctl;
  const locked = toldBytes < minPmtuBytes;
  const bytes = locked ? Math.min(mtuBytes, minPmtuBytes) : toldBytes;
  const name = exceptionName(dst, route);
  const known = session.pathMtus.get(name);
  // Told the same again, it counts anew only once half of its time is over.
  if (!locked && known?.bytes === bytes && effects.nowMs < known.expiresAtMs - mtuExpiresMs / 2) return;
  session.pathMtus.set(name, { bytes, locked, expiresAtMs: effects.nowMs + mtuExpiresMs });
}

/** Whether a TCP socket lets nobody cut what it sends. @source net/ipv4/af_inet.c inet_create; include/net/ip.h ip_dont_fragment */
export function tcpWantsDf({ netns }: Stack, { mtuLocked }: Via): boolean {
  return netns.sysctl.ipNoPmtuDisc === 0 && !mtuLocked;
}

/** The MSS that a SYN or SYN-ACK announces. @source net/ipv4/route.c ipv4_default_advmss */
export function announcedMss(stack: Stack, { route, mtuBytes }: Via): number {
  return route?.route.advmss ?? Math.max(mtuBytes - TCP_HEADERS_BYTES, stack.netns.sysctl.minAdvMssBytes);
}
