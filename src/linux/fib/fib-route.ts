import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { Nexthop, Route, RouteType } from '../route.ts';
import { EACCES, EAGAIN, EHOSTUNREACH, EINVAL, OK } from './errno.ts';
import type { InputRoute, OutputRoute } from './route-result.ts';
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

  constructor(route: FibRoute, index: number, nexthop: Nexthop, context: RouteContext) {
    this.route = route;
    this.index = index;
    const device = nexthop.dev === null ? null : (context.deviceByName.get(nexthop.dev) ?? null);
    this.device = device;
    this.gateway = nexthop.via ?? ANY;
    this.weight = nexthop.weight;
    this.scope = nexthopScope(route.type, nexthop, device);
    // A device that is down takes its routes along, except those of its own addresses.
    this.dead = nexthop.dead || device === null || (!device.up && this.scope !== SCOPE_NOWHERE);
    this.ignored = device !== null && !device.link.carrier && device.sysctl.ignoreRoutesWithLinkdown;
  }
}

/**
 * How near the next hop is. The kernel finds that out when the route is added; here a gateway counts as this host itself where its
 * device owns the address.
 * @source net/ipv4/fib_semantics.c fib_create_info, fib_check_nh_v4_gw, fib_check_nh_nongw
 */
function nexthopScope(type: RouteType, { via, onlink }: Nexthop, device: Device | null): number {
  if (type === 'local') return SCOPE_NOWHERE;
  if (via === null) return SCOPE_HOST;
  const own = device !== null && (device.isLoopback || device.addresses.some(({ local }) => local === via));
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

  constructor(route: Route, table: number, context: RouteContext) {
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
    this.nexthops = route.nexthops.map((nexthop, index) => new FibNexthop(this, index, nexthop, context));
  }
}
