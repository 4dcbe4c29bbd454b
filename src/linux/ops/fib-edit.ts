import { compareIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { contains } from '../../wire/prefix.ts';
import type { Netns } from '../netns.ts';
import { type Nexthop, type Route, TABLE_LOCAL } from '../route.ts';

/** The routes of a table; none when it does not exist. */
export function routesOf(netns: Netns, table: number): readonly Route[] {
  return netns.fib.find(({ id }) => id === table)?.routes ?? [];
}

/** Writes a table anew. A table without routes is no table. */
export function setRoutes(netns: Netns, table: number, routes: readonly Route[]): void {
  const at = netns.fib.findIndex(({ id }) => id === table);
  if (routes.length === 0) netns.fib = netns.fib.filter(({ id }) => id !== table);
  else if (at >= 0) netns.fib = netns.fib.with(at, { id: table, routes });
  // The order of `ip route show table all`: main, then the others by number, local last.
  else netns.fib = netns.fib.concat({ id: table, routes }).sort((a, b) => a.id - b.id);
}

/** Keeps only some routes, in every table. */
export function keepRoutes(netns: Netns, keep: (route: Route, table: number) => boolean): void {
  for (const { id, routes } of netns.fib) {
    const kept = routes.filter((route) => keep(route, id));
    if (kept.length !== routes.length) setRoutes(netns, id, kept);
  }
}

/** The kernel's order of a table: by address, then longer prefix, then greater TOS, then smaller metric. @source fib_trie.c */
export function compareRoutes(a: Route, b: Route): number {
  return compareIpv4(a.dst, b.dst) || b.len - a.len || b.tos - a.tos || a.metric - b.metric;
}

/** Whether two routes take the same place: only one of them can be added without NLM_F_APPEND. */
export function samePlace(a: Route, b: Route): boolean {
  return a.dst === b.dst && a.len === b.len && a.tos === b.tos && a.metric === b.metric;
}

/** Whether two routes are one and the same. `origin` is podwalk's own note and does not count. @source fib_semantics.c fib_find_info */
export function sameRoute(a: Route, b: Route): boolean {
  return (
    samePlace(a, b) &&
    a.type === b.type &&
    a.scope === b.scope &&
    a.protocol === b.protocol &&
    a.src === b.src &&
    a.mtuBytes === b.mtuBytes &&
    a.mtuLocked === b.mtuLocked &&
    a.advmss === b.advmss &&
    a.nexthops.length === b.nexthops.length &&
    a.nexthops.every((nexthop, i) => sameNexthop(nexthop, b.nexthops[i]))
  );
}

function sameNexthop(a: Nexthop, b: Nexthop | undefined): boolean {
  return a.dev === b?.dev && a.via === b.via && a.onlink === b.onlink && a.weight === b.weight;
}

/** Puts a route into its place among those of a table: after its like, or before them. */
export function inserted(routes: readonly Route[], route: Route, where: 'first' | 'last'): Route[] {
  const at = routes.findIndex((other) => (where === 'first' ? compareRoutes(route, other) <= 0 : compareRoutes(route, other) < 0));
  return routes.toSpliced(at < 0 ? routes.length : at, 0, route);
}

/** Adds a route that the kernel makes itself, unless it is there. @source net/ipv4/fib_frontend.c fib_magic */
export function appendRoute(netns: Netns, table: number, route: Route): void {
  const routes = routesOf(netns, table);
  if (!routes.some((other) => sameRoute(other, route))) setRoutes(netns, table, inserted(routes, route, 'last'));
}

/** Whether table local says that an address belongs to this host. */
export function isLocalAddress(netns: Netns, address: Ipv4): boolean {
  return routesOf(netns, TABLE_LOCAL).some((route) => route.type === 'local' && contains({ addr: route.dst, len: route.len }, address));
}

/**
 * Takes a device out of all routes: a route whose every way is gone goes, one of several ways is dead.
 * @param event `down`: routes of `scope host` stay, such as those of the device's own addresses; `disabled`: it lost its last address, they
 * go too; `gone`: the device itself is, and then a multipath route goes with any of its ways
 * @source net/ipv4/fib_semantics.c fib_sync_down_dev
 */
export function dropDeviceRoutes(netns: Netns, dev: string, event: 'down' | 'disabled' | 'gone'): void {
  for (const { id, routes } of netns.fib) {
    if (!routes.some((route) => usesDevice(route, dev))) continue;
    setRoutes(
      netns,
      id,
      routes.flatMap((route) => {
        if (!usesDevice(route, dev) || (route.scope === 'host' && event === 'down')) return [route];
        const nexthops = route.nexthops.map((nexthop) => (nexthop.dev === dev ? { ...nexthop, dead: true } : nexthop));
        return event === 'gone' || nexthops.every((nexthop) => nexthop.dead) ? [] : [{ ...route, nexthops }];
      }),
    );
  }
}

function usesDevice(route: Route, dev: string): boolean {
  return route.nexthops.some((nexthop) => nexthop.dev === dev);
}

/** Revives the ways of multipath routes that leave by a device. @source net/ipv4/fib_semantics.c fib_sync_up */
export function reviveDeviceRoutes(netns: Netns, dev: string): void {
  for (const { id, routes } of netns.fib) {
    if (!routes.some((route) => route.nexthops.some((nexthop) => nexthop.dev === dev && nexthop.dead))) continue;
    const revived = routes.map((route) => ({
      ...route,
      nexthops: route.nexthops.map((nexthop) => (nexthop.dev === dev ? { ...nexthop, dead: false } : nexthop)),
    }));
    setRoutes(netns, id, revived);
  }
}
