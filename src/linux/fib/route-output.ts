import { ALL_HOSTS, ANY, BROADCAST, LOOPBACK, type Ipv4, formatIpv4, isLoopback, isMulticast } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { isZeronet, localTable } from './addr-type.ts';
import { EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH, OK, UNMODELLED } from './errno.ts';
import type { FibRoute, OutputRoute } from './fib-route.ts';
import { Flow } from './flow.ts';
import { fibLookup } from './lookup.ts';
import { SCOPE_HOST, SCOPE_LINK } from './scope.ts';
import { inetSelectAddr } from './select-address.ts';
import { selectDefault } from './select-default.ts';
import { type RoutingStack, selectMultipath } from './select-path.ts';
import { preferredSource } from './source.ts';
import { viaDevice, viaNexthop } from './via.ts';

const NO_LOOPBACK: OutputRoute = { kind: 'error', errno: ENETUNREACH, text: 'the namespace has no loopback device', route: null };

/**
 * Routes a packet that this host makes. The key is `flow` (destination, source or ANY, bound device or null, mark, tos, protocol and
 * ports); on success `flow.src` and `flow.dst` hold what the packet carries. Nothing is allocated on the usual ways.
 * @source net/ipv4/route.c ip_route_output_key_hash_rcu, __mkroute_output
 */
export function routeOutput(stack: RoutingStack, flow: Flow): OutputRoute {
  const { netns } = stack;
  if (flow.src !== ANY) {
    if (isMulticast(flow.src) || flow.src === BROADCAST || isZeronet(flow.src)) {
      return failed(EINVAL, `the source ${formatIpv4(flow.src)} is no host`);
    }
    if (flow.oif === null && (isMulticast(flow.dst) || flow.dst === BROADCAST)) {
      const device = ipDevFind(netns, flow.src);
      return device === null ? notOurs(flow.src) : made(netns, flow, null, device);
    }
    if (!flow.anySrc && ipDevFind(netns, flow.src) === null) return notOurs(flow.src);
  }

  const { oif } = flow;
  if (oif !== null) {
    if (!oif.up) return failed(ENETUNREACH, `${oif.name} is down`);
    if (isLocalMulticast(flow.dst) || flow.dst === BROADCAST) {
      if (flow.src === ANY) flow.src = inetSelectAddr(netns, oif, ANY, SCOPE_LINK);
      return made(netns, flow, null, oif);
    }
    if (flow.src === ANY) {
      if (isMulticast(flow.dst)) flow.src = inetSelectAddr(netns, oif, ANY, flow.scope);
      else if (flow.dst === ANY) flow.src = inetSelectAddr(netns, oif, ANY, SCOPE_HOST);
    }
  }
  if (flow.dst === ANY) {
    if (flow.src === ANY) flow.src = LOOPBACK;
    flow.dst = flow.src;
    return toLoopback(netns, null);
  }

  const error = fibLookup(netns, flow);
  const { route } = flow;
  if (error === UNMODELLED) return { kind: 'unknown', reason: 'ROUTE_RULE', text: flow.unmodelled };
  if (error !== OK || route === null) {
    if (oif === null) return failed(error, refusal(error, route, flow.dst), route);
    // The socket named the device, so the destination is taken to be on its link.
    if (flow.src === ANY) flow.src = inetSelectAddr(netns, oif, ANY, SCOPE_LINK);
    return made(netns, flow, null, oif);
  }
  if (route.type === 'local') {
    if (flow.src === ANY) flow.src = route.src === ANY ? flow.dst : route.src;
    return toLoopback(netns, route);
  }
  if (oif === null) {
    if (route.nexthops.length > 1) selectMultipath(stack, flow, flow.hashed ?? flow, flow.src === ANY ? null : flow.src);
    else selectDefault(stack, flow);
  }
  const { nexthop } = flow;
  const device = nexthop?.device ?? null;
  if (nexthop === null || device === null) return failed(ENETUNREACH, refusal(ENETUNREACH, route, flow.dst), route);
  if (flow.src === ANY) flow.src = preferredSource(netns, nexthop);
  return made(netns, flow, nexthop.route, device);
}

