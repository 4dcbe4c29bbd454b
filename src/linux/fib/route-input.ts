import { ALL_HOSTS, ANY, BROADCAST, type Ipv4, formatIpv4, isLoopback, isMulticast } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import { isZeronet } from './addr-type.ts';
import { EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH, OK, UNMODELLED } from './errno.ts';
import type { FibNexthop, FibRoute, InputRoute } from './fib-route.ts';
import { Flow } from './flow.ts';
import { fibLookup } from './lookup.ts';
import { multipathKey } from './multipath-key.ts';
import { isOnLink } from './on-link.ts';
import { type RoutingStack, selectMultipath } from './select-path.ts';
import { type BadSource, ON_LINK, badSourceText, fibValidateSource, setPorts } from './validate-source.ts';
import { viaNexthop } from './via.ts';

const BROADCAST_INPUT: InputRoute = { kind: 'broadcast', route: null };
const MULTICAST_INPUT: InputRoute = { kind: 'multicast' };

const flow = new Flow();

/**
 * Decides what becomes of a packet that came in by a device: for this host, onwards, or refused. Nothing is allocated unless the packet
 * is refused.
 * @source net/ipv4/route.c ip_route_input_rcu, ip_route_input_slow
 */
export function routeInput(stack: RoutingStack, skb: Skb, device: Device): InputRoute {
  const { netns } = stack;
  const { src, dst } = skb;
  if (isMulticast(dst)) return multicastInput(netns, skb, device);
  if (isMulticast(src) || src === BROADCAST) return martian('IP_INVALID_SOURCE', `the source ${formatIpv4(src)} is no host`);
  if (dst === BROADCAST || (src === ANY && dst === ANY)) return broadcastInput(netns, skb, device, null);
  if (isZeronet(src)) return martian('IP_INVALID_SOURCE', `the source ${formatIpv4(src)} is no host`);
  if (isZeronet(dst)) return martian('IP_INVALID_DEST', `the destination ${formatIpv4(dst)} is no host`);
  if ((isLoopback(dst) || isLoopback(src)) && !device.sysctl.routeLocalnet) {
    return martian('IP_LOCALNET', `a loopback address cannot come in by ${device.name} (route_localnet is 0)`);
  }

  const error = fibLookup(netns, setInputKey(flow, netns, skb, device));
  const { route } = flow;
  if (error === UNMODELLED) return unknown(flow.unmodelled);
  if (error !== OK || route === null) return refused(error, route, device);
  switch (route.type) {
    case 'broadcast':
      return device.sysctl.bcForwarding ? forward(stack, skb, device, route) : broadcastInput(netns, skb, device, route);
    case 'local': {
      const bad = fibValidateSource(netns, skb, src, dst, null, device);
      if (typeof bad === 'string') return badSource(bad, src, device);
      return (route.local ??= { kind: 'local', route });
    }
    default:
      if (!device.sysctl.forwarding) return refused(EHOSTUNREACH, route, device);
      if (route.type !== 'unicast') return martian('IP_INVALID_DEST', `the route to ${formatIpv4(dst)} is of type ${route.type}`);
      return forward(stack, skb, device, route);
  }
}

/** Makes a flow the key that looks up the way of a packet that came in by a device. */
export function setInputKey(flow: Flow, netns: CompiledNetns, skb: Skb, device: Device): Flow {
  flow.reset(skb.dst, skb.src);
  flow.iif = device;
  flow.uid = 0;
  flow.mark = skb.mark;
  flow.tos = skb.tos;
  if (netns.fib.rulesNeedPorts) setPorts(flow, skb, false);
  return flow;
}

