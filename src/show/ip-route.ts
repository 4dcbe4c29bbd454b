import type { Link } from '../linux/link.ts';
import { type FibTable, type Nexthop, type Route, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from '../linux/route.ts';
import type { RouteRef } from '../trace/trace.ts';
import { type Ipv4, compareIpv4, formatIpv4 } from '../wire/ipv4.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { type NetnsView, type Row, row } from './listing.ts';
import { routeId } from './row-id.ts';

/** `main`, `local`, `default`, or the number. */
export function routingTableName(id: number): string {
  switch (id) {
    case TABLE_DEFAULT:
      return 'default';
    case TABLE_MAIN:
      return 'main';
    case TABLE_LOCAL:
      return 'local';
    default:
      return String(id);
  }
}

/** The routes of all tables as `ip route show table all` prints them. */
export function routeRows({ netns }: NetnsView): readonly Row[] {
  const links = new Map(netns.links.map((link) => [link.name, link]));
  return inDumpOrder(netns.fib).flatMap(({ id, routes }) =>
    inTrieOrder(routes).flatMap((route) => rowsOfRoute(routeLines(route, id, links, null), route, id)),
  );
}

function rowsOfRoute(lines: readonly string[], route: Route, table: number): Row[] {
  const id = routeId(refOf(route, table));
  return lines.map((line, index) => row(line, index === 0 ? id : null));
}

/** A route as a trace names it. */
function refOf(route: Route, table: number): RouteRef {
  const [only, ...more] = route.nexthops;
  const ref: RouteRef = {
    table: routingTableName(table),
    dst: route.len === 0 ? 'default' : formatPrefix({ addr: route.dst, len: route.len }),
    type: route.type,
    metric: route.metric,
    tos: route.tos,
  };
  if (only === undefined || more.length > 0) return ref;
  if (only.dev !== null) ref.dev = only.dev;
  if (only.via !== null) ref.via = formatIpv4(only.via);
  return ref;
}

const HASH_MASK = 255;

/** Tables come in the order of the kernel's hash. @source net/ipv4/fib_frontend.c inet_dump_fib, FIB_TABLE_HASHSZ */
function inDumpOrder(fib: readonly FibTable[]): FibTable[] {
  return fib.toSorted((a, b) => (a.id & HASH_MASK) - (b.id & HASH_MASK) || b.id - a.id);
}

/** Routes come as they stand in the trie. @source net/ipv4/fib_trie.c fn_trie_dump_leaf, fib_find_alias */
function inTrieOrder(routes: readonly Route[]): Route[] {
  return routes.toSorted((a, b) => compareIpv4(a.dst, b.dst) || b.len - a.len || b.tos - a.tos || a.metric - b.metric);
}

/**
 * One route as `ip route show` prints it: a line, and one more for each way of a multipath route.
 * @param links the devices by name: a route by one without carrier says so
 * @param listed the one table that was asked for; null for all
 * @source iproute2 6.1 ip/iproute.c print_route
 */
function routeLines(route: Route, table: number, links: ReadonlyMap<string, Link>, listed: number | null): string[] {
  const [only, ...more] = route.nexthops;
  const single = only !== undefined && more.length === 0 && only.weight === 1 ? only : null;
  const words = [
    ...(route.type === 'unicast' ? [] : [route.type]),
    prefixText(route.dst, route.len),
    ...(route.tos === 0 ? [] : [`tos ${hex(route.tos)}`]),
    ...(single === null ? [] : wayWords(single)),
    ...(listed !== null || table === TABLE_MAIN ? [] : [`table ${routingTableName(table)}`]),
    ...(route.protocol === 'boot' ? [] : [`proto ${route.protocol}`]),
    ...(route.scope === 'global' ? [] : [`scope ${route.scope}`]),
    ...(route.src === null ? [] : [`src ${formatIpv4(route.src)}`]),
    ...(route.metric === 0 ? [] : [`metric ${route.metric}`]),
    ...(single === null ? [] : flagWords(single, route, links)),
    ...(route.mtuBytes === null ? [] : [`mtu ${route.mtuLocked ? 'lock ' : ''}${route.mtuBytes}`]),
    ...(route.advmss === null ? [] : [`advmss ${route.advmss}`]),
  ];
  const ways = single === null ? route.nexthops : [];
  return [
    `${words.join(' ')} `,
    ...ways.map((way) => `\tnexthop ${[...wayWords(way), `weight ${way.weight}`, ...flagWords(way, route, links)].join(' ')} `),
  ];
}

function wayWords({ via, dev }: Nexthop): string[] {
  return [...(via === null ? [] : [`via ${formatIpv4(via)}`]), ...(dev === null ? [] : [`dev ${dev}`])];
}

/** A local route does not mind the carrier. @source net/ipv4/fib_semantics.c fib_sync_down_dev */
function flagWords({ dead, onlink, dev }: Nexthop, { type }: Route, links: ReadonlyMap<string, Link>): string[] {
  const link = dev === null || type === 'local' ? undefined : links.get(dev);
  const down = link !== undefined && (!link.up || !link.carrier);
  return [...(dead ? ['dead'] : []), ...(onlink ? ['onlink'] : []), ...(down ? ['linkdown'] : [])];
}

/** `default`, a bare address for a host, or a prefix. */
function prefixText(addr: Ipv4, len: number): string {
  if (len === 0) return 'default';
  return len === 32 ? formatIpv4(addr) : formatPrefix({ addr, len });
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(2, '0')}`;
}