/** @source net/ipv4/route.c __mkroute_output */
function made(netns: CompiledNetns, flow: Flow, route: FibRoute | null, device: Device): OutputRoute {
  if (isLoopback(flow.src) && !device.isLoopback && !device.sysctl.routeLocalnet) {
    return failed(EINVAL, `the loopback source ${formatIpv4(flow.src)} cannot leave by ${device.name} (route_localnet is 0)`, route);
  }
  if (isMulticast(flow.dst)) return multicast(flow, route, device);
  // What leaves by the loopback comes back by itself.
  const loop = !device.isLoopback;
  if (flow.dst === BROADCAST) return { kind: 'broadcast', loop, ...viaDevice(device) };
  if (isZeronet(flow.dst)) return failed(EINVAL, `the destination ${formatIpv4(flow.dst)} is no host`, route);
  const { nexthop } = flow;
  if (route?.type === 'broadcast' && nexthop !== null)
    return (nexthop.output ??= { kind: 'broadcast', loop, ...viaNexthop(nexthop, device) });
  if (device.isLoopback) return toLoopback(netns, route);
  if (route === null || nexthop === null) return { kind: 'unicast', ...viaDevice(device) };
  return (nexthop.output ??= { kind: 'unicast', ...viaNexthop(nexthop, device) });
}

function multicast(flow: Flow, route: FibRoute | null, device: Device): OutputRoute {
  const { nexthop } = flow;
  // A default route serves groups too, but its gateway does not.
  const via = route === null || nexthop === null || route.len < 4 ? viaDevice(device) : viaNexthop(nexthop, device);
  return { kind: 'multicast', loop: flow.dst === ALL_HOSTS && device.up && !device.isLoopback, ...via };
}

function toLoopback(netns: CompiledNetns, route: FibRoute | null): OutputRoute {
  if (route?.localOutput) return route.localOutput;
  const { loopback } = netns;
  if (loopback === null) return NO_LOOPBACK;
  const nexthop = route?.nexthops[0] ?? null;
  const owner = route?.type === 'local' ? (nexthop?.device ?? null) : null;
  const output: OutputRoute = { kind: 'local', owner, ...viaDevice(loopback), nexthop, route };
  if (route !== null) route.localOutput = output;
  return output;
}

/** The device that owns an address of this host, by its addresses or else by table local. @source net/ipv4/devinet.c __ip_dev_find */
function ipDevFind(netns: CompiledNetns, address: Ipv4): Device | null {
  const device = netns.localAddresses.get(address);
  if (device !== undefined) return device;
  const table = localTable(netns);
  owner.reset(address, ANY);
  if (table?.lookup(owner) !== OK || owner.route?.type !== 'local') return null;
  return owner.nexthop?.device ?? null;
}

const owner = new Flow();

/** 224.0.0.0/24: groups that no router forwards. */
function isLocalMulticast(address: Ipv4): boolean {
  return address >>> 8 === 0xe0_00_00;
}

function notOurs(src: Ipv4): OutputRoute {
  return failed(ENETUNREACH, `the source ${formatIpv4(src)} is no address of this host`);
}

function refusal(error: number, route: FibRoute | null, dst: Ipv4): string {
  const what = route === null ? 'a rule' : 'a route';
  switch (error) {
    case EINVAL:
      return `${what} to ${formatIpv4(dst)} says blackhole`;
    case EHOSTUNREACH:
      return `${what} to ${formatIpv4(dst)} says unreachable`;
    case EACCES:
      return `${what} to ${formatIpv4(dst)} says prohibit`;
    default:
      return `no route to ${formatIpv4(dst)}`;
  }
}

function failed(errno: number, text: string, route: FibRoute | null = null): OutputRoute {
  return { kind: 'error', errno, text, route };
}