/** @source net/ipv4/route.c ip_mkroute_input, __mkroute_input */
function forward(stack: RoutingStack, skb: Skb, device: Device, route: FibRoute): InputRoute {
  if (route.nexthops.length > 1) selectMultipath(stack, flow, multipathKey(stack.netns, skb), null);
  const { nexthop } = flow;
  const out = nexthop?.device;
  if (nexthop === null || out === null || out === undefined) return refused(ENETUNREACH, route, device);
  const verdict = fibValidateSource(stack.netns, skb, skb.src, skb.dst, out, device);
  if (typeof verdict === 'string') return badSource(verdict, skb.src, device);
  if (out === device && verdict === ON_LINK && mayRedirect(out, skb.src, nexthop)) {
    return (nexthop.forwardWithRedirect ??= { kind: 'forward', redirect: true, ...viaNexthop(nexthop, out) });
  }
  return (nexthop.forward ??= { kind: 'forward', redirect: false, ...viaNexthop(nexthop, out) });
}

function mayRedirect(device: Device, src: Ipv4, nexthop: FibNexthop): boolean {
  if (!device.sysctl.sendRedirects) return false;
  return device.sysctl.sharedMedia || isOnLink(device, src, nexthop.gateway);
}

function broadcastInput(netns: CompiledNetns, skb: Skb, device: Device, route: FibRoute | null): InputRoute {
  if (!isZeronet(skb.src)) {
    const verdict = fibValidateSource(netns, skb, skb.src, ANY, null, device);
    if (typeof verdict === 'string') return badSource(verdict, skb.src, device);
  }
  return route === null ? BROADCAST_INPUT : (route.broadcast ??= { kind: 'broadcast', route });
}

/** @source net/ipv4/route.c ip_route_input_mc, ip_mc_validate_source */
function multicastInput(netns: CompiledNetns, skb: Skb, device: Device): InputRoute {
  const { src, dst } = skb;
  if (dst !== ALL_HOSTS || !device.up) {
    if (device.sysctl.mcForwarding) return unknown('multicast forwarding is not modelled');
    return martian('NOT_SPECIFIED', `nobody here is a member of the group ${formatIpv4(dst)}`);
  }
  if (isMulticast(src) || src === BROADCAST) return martian('IP_INVALID_SOURCE', `the source ${formatIpv4(src)} is no host`);
  if (isLoopback(src) && !device.sysctl.routeLocalnet) return martian('IP_LOCALNET', `the source ${formatIpv4(src)} is a loopback address`);
  if (!isZeronet(src)) {
    const verdict = fibValidateSource(netns, skb, src, ANY, null, device);
    if (typeof verdict === 'string') return badSource(verdict, src, device);
  }
  return MULTICAST_INPUT;
}

/** What a failed look-up does to the packet, once the local-in hooks are skipped. @source net/ipv4/route.c ip_error */
function refused(error: number, route: FibRoute | null, device: Device): InputRoute {
  if (!device.sysctl.forwarding) {
    const text = `${device.name} does not forward (ip_forward is 0), and the packet is not for this host`;
    return { kind: 'drop', reason: 'IP_INADDRERRORS', text, route, deferred: true };
  }
  switch (error) {
    case EINVAL:
      return { kind: 'drop', reason: 'NOT_SPECIFIED', text: 'a blackhole swallows it', route, deferred: true };
    case EACCES:
      return { kind: 'unreachable', code: 13, errno: error, reason: 'NOT_SPECIFIED', route };
    case EHOSTUNREACH:
      return { kind: 'unreachable', code: 1, errno: error, reason: 'NOT_SPECIFIED', route };
    default:
      return { kind: 'unreachable', code: 0, errno: ENETUNREACH, reason: 'IP_INNOROUTES', route };
  }
}

function badSource(bad: BadSource | 'unknown', src: Ipv4, device: Device): InputRoute {
  return bad === 'unknown' ? unknown('the way back to the source could not be looked up') : martian(bad, badSourceText(bad, src, device));
}

function martian(reason: string, text: string): InputRoute {
  return { kind: 'drop', reason, text, route: null, deferred: false };
}

function unknown(text: string): InputRoute {
  return { kind: 'unknown', reason: 'ROUTE_RULE', text };
}
