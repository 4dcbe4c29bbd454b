import type { Ipv4 } from '../../wire/ipv4.ts';
import { mask } from '../../wire/prefix.ts';
import { type FibTable, type Nexthop, type Route, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { SCOPE_LINK, scopeNumber } from './scope.ts';

const LOOPBACK = 'lo';

/** Whether it makes a gateway none, if it is there when a route by that gateway is added. */
export function leadsToHost({ type, scope }: Route): boolean {
  return type === 'unicast' && scope === 'host';
}

/**
 * Whether it makes addresses on another link this host's own, and no address did: such a one makes a gateway none, too, but is taken to be
 * younger than any gateway that could be found without it.
 */
function takesOver({ type, protocol, nexthops }: Route): boolean {
  return type === 'local' && protocol !== 'kernel' && nexthops.some(({ dev }) => dev !== LOOPBACK);
}

/** Tables in the order in which they are taken to have been filled: main first, then that of the dump, which tells nothing of it. */
export function byAge(tables: readonly FibTable[]): FibTable[] {
  return tables.toSorted((a, b) => Number(b.id === TABLE_MAIN) - Number(a.id === TABLE_MAIN));
}

/**
 * Routes of one table that lead straight to whoever is on a link, or to this host in their stead: by length, longest first; by prefix; by
 * metric.
 */
type LinkRoutes = ReadonlyMap<number, ReadonlyMap<number, readonly Route[]>>;

/** The routes by which the gateways of a table are looked up, where some route makes gateways none. */
export interface GatewayRoutes {
  /** The route's own table, then main and local: policy rules are taken to be younger than routes. */
  readonly tables: readonly LinkRoutes[];
  /** The order in which the routes are taken to have been added. */
  readonly age: ReadonlyMap<Route, number>;
}

/** For each table the routes by which its gateways are looked up; null where no route makes a gateway none. */
export function gatewayRoutes(tables: readonly FibTable[]): ReadonlyMap<FibTable, GatewayRoutes> | null {
  if (!tables.some(({ routes }) => routes.some((route) => leadsToHost(route) || takesOver(route)))) return null;
  const age = new Map(
    byAge(tables)
      .flatMap(({ routes }) => routes)
      .map((route, index) => [route, index] as const),
  );
  const linkRoutes = new Map(tables.map((table) => [table, linkRoutesOf(table)] as const));
  const common = [TABLE_MAIN, TABLE_LOCAL].flatMap((id) => [...linkRoutes].filter(([table]) => table.id === id));
  return new Map(
    [...linkRoutes].map(([table, own]) => {
      const others = common.filter(([{ id }]) => id !== table.id);
      return [table, { tables: [own, ...others.map(([, routes]) => routes)], age }];
    }),
  );
}

function linkRoutesOf({ routes }: FibTable): LinkRoutes {
  const lengths = new Map<number, Map<number, Route[]>>();
  for (const route of routes) {
    if (!takesOver(route) && (route.type !== 'unicast' || scopeNumber(route.scope) < SCOPE_LINK)) continue;
    const prefixes = lengths.get(route.len) ?? new Map<number, Route[]>();
    lengths.set(route.len, prefixes);
    const same = prefixes.get(route.dst);
    if (same === undefined) prefixes.set(route.dst, [route]);
    else same.push(route);
  }
  for (const prefixes of lengths.values()) for (const same of prefixes.values()) same.sort((a, b) => a.metric - b.metric);
  return new Map([...lengths].sort(([a], [b]) => b - a));
}

/**
 * Whether the route that leads to a gateway of another is of `scope host`: the longest, of several the one of the lowest metric. What
 * counts was there when the gateway's own route was added. No dump tells: a route of `scope host` is taken to be older where it comes first
 * ({@link byAge}), or where no other leads there; one that takes addresses over, only there.
 * @source net/ipv4/fib_semantics.c fib_check_nh_v4_gw
 */
export function isToHost(of: Route, gateway: Ipv4, dev: string | null, { tables, age }: GatewayRoutes): boolean {
  const own = age.get(of) ?? 0;
  const wasThere = (route: Route): boolean => !takesOver(route) && (!leadsToHost(route) || (age.get(route) ?? 0) < own);
  for (const isThere of [wasThere, () => true]) {
    for (const table of tables) {
      const best = nearest(table, gateway, (route) => isThere(route) && route.nexthops.some((way) => isLink(way, dev)));
      if (best !== null) return best.scope === 'host';
    }
  }
  return false;
}

function isLink(way: Nexthop, dev: string | null): boolean {
  return way.dev === dev && way.via === null;
}

function nearest(table: LinkRoutes, address: Ipv4, leads: (route: Route) => boolean): Route | null {
  for (const [len, prefixes] of table) {
    const best = prefixes.get(address & mask(len))?.find(leads);
    if (best !== undefined) return best;
  }
  return null;
}
