import { ANY, formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { formatPrefix, prefixOf } from '../../wire/prefix.ts';
import type { Considered, RouteRef } from '../../trace/trace.ts';
import { hasPorts } from '../conntrack/tuple.ts';
import type { Device } from '../device.ts';
import { errnoName } from '../fib/errno.ts';
import { explainInput, explainLookup } from '../fib/explain.ts';
import { tableName } from '../fib/explain.ts';
import { Flow } from '../fib/flow.ts';
import type { FibRoute } from '../fib/fib-route.ts';
import { routeMeHarder as reroute } from '../fib/reroute.ts';
import { routeInput } from '../fib/route-input.ts';
import { routeOutput } from '../fib/route-output.ts';
import type { InputRoute, OutputRoute, UnknownRoute } from '../fib/route-result.ts';
import { type Exit, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { withPathMtu } from './path-mtu.ts';
import { note } from './record.ts';

/** What a raw socket that writes its own header is to the routing rules. @source net/ipv4/raw.c raw_sendmsg */
const IPPROTO_RAW = 255;

const flow = new Flow();

/** Where a received packet goes. */
export function routeReceived(stack: Stack, device: Device, skb: Skb): InputRoute {
  const route = routeInput(stack, skb, device);
  return unknownRoute(stack, skb.dst, route) ?? route;
}

/** A look-up that needs what is not known of the namespace. */
function unknownRoute(stack: Stack, dst: Ipv4, found: InputRoute | OutputRoute): UnknownRoute | null {
  const { gaps } = stack;
  if (gaps === null) return null;
  const isLocal = found.kind === 'local' || found.kind === 'broadcast';
  const len = found.kind === 'unknown' || found.kind === 'multicast' ? -1 : (found.route?.len ?? -1);
  const gap = gaps.missing('link', 'addr', 'route', 'rule', 'sysctl') ?? gaps.inRoutes(dst, len, isLocal);
  return gap === null ? null : { kind: 'unknown', ...gap };
}

/**
 * Routes a packet that a socket or the kernel here makes, and chooses its source where it has none.
 * @param raw the packet brings its own header: the look-up sees neither its source nor its protocol
 */
export function routeSend(stack: Stack, skb: Skb, raw = false): OutputRoute {
  flow.reset(skb.dst, raw ? ANY : skb.src);
  if (skb.boundDev !== null) {
    const device = stack.netns.deviceByName.get(skb.boundDev);
    if (device === undefined) return { kind: 'error', errno: 19, text: `there is no device ${skb.boundDev}`, route: null };
    flow.oif = device;
  }
  flow.mark = skb.mark;
  flow.tos = skb.tos;
  flow.proto = raw ? IPPROTO_RAW : skb.proto;
  if (!raw && hasPorts(skb.proto)) {
    flow.sport = skb.sport;
    flow.dport = skb.dport;
  }
  const { dst, src: boundSrc } = skb;
  const found = routeOutput(stack, flow);
  const route = unknownRoute(stack, dst, found) ?? (stack.session.pathMtus.size === 0 ? found : withPathMtu(stack, dst, found));
  if (!raw && route.kind !== 'error' && route.kind !== 'unknown') {
    skb.src = flow.src;
    skb.dst = flow.dst;
  }
  if (stack.effects.recorder !== null) {
    // The key as it was before the look-up chose a source.
    flow.src = raw ? ANY : boundSrc;
    flow.dst = dst;
    noteOutputRoute(stack, skb, route, 'route-output');
  }
  return route;
}

/** Whether this host can reach an address by itself, and by which way. @source ip_route_output */
export function routeTo(stack: Stack, dst: Ipv4): Exit | null {
  flow.reset(dst, ANY);
  const route = routeOutput(stack, flow);
  return route.kind === 'error' || route.kind === 'unknown' ? null : route;
}

/** The device by which this host would answer `sip` from `tip`. */
export function routeBack(stack: Stack, sip: Ipv4, tip: Ipv4): Device | null {
  flow.reset(sip, tip);
  const route = routeOutput(stack, flow);
  return route.kind === 'error' || route.kind === 'unknown' ? null : route.device;
}

/** Where an ARP request's target is, from the point of view of the device that was asked. */
export function routeArp(stack: Stack, device: Device, arp: Skb, tip: Ipv4, sip: Ipv4): InputRoute {
  const probe = new Skb();
  probe.src = sip;
  probe.dst = tip;
  probe.mark = arp.mark;
  return routeReceived(stack, device, probe);
}

/** Routes a packet again after OUTPUT changed it. @returns an errno name, or null when it has a way. */
export function routeMeHarder(stack: Stack, skb: Skb): string | null {
  const bound = skb.boundDev === null ? null : (stack.netns.deviceByName.get(skb.boundDev) ?? null);
  const route = reroute(stack, skb, bound);
  if (route.kind === 'unknown') return 'EINVAL';
  if (route.kind === 'error') return errnoName(route.errno);
  skb.via = route;
  if (stack.effects.recorder !== null) {
    flow.reset(skb.dst, skb.src);
    flow.mark = skb.mark;
    flow.tos = skb.tos;
    flow.oif = bound;
    noteOutputRoute(stack, skb, route, 'route-again');
  }
  return null;
}

/** A route as a trace shows it. */
function routeRef(route: FibRoute): RouteRef {
  const { route: table, nexthops } = route;
  const nexthop = table.nexthops[0];
  const ref: RouteRef = {
    table: tableName(route.table),
    dst: route.len === 0 ? 'default' : formatPrefix(prefixOf(route.dst, route.len)),
    type: route.type,
  };
  if (nexthops.length === 1 && nexthop !== undefined) {
    if (nexthop.dev !== null) ref.dev = nexthop.dev;
    if (nexthop.via !== null) ref.via = formatIpv4(nexthop.via);
  }
  if (table.src !== null) ref.src = formatIpv4(table.src);
  if (table.metric !== 0) ref.metric = table.metric;
  if (table.origin !== null) ref.origin = table.origin;
  return ref;
}

function wayText(device: Device, gateway: Ipv4): string {
  return gateway === ANY ? `dev ${device.name}` : `via ${formatIpv4(gateway)} dev ${device.name}`;
}

export function noteInputRoute(stack: Stack, device: Device, skb: Skb, route: InputRoute): void {
  const { dst } = skb;
  const fib = route.kind === 'multicast' || route.kind === 'unknown' ? null : route.route;
  const ref = {
    ...(fib === null ? {} : { route: (): RouteRef => routeRef(fib) }),
    ...passedOver(stack, () => explainInput(stack.netns, skb, device)),
  };
  switch (route.kind) {
    case 'forward':
      note(stack, skb, {
        stage: 'route-input',
        verb: 'ROUTED',
        text: () => `${formatIpv4(dst)} ${wayText(route.device, route.gateway)}`,
        ...ref,
      });
      return;
    case 'local':
      note(stack, skb, { stage: 'route-input', verb: 'ROUTED', text: () => `${formatIpv4(dst)} is an address of this host`, ...ref });
      return;
    case 'broadcast':
    case 'multicast':
      note(stack, skb, { stage: 'route-input', verb: 'ROUTED', text: () => `${formatIpv4(dst)} is a ${route.kind} address`, ...ref });
      return;
    case 'drop':
      note(stack, skb, { stage: 'route-input', verb: 'DROPPED', text: route.text, reason: route.reason, ...ref });
      return;
    case 'unreachable':
      note(stack, skb, {
        stage: 'route-input',
        verb: 'DROPPED',
        text: () =>
          fib === null ? `no route to ${formatIpv4(dst)} (came in by ${device.name})` : `the route to ${formatIpv4(dst)} says ${fib.type}`,
        reason: route.reason,
        ...ref,
      });
      return;
    case 'unknown':
      note(stack, skb, { stage: 'route-input', verb: 'UNKNOWN', text: route.text, reason: route.reason });
  }
}

/** What else could have been taken; asked at once, because the packet changes on its way. */
function passedOver(stack: Stack, explain: () => Considered[]): { considered?: Considered[] } {
  return stack.effects.recorder?.detailed === true ? { considered: explain() } : {};
}

function noteOutputRoute(stack: Stack, skb: Skb, route: OutputRoute, stage: string): void {
  const { dst, src } = skb;
  if (route.kind === 'unknown') {
    note(stack, skb, { stage, verb: 'UNKNOWN', text: route.text, reason: route.reason });
    return;
  }
  const fib = route.route;
  const ref = {
    ...(fib === null ? {} : { route: (): RouteRef => routeRef(fib) }),
    ...passedOver(stack, () => explainLookup(stack.netns, flow)),
  };
  if (route.kind === 'error') {
    note(stack, skb, { stage, verb: 'DROPPED', text: route.text, reason: errnoName(route.errno), ...ref });
    return;
  }
  note(stack, skb, {
    stage,
    verb: 'ROUTED',
    text: () =>
      `${formatIpv4(dst)} ${route.kind === 'local' ? 'is an address of this host' : wayText(route.device, route.gateway)}, src ${formatIpv4(src)}`,
    ...ref,
  });
}
