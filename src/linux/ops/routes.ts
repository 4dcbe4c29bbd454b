import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { prefixOf } from '../../wire/prefix.ts';
import { freshNetns } from '../compiled-netns.ts';
import { inetDevAddrType, localTable } from '../fib/addr-type.ts';
import { OK } from '../fib/errno.ts';
import { Flow } from '../fib/flow.ts';
import { fibLookup } from '../fib/lookup.ts';
import { SCOPE_HOST, SCOPE_LINK, SCOPE_UNIVERSE, scopeNumber } from '../fib/scope.ts';
import type { Netns } from '../netns.ts';
import { type Nexthop, type Route, type RouteScope, type RouteType, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { isPlainlyLocal, isPlainlyOnLink } from './direct-gateway.ts';
import { linkOf } from './edit.ts';
import { inserted, routesOf, samePlace, sameRoute, setRoutes } from './fib-edit.ts';
import {
  type OpResult,
  FILE_EXISTS,
  INVALID_ARGUMENT,
  NETWORK_DOWN,
  NO_SUCH_DEVICE,
  NO_SUCH_FILE,
  NO_SUCH_PROCESS,
  noDevice,
} from './result.ts';

/** One way of a route to add. */
export interface NexthopSpec {
  readonly dev?: string | null;
  readonly via?: Ipv4 | null;
  readonly onlink?: boolean;
  readonly weight?: number;
}

/** A route to add; what is left out is as `ip route add` would have it: unicast, table main (local for local and broadcast), proto boot. */
export interface RouteSpec extends NexthopSpec {
  readonly dst: Ipv4;
  readonly len: number;
  readonly type?: RouteType;
  readonly table?: number;
  readonly tos?: number;
  readonly metric?: number;
  readonly scope?: RouteScope;
  readonly protocol?: string;
  readonly src?: Ipv4 | null;
  /** Several ways in place of the one that the spec itself names. */
  readonly nexthops?: readonly NexthopSpec[];
  readonly mtuBytes?: number | null;
  readonly mtuLocked?: boolean;
  readonly advmss?: number | null;
  readonly origin?: string | null;
}

/** `ip route add`: refused where a route of the same prefix, TOS and metric exists. @source net/ipv4/fib_trie.c fib_table_insert */
export function addRoute(netns: Netns, spec: RouteSpec): OpResult {
  return insertRoute(netns, spec, 'add');
}

/** `ip route append`: another route beside one of the same prefix, TOS and metric, tried after it. */
export function appendRoutes(netns: Netns, spec: RouteSpec): OpResult {
  return insertRoute(netns, spec, 'append');
}

/** `ip route replace`: in the place of a route of the same prefix, TOS and metric, or anew. */
export function replaceRoute(netns: Netns, spec: RouteSpec): OpResult {
  return insertRoute(netns, spec, 'replace');
}

/** `ip route change`: only in the place of one. */
export function changeRoute(netns: Netns, spec: RouteSpec): OpResult {
  return insertRoute(netns, spec, 'change');
}

function insertRoute(netns: Netns, spec: RouteSpec, how: 'add' | 'append' | 'replace' | 'change'): OpResult {
  const table = tableOf(spec);
  const route = toRoute(netns, spec, table);
  if (typeof route === 'string') return route;
  const routes = routesOf(netns, table);
  const at = routes.findIndex((other) => samePlace(other, route));
  if (at < 0) {
    if (how === 'change') return NO_SUCH_FILE;
    setRoutes(netns, table, inserted(routes, route, 'last'));
    return 'ok';
  }
  if (how === 'add') return FILE_EXISTS;
  const same = routes.findIndex((other) => sameRoute(other, route));
  if (how === 'append') {
    if (same >= 0) return FILE_EXISTS;
    setRoutes(netns, table, inserted(routes, route, 'last'));
    return 'ok';
  }
  if (same >= 0 && same !== at) return FILE_EXISTS;
  setRoutes(netns, table, routes.with(at, route));
  return 'ok';
}

/** @source iproute2 ip/iproute.c iproute_modify */
function tableOf({ table, type = 'unicast' }: Pick<RouteSpec, 'table' | 'type'>): number {
  if (table !== undefined) return table;
  return type === 'local' || type === 'broadcast' || type === 'nat' || type === 'anycast' ? TABLE_LOCAL : TABLE_MAIN;
}

/** How near a route of a type is at least. @source net/ipv4/fib_semantics.c fib_props */
function leastScope(type: RouteType): number {
  if (type === 'local') return SCOPE_HOST;
  return type === 'broadcast' || type === 'anycast' ? SCOPE_LINK : SCOPE_UNIVERSE;
}

function defaultScope(type: RouteType, ways: readonly NexthopSpec[]): RouteScope {
  switch (type) {
    case 'local':
    case 'nat':
      return 'host';
    case 'broadcast':
    case 'multicast':
    case 'anycast':
      return 'link';
    case 'unicast':
      return ways.length === 1 && (ways[0]?.via ?? null) === null ? 'link' : 'global';
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
    case 'throw':
      return 'global';
  }
}

/** The route that a spec means, checked as the kernel checks it. @source net/ipv4/fib_semantics.c fib_create_info */
function toRoute(netns: Netns, spec: RouteSpec, table: number): Route | Exclude<OpResult, 'ok'> {
  const type = spec.type ?? 'unicast';
  if (spec.len < 0 || spec.len > 32 || prefixOf(spec.dst, spec.len).addr !== spec.dst)
    return 'Error: Invalid prefix for given prefix length.';
  const refuses = type === 'blackhole' || type === 'unreachable' || type === 'prohibit' || type === 'throw';
  const ways = spec.nexthops ?? (refuses && (spec.dev ?? spec.via ?? null) === null ? [] : [spec]);
  if (refuses && ways.length > 0) return 'Error: Gateway, device and nexthop can not be specified for this route type.';
  if (!refuses && ways.length === 0) return INVALID_ARGUMENT;
  const scope = spec.scope ?? defaultScope(type, ways);
  const src = spec.src ?? null;
  if (scopeNumber(scope) < leastScope(type) || scopeNumber(scope) > SCOPE_HOST) return 'Error: Invalid scope.';
  // Not grown one by one: an array that was pushed to keeps room for sixteen more, and there are many routes.
  const nexthops = ways.map((way) => toNexthop(netns, way, scope, table));
  if (!nexthops.every((nexthop) => typeof nexthop !== 'string'))
    return nexthops.find((nexthop) => typeof nexthop === 'string') ?? INVALID_ARGUMENT;
  if (
    src !== null &&
    !(type === 'local' && src === spec.dst) &&
    !isPlainlyLocal(netns, src) &&
    inetDevAddrType(freshNetns(netns), src, null) !== 'local'
  )
    return 'Error: Invalid prefsrc address.';
  return {
    type,
    dst: spec.dst,
    len: spec.len,
    tos: spec.tos ?? 0,
    metric: spec.metric ?? 0,
    scope,
    protocol: spec.protocol ?? 'boot',
    src,
    nexthops,
    mtuBytes: spec.mtuBytes ?? null,
    mtuLocked: spec.mtuLocked ?? false,
    advmss: spec.advmss ?? null,
    origin: spec.origin ?? null,
  };
}

/** @source net/ipv4/fib_semantics.c fib_check_nh */
function toNexthop(netns: Netns, way: NexthopSpec, scope: RouteScope, table: number): Nexthop | Exclude<OpResult, 'ok'> {
  const dev = way.dev ?? null;
  const via = way.via ?? null;
  const onlink = way.onlink ?? false;
  const weight = way.weight ?? 1;
  const link = dev === null ? null : linkOf(netns, dev);
  if (dev !== null && link === null) return noDevice(dev);
  if (scope === 'host') {
    if (via !== null) return 'Error: Route with host scope can not have a gateway.';
    return link === null ? NO_SUCH_DEVICE : { dev, via, onlink, weight, dead: false };
  }
  if (via === null) {
    if (link === null) return NO_SUCH_DEVICE;
    if (!link.up) return 'Error: Device for nexthop is not up.';
    return { dev, via, onlink, weight, dead: false };
  }
  if (onlink) {
    if (scopeNumber(scope) >= SCOPE_LINK) return 'Error: Nexthop has invalid scope.';
    if (link === null) return 'Error: Nexthop device required for onlink.';
    if (!link.up) return 'Error: Nexthop device is not up.';
    return inetDevAddrType(freshNetns(netns), via, null) === 'unicast'
      ? { dev, via, onlink, weight, dead: false }
      : 'Error: Nexthop has invalid gateway.';
  }
  return gatewayNexthop(netns, { dev, via, onlink, weight, dead: false }, via, scope, table);
}

/** Finds the device of a gateway by looking up the way to it. @source net/ipv4/fib_semantics.c fib_check_nh_v4_gw */
function gatewayNexthop(netns: Netns, nexthop: Nexthop, via: Ipv4, scope: RouteScope, table: number): Nexthop | Exclude<OpResult, 'ok'> {
  if (table === TABLE_MAIN && scope === 'global' && nexthop.dev !== null && isPlainlyOnLink(netns, via, nexthop.dev)) return nexthop;
  const compiled = freshNetns(netns);
  const flow = new Flow().reset(via, ANY);
  flow.scope = Math.max(scopeNumber(scope) + 1, SCOPE_LINK);
  flow.oif = nexthop.dev === null ? null : (compiled.deviceByName.get(nexthop.dev) ?? null);
  flow.uid = 0;
  flow.ignoreLinkState = true;
  const own = table === TABLE_LOCAL ? localTable(compiled) : table === TABLE_MAIN ? null : (compiled.fib.tables.get(table) ?? null);
  if (own?.lookup(flow) !== OK && fibLookup(compiled, flow) !== OK) return 'Error: Nexthop has invalid gateway.';
  const type = flow.route?.type;
  const device = flow.nexthop?.device ?? null;
  if ((type !== 'unicast' && type !== 'local') || device === null) return 'Error: Nexthop has invalid gateway.';
  return device.up ? { ...nexthop, dev: device.name } : NETWORK_DOWN;
}

/** Which route to delete: the first of that prefix that agrees with everything given. */
export interface RouteSelector {
  readonly dst: Ipv4;
  readonly len: number;
  readonly table?: number;
  readonly type?: RouteType;
  readonly tos?: number;
  readonly metric?: number;
  readonly dev?: string;
  readonly via?: Ipv4;
  readonly scope?: RouteScope;
  readonly protocol?: string;
  readonly src?: Ipv4;
}

/** `ip route del`. @source net/ipv4/fib_trie.c fib_table_delete */
export function deleteRoute(netns: Netns, selector: RouteSelector): OpResult {
  if (selector.dev !== undefined && linkOf(netns, selector.dev) === null) return noDevice(selector.dev);
  const table = tableOf(selector);
  const routes = routesOf(netns, table);
  if (routes.length === 0) return 'Error: FIB table does not exist.';
  const at = routes.findIndex((route) => selects(selector, route));
  if (at < 0) return NO_SUCH_PROCESS;
  setRoutes(netns, table, routes.toSpliced(at, 1));
  return 'ok';
}

function selects(selector: RouteSelector, route: Route): boolean {
  const agrees = <T>(wanted: T | undefined, has: T | undefined): boolean => wanted === undefined || wanted === has;
  const { dev, via } = selector;
  return (
    route.dst === selector.dst &&
    route.len === selector.len &&
    route.tos === (selector.tos ?? 0) &&
    agrees(selector.metric === 0 ? undefined : selector.metric, route.metric) &&
    agrees(selector.type, route.type) &&
    agrees(selector.scope, route.scope) &&
    agrees(selector.protocol, route.protocol) &&
    agrees(selector.src, route.src) &&
    // Of several ways only the first is looked at. @source net/ipv4/fib_semantics.c fib_nh_match
    agrees(dev, route.nexthops[0]?.dev) &&
    agrees(via, route.nexthops[0]?.via)
  );
}
