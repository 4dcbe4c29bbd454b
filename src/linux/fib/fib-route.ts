import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { Nexthop, Route, RouteType } from '../route.ts';
import { EACCES, EAGAIN, EHOSTUNREACH, EINVAL, OK } from './errno.ts';
import { type GatewayRoutes, isToHost } from './gateway-scope.ts';
import { SCOPE_HOST, SCOPE_LINK, SCOPE_NOWHERE, scopeNumber } from './scope.ts';

/** What a look-up that ends in a route of each type returns. @source net/ipv4/fib_semantics.c fib_props */
const ERRORS: Readonly<Record<RouteType, number>> = {
  unicast: OK,
  local: OK,
  broadcast: OK,
  anycast: OK,
  multicast: OK,
  blackhole: EINVAL,
  unreachable: EHOSTUNREACH,
  prohibit: EACCES,
  throw: EAGAIN,
  nat: EINVAL,
};

/** What the routes of a namespace are resolved against. */
export interface RouteContext {
  readonly deviceByName: ReadonlyMap<string, Device>;
  readonly localAddresses: ReadonlyMap<number, Device>;
}

/** One way of a route, with its device found and its reachability worked out. @source struct fib_nh_common */
export class FibNexthop {
  readonly route: FibRoute;
  readonly index: number;
  readonly device: Device | null;
  /** ANY: none, the destination is on the link. */
  readonly gateway: Ipv4;
  readonly weight: number;
  readonly scope: number;
  /** RTNH_F_DEAD. */
  readonly dead: boolean;
  /** RTNH_F_LINKDOWN on a device that says to heed it. */
  readonly ignored: boolean;
  /** Kept results, made when first needed. */
  forward: InputRoute | null = null;
  forwardWithRedirect: InputRoute | null = null;
  output: OutputRoute | null = null;
  source: Ipv4 | null = null;

  constructor(route: FibRoute, index: number, nexthop: Nexthop, context: RouteContext, routes: GatewayRoutes | null) {
    this.route = route;
    this.index = index;
    const device = nexthop.dev === null ? null : (context.deviceByName.get(nexthop.dev) ?? null);
    this.device = device;
    this.gateway = nexthop.via ?? ANY;
    this.weight = nexthop.weight;
    this.scope = nexthopScope(route.route, nexthop, device, routes);
    // A device that is down takes its routes along, except those of its own addresses.
    this.dead = nexthop.dead || device === null || (!device.up && this.scope !== SCOPE_NOWHERE);
    this.ignored = device !== null && !device.link.carrier && device.sysctl.ignoreRoutesWithLinkdown;
  }
}

/**
 * How near the next hop is. The kernel finds that out when the route is added; here a gateway counts as this host itself where its
 * device owns the address, or a route to it says so.
 * @source net/ipv4/fib_semantics.c fib_create_info, fib_check_nh_v4_gw, fib_check_nh_nongw
 */
function nexthopScope(route: Route, { via, dev, onlink }: Nexthop, device: Device | null, routes: GatewayRoutes | null): number {
  if (route.scope === 'host') return SCOPE_NOWHERE;
  if (via === null) return SCOPE_HOST;
  const own =
    (device !== null && (device.isLoopback || device.addresses.some(({ local }) => local === via))) ||
    (routes !== null && isToHost(route, via, dev, routes));
  return own && !onlink ? SCOPE_HOST : SCOPE_LINK;
}

/** A route of one table, ready for look-ups. */
export class FibRoute {
  readonly route: Route;
  readonly table: number;
  readonly type: RouteType;
  readonly dst: Ipv4;
  readonly len: number;
  readonly tos: number;
  readonly metric: number;
  readonly scope: number;
  /** What a look-up that ends here returns. */
  readonly error: number;
  /** The preferred source; ANY: none. */
  readonly src: Ipv4;
  readonly nexthops: readonly FibNexthop[];
  /** Kept results, made when first needed. */
  local: InputRoute | null = null;
  broadcast: InputRoute | null = null;
  localOutput: OutputRoute | null = null;

  constructor(route: Route, table: number, context: RouteContext, routes: GatewayRoutes | null) {
    this.route = route;
    this.table = table;
    this.type = route.type;
    this.dst = route.dst;
    this.len = route.len;
    this.tos = route.tos;
    this.metric = route.metric;
    this.scope = scopeNumber(route.scope);
    this.error = ERRORS[route.type];
    this.src = route.src ?? ANY;
    this.nexthops = route.nexthops.map((nexthop, index) => new FibNexthop(this, index, nexthop, context, routes));
  }
}

/**
 * Where a packet goes next. These objects are made once for each route and shared by all packets: nothing that belongs to one packet
 * is in them. `gateway` ANY means that the packet's own destination is the next hop.
 */
export interface Via {
  readonly device: Device;
  readonly gateway: Ipv4;
  /** Null where the device was named by the socket and no route exists. */
  readonly nexthop: FibNexthop | null;
  readonly route: FibRoute | null;
  /** The route's MTU, else the device's. */
  readonly mtuBytes: number;
  /** `mtu lock`: path MTU discovery does not change it. */
  readonly mtuLocked: boolean;
}

export interface UnknownRoute {
  readonly kind: 'unknown';
  readonly reason: string;
  readonly text: string;
}

/** What route input decided. @source net/ipv4/route.c ip_route_input_slow */
export type InputRoute =
  | { readonly kind: 'local'; readonly route: FibRoute | null }
  | { readonly kind: 'broadcast'; readonly route: FibRoute | null }
  /** To a group that this host is a member of. */
  | { readonly kind: 'multicast' }
  /** `redirect`: the packet leaves by the device it came in by, and the sender may be told so. */
  | ({ readonly kind: 'forward'; readonly redirect: boolean } & Via)
  /** `reason` is SKB_DROP_REASON_* without that prefix. `deferred`: there is a way, and it leads nowhere; else there is none at all. */
  | { readonly kind: 'drop'; readonly reason: string; readonly text: string; readonly route: FibRoute | null; readonly deferred: boolean }
  /** Refused with an ICMP destination unreachable of this code, if rate limits allow; dropped with `reason`. */
  | {
      readonly kind: 'unreachable';
      readonly code: number;
      readonly errno: number;
      readonly reason: string;
      readonly route: FibRoute | null;
    }
  | UnknownRoute;

/** What routing a packet of this host decided. @source net/ipv4/route.c ip_route_output_key_hash_rcu */
export type OutputRoute =
  | ({ readonly kind: 'unicast' } & Via)
  /** To an address of this host: `device` is the loopback, `via` the device that owns the address. */
  | ({ readonly kind: 'local'; readonly owner: Device | null } & Via)
  /** A copy goes to this host's own sockets (`loop`), the packet itself to the wire. */
  | ({ readonly kind: 'broadcast'; readonly loop: boolean } & Via)
  | ({ readonly kind: 'multicast'; readonly loop: boolean } & Via)
  | { readonly kind: 'error'; readonly errno: number; readonly text: string; readonly route: FibRoute | null }
  | UnknownRoute;
