import { ANY, BROADCAST, type Ipv4, isMulticast } from '../../wire/ipv4.ts';
import { ICMP, TCP } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import { inetDevAddrType, isZeronet } from '../fib/addr-type.ts';
import { exceptionName } from '../fib/exception-name.ts';
import { Flow } from '../fib/flow.ts';
import { isOnLink } from '../fib/on-link.ts';
import type { Via } from '../fib/route-result.ts';
import { selectMultipath } from '../fib/select-path.ts';
import type { Quoted, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { awaitNeighbour } from './neighbour.ts';
import { routeQuoted } from './route.ts';
import { type Sender, sendersOf } from './senders.ts';

/** How long a redirect is heeded. @source net/ipv4/route.c RT_GC_TIMEOUT */
const TIMEOUT_MS = 300_000;

/**
 * A router says that another one is nearer. It is believed where it is the gateway that the packet was sent to, and once the nearer one is
 * known by its Ethernet address; until then it is asked for. A TCP socket hears of it only while nothing else uses it, which a connect()
 * or a handshake does.
 * @source net/ipv4/route.c __ip_do_redirect
 */
export function learnRedirect(stack: Stack, device: Device, redirect: Skb, quoted: Quoted): void {
  if (quoted.proto === TCP) return;
  for (const sender of sendersOf(stack, device, quoted)) learnFor(stack, device, redirect, quoted, sender);
}

function learnFor(stack: Stack, device: Device, redirect: Skb, quoted: Quoted, sender: Sender | null): void {
  const { src: from, icmpGateway: gateway } = redirect;
  const route = routeQuoted(stack, quoted, sender);
  if (route.kind === 'unknown') stack.effects.unknown(stack, redirect, route.reason, route.text);
  if (route.kind !== 'unicast' || route.gateway !== from || !isAcceptable(stack, device, from, gateway)) return;
  if (!awaitNeighbour(stack, route.device, gateway)) return;
  if (route.route === null) return;
  stack.session.redirects.set(exceptionName(quoted.dst, route.route), {
    from: gatewayInDoubt(stack, redirect, quoted, route),
    gateway,
    expiresAtMs: stack.effects.nowMs + TIMEOUT_MS,
  });
}

const way = new Flow();

/**
 * The gateway whose route it is taken down for. Where that has several ways it need not be the one that said so: the kernel hashes the
 * redirect's own addresses and not those of the packet.
 * @source net/ipv4/route.c __ip_do_redirect, fib_multipath_hash, ip_multipath_l3_keys
 */
function gatewayInDoubt(stack: Stack, { src, dst }: Skb, quoted: Quoted, { route, nexthop, gateway }: Via): Ipv4 {
  way.reset(quoted.dst, quoted.src);
  way.route = route;
  way.nexthop = nexthop;
  selectMultipath(stack, way, { src, dst, proto: ICMP, sport: 0, dport: 0 }, quoted.src);
  return way.nexthop?.gateway ?? gateway;
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
export function knownGateway({ session, effects }: Stack, dst: Ipv4, { route, gateway }: Pick<Via, 'route' | 'gateway'>): Ipv4 {
  const known = gateway === ANY || route === null ? undefined : session.redirects.get(exceptionName(dst, route));
  return known === undefined || known.from !== gateway || known.expiresAtMs <= effects.nowMs ? gateway : known.gateway;
}
