import { ANY, BROADCAST, type Ipv4, isMulticast } from '../../wire/ipv4.ts';
import { TCP, UDP } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import { inetDevAddrType, isZeronet } from '../fib/addr-type.ts';
import { isOnLink } from '../fib/on-link.ts';
import type { Via } from '../fib/route-result.ts';
import type { Quoted, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { awaitNeighbour } from './neighbour.ts';
import { concernsSocket } from './path-mtu.ts';
import { routeQuoted } from './route.ts';

/** How long a redirect is heeded. @source net/ipv4/route.c RT_GC_TIMEOUT */
const TIMEOUT_MS = 300_000;

/**
 * A router says that another one is nearer. It is believed where it is the gateway that the packet was sent to, and once the nearer one is
 * known by its Ethernet address; until then it is asked for. A TCP socket hears of it only while nothing else uses it, which a connect()
 * or a handshake does.
 * @source net/ipv4/route.c __ip_do_redirect
 */
export function learnRedirect(stack: Stack, device: Device, redirect: Skb, quoted: Quoted): void {
  if (quoted.proto === TCP || !concernsSocket(stack, quoted)) return;
  const { src: from, icmpGateway: gateway } = redirect;
  const route = routeQuoted(stack, quoted, markOf(stack, quoted));
  if (route.kind === 'unknown') stack.effects.unknown(stack, redirect, route.reason, route.text);
  if (route.kind !== 'unicast' || route.gateway !== from || !isAcceptable(stack, device, from, gateway)) return;
  if (!awaitNeighbour(stack, route.device, gateway)) return;
  stack.session.redirects.set(quoted.dst, { from, gateway, expiresAtMs: stack.effects.nowMs + TIMEOUT_MS });
}

/** SO_MARK of the socket that sent it. An echo request's is not asked for. @source net/ipv4/icmp.c icmp_err */
function markOf({ session }: Stack, { proto, sport }: Quoted): number {
  return proto === UDP ? (session.sockets.find(({ port }) => port === sport)?.mark ?? 0) : 0;
}

function isAcceptable(stack: Stack, device: Device, from: Ipv4, gateway: Ipv4): boolean {
  const { acceptRedirects, secureRedirects, sharedMedia } = device.sysctl;
  if (gateway === from || !acceptRedirects || isMulticast(gateway) || gateway === BROADCAST || isZeronet(gateway)) return false;
  if (sharedMedia) return inetDevAddrType(stack.netns, gateway, null) === 'unicast';
  return isOnLink(device, gateway, from) && !(secureRedirects && !isGateway(stack, device, gateway));
}

/** Whether some route names it already. @source net/ipv4/fib_semantics.c ip_fib_check_default */
function isGateway({ netns }: Stack, device: Device, gateway: Ipv4): boolean {
  return netns.tables.fib.some(({ routes }) =>
    routes.some(({ nexthops }) => nexthops.some(({ dev, via, dead }) => dev === device.name && via === gateway && !dead)),
  );
}

/** The gateway of a way, or another one that it named in a redirect. */
export function knownGateway({ session, effects }: Stack, dst: Ipv4, { gateway }: Via): Ipv4 {
  const known = gateway === ANY ? undefined : session.redirects.get(dst);
  return known === undefined || known.from !== gateway || known.expiresAtMs <= effects.nowMs ? gateway : known.gateway;
}
