import type { Ipv4 } from '../../wire/ipv4.ts';
import { mask } from '../../wire/prefix.ts';
import { EAGAIN, OK } from './errno.ts';
import type { FibNexthop, FibRoute } from './fib-route.ts';
import type { Flow } from './flow.ts';

/** The bits of the TOS field that routes and rules compare. @source include/net/inet_dscp.h INET_DSCP_LEGACY_TOS_MASK */
export const TOS_MASK = 0x1c;

/** Up to this many prefixes of one length are compared one by one, which is cheaper than hashing. */
const LINEAR = 4;

/** All routes whose prefix has one length. Routes of the same prefix are in the order in which the kernel tries them. */
interface Level {
  readonly len: number;
  readonly mask: number;
  readonly prefixes: readonly number[];
  readonly routes: readonly (readonly FibRoute[])[];
  readonly map: ReadonlyMap<number, readonly FibRoute[]> | null;
}

/** A routing table, or several that the kernel searches as one. Host routes are found by hash, the rest by descending prefix length. */
export class FibLookupTable {
  private readonly levels: readonly Level[];

  constructor(routes: readonly FibRoute[]) {
    const byLength = new Map<number, Map<number, FibRoute[]>>();
    for (const route of routes) {
      let level = byLength.get(route.len);
      if (level === undefined) byLength.set(route.len, (level = new Map<number, FibRoute[]>()));
      const same = level.get(route.dst);
      if (same === undefined) level.set(route.dst, [route]);
      else same.push(route);
    }
    this.levels = [...byLength]
      .sort(([a], [b]) => b - a)
      .map(([len, prefixes]): Level => {
        for (const same of prefixes.values()) same.sort(inOrderOfTrial);
        return {
          len,
          mask: mask(len),
          prefixes: [...prefixes.keys()],
          routes: [...prefixes.values()],
          map: prefixes.size > LINEAR ? prefixes : null,
        };
      });
  }

  /**
   * Finds the route for a flow and the first usable way of it.
   * @returns 0 with `flow.route` and `flow.nexthop` set; an errno of a route that refuses, with `flow.route` set; EAGAIN when no route
   * fits or a `throw` route does.
   * @source net/ipv4/fib_trie.c fib_table_lookup
   */
  lookup(flow: Flow): number {
    const levels = this.levels;
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i];
      if (level === undefined) break;
      const routes = routesAt(level, flow.dst);
      if (routes === undefined) continue;
      for (let j = 0; j < routes.length; j++) {
        const route = routes[j];
        if (route === undefined || !fits(route, flow)) continue;
        if (route.error !== OK) {
          flow.route = route;
          flow.nexthop = null;
          return route.error;
        }
        const nexthop = usable(route, flow);
        if (nexthop === null) continue;
        flow.route = route;
        flow.nexthop = nexthop;
        return OK;
      }
    }
    flow.route = null;
    flow.nexthop = null;
    return EAGAIN;
  }

  /** Every route whose prefix holds an address, nearest prefix first, whether or not it is usable. */
  candidates(dst: Ipv4): FibRoute[] {
    return this.levels.flatMap((level) => routesAt(level, dst) ?? []);
  }

  /** Routes of one exact prefix, in the order of trial. */
  exactly(dst: Ipv4, len: number): readonly FibRoute[] {
    const level = this.levels.find((l) => l.len === len);
    return level === undefined ? [] : (routesAt(level, dst) ?? []);
  }
}

function routesAt(level: Level, dst: Ipv4): readonly FibRoute[] | undefined {
  const prefix = dst & level.mask;
  if (level.map !== null) return level.map.get(prefix);
  const prefixes = level.prefixes;
  for (let i = 0; i < prefixes.length; i++) if (prefixes[i] === prefix) return level.routes[i];
  return undefined;
}

function fits(route: FibRoute, flow: Flow): boolean {
  return (route.tos === 0 || route.tos === (flow.tos & TOS_MASK)) && route.scope >= flow.scope;
}

/** The first way that is alive and, where the flow names one, leaves by its device. @source fib_lookup_good_nhc */
function usable(route: FibRoute, flow: Flow): FibNexthop | null {
  const nexthops = route.nexthops;
  for (let i = 0; i < nexthops.length; i++) {
    const nexthop = nexthops[i];
    if (nexthop === undefined || nexthop.dead) continue;
    if (nexthop.ignored && !flow.ignoreLinkState) continue;
    if (flow.oif !== null && flow.oif !== nexthop.device) continue;
    return nexthop;
  }
  return null;
}

/**
 * The local table before main where both are one, then greater TOS, then smaller metric, then the order of the dump.
 * @source net/ipv4/fib_trie.c fib_insert_alias, fib_find_alias
 */
function inOrderOfTrial(a: FibRoute, b: FibRoute): number {
  return b.table - a.table || b.tos - a.tos || a.metric - b.metric;
}
