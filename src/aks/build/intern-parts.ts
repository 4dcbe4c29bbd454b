import type { Netns } from '../../linux/netns.ts';
import { type FibTable, type Nexthop, type Route, TABLE_LOCAL } from '../../linux/route.ts';
import { freezeDeep } from '../../world/freeze.ts';

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Makes equal parts of namespaces one frozen object: pods of a cluster have the same routes but for their own address, the same neighbours,
 * the same sysctls. One serves a whole build; a namespace is handed over when nothing changes it any more.
 */
export class Interned {
  readonly #nexthops = new Map<string, readonly Nexthop[]>();
  readonly #tables = new Map<string, FibTable>();
  readonly #neighbours = new Map<string, Netns['neighbours']>();
  readonly #sockets = new Map<string, Netns['sockets']>();
  readonly #sysctls = new Map<string, Netns['sysctls']>();

  namespace(netns: Netns): void {
    netns.links = netns.links.slice();
    netns.fib = netns.fib.map((table) => this.#table(table));
    if (netns.fdb.length === 0) netns.fdb = NOTHING;
    if (netns.proxyNeighbours.length === 0) netns.proxyNeighbours = NOTHING;
    netns.neighbours = netns.neighbours.length === 0 ? NOTHING : shared(this.#neighbours, netns.neighbours);
    // With devices in them they are the namespace's own; what its names say is shared already.
    if (netns.sysctls.devices.length === 0) netns.sysctls = shared(this.#sysctls, netns.sysctls);
    netns.sockets = netns.sockets.length === 0 ? NOTHING : shared(this.#sockets, netns.sockets);
  }

  /** Table local differs from namespace to namespace, the others seldom do. */
  #table(table: FibTable): FibTable {
    // A long table is a machine's own; it is written so that nothing in it is to be saved.
    if (Object.isFrozen(table) || table.routes.length > MOST_SHARED_ROUTES) return table;
    const routes = table.routes.map((route) => this.#route(route));
    return table.id === TABLE_LOCAL || routes.length > MOST_SHARED_ROUTES ? { id: table.id, routes } : this.#sharedTable(table.id, routes);
  }

  #sharedTable(id: number, routes: readonly Route[]): FibTable {
    const key = `${id} ${routes.map(routeKey).join()}`;
    let table = this.#tables.get(key);
    if (table === undefined) {
      table = { id, routes };
      freezeDeep(table);
      this.#tables.set(key, table);
    }
    return table;
  }

  #route(route: Route): Route {
    if (Object.isFrozen(route)) return route;
    const nexthops = this.#nexthopsOf(route);
    return nexthops === route.nexthops ? route : withNexthops(route, nexthops);
  }

  #nexthopsOf({ nexthops }: Route): readonly Nexthop[] {
    const key = nexthops.map(nexthopKey).join();
    const known = this.#nexthops.get(key);
    if (known !== undefined) return known;
    // A copy is as long as its content; a list that grew holds room for more.
    const kept = nexthops.slice();
    freezeDeep(kept);
    this.#nexthops.set(key, kept);
    return kept;
  }
}

function nexthopKey({ dev, via, onlink, weight, dead }: Nexthop): string {
  return `${dev ?? ''} ${via ?? ''} ${onlink} ${weight} ${dead}`;
}

function routeKey(route: Route): string {
  const { type, dst, len, tos, metric, scope, protocol, src, nexthops, mtuBytes, mtuLocked, advmss, origin } = route;
  const ways = nexthops.map(nexthopKey).join('+');
  return `${type} ${dst}/${len} ${tos} ${metric} ${scope} ${protocol} ${src ?? ''} ${mtuBytes ?? ''} ${mtuLocked} ${advmss ?? ''} ${origin ?? ''} ${ways}`;
}

/** Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8). */
function withNexthops(route: Route, nexthops: readonly Nexthop[]): Route {
  const { type, dst, len, tos, metric, scope, protocol, src, mtuBytes, mtuLocked, advmss, origin } = route;
  return { type, dst, len, tos, metric, scope, protocol, src, nexthops, mtuBytes, mtuLocked, advmss, origin };
}

/** A table with more routes than this is a machine's own. */
const MOST_SHARED_ROUTES = 8;

function shared<T extends object>(known: Map<string, T>, value: T): T {
  if (Object.isFrozen(value)) return value;
  const key = JSON.stringify(value);
  const same = known.get(key);
  if (same !== undefined) return same;
  freezeDeep(value);
  known.set(key, value);
  return value;
}
