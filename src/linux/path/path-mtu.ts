import { ICMP } from '../../wire/proto.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Via } from '../fib/route-result.ts';
import type { Quoted, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';

/** @source net/ipv4/tcp.h: bytes of the IP and TCP headers without options */
const TCP_HEADERS_BYTES = 40;

/** A fragmentation-needed error arrived about a packet of this host. @source net/ipv4/icmp.c icmp_unreach, route.c __ip_rt_update_pmtu */
export function learnPathMtu(stack: Stack, error: Skb, quoted: Quoted): void {
  const { ipNoPmtuDisc } = stack.netns.sysctl;
  if (ipNoPmtuDisc === 2 || !concernsSocket(stack, quoted)) return;
  lowerPathMtu(stack, quoted.dst, ipNoPmtuDisc === 1 ? 0 : error.icmpMtuBytes);
}

/** Less passes on the way to an address than was known, for a while. @source net/ipv4/route.c __ip_rt_update_pmtu */
export function lowerPathMtu({ session, netns, effects }: Stack, dst: Ipv4, toldBytes: number): void {
  const { minPmtuBytes, mtuExpiresMs } = netns.sysctl;
  const known = session.pathMtus.get(dst);
  if (known !== undefined && known.expiresAtMs > effects.nowMs && known.bytes < toldBytes) return;
  session.pathMtus.set(dst, { bytes: Math.max(toldBytes, minPmtuBytes), expiresAtMs: effects.nowMs + mtuExpiresMs });
}

/** Errors about a port are heard by the socket that holds it. @source net/ipv4/udp.c __udp4_lib_err, tcp_ipv4.c tcp_v4_err */
function concernsSocket({ session, netns }: Stack, { proto, sport }: Quoted): boolean {
  if (proto === ICMP) return true;
  return session.sockets.some(({ port }) => port === sport) || netns.tables.sockets.some(({ port }) => port === sport);
}

/** The MTU of a way, or less where an error said so: nothing that this host makes is longer, unless its socket only probes. */
export function knownPathMtu({ session, effects }: Stack, dst: Ipv4, { mtuBytes, mtuLocked }: Via): number {
  const known = mtuLocked ? undefined : session.pathMtus.get(dst);
  return known === undefined || known.expiresAtMs <= effects.nowMs ? mtuBytes : Math.min(known.bytes, mtuBytes);
}

/** The MSS that a SYN or SYN-ACK announces. @source net/ipv4/route.c ipv4_default_advmss */
export function announcedMss(stack: Stack, { route, mtuBytes }: Via): number {
  return route?.route.advmss ?? Math.max(mtuBytes - TCP_HEADERS_BYTES, stack.netns.sysctl.minAdvMssBytes);
}
