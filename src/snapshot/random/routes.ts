import type { Netns } from '../../linux/netns.ts';
import { setRoutes } from '../../linux/ops/fib-edit.ts';
import { addRoute, appendRoutes, deleteRoute, type RouteSpec } from '../../linux/ops/routes.ts';
import { TABLE_MAIN } from '../../linux/route.ts';
import { ip } from '../../wire/ipv4.ts';
import { prefix } from '../../wire/prefix.ts';
import { addressesOf, devicesOf, OUTSIDE, type Scene, VIRTUAL } from './scene.ts';
import { ROUTE_KINDS } from './weights.ts';

/** Tables that policy rules lead to, beside main. */
export const TABLES: readonly number[] = [100, 101, 7];

/** Adds a route to a namespace; one that the kernel would refuse is not added. */
export function addRandomRoute(scene: Scene, netns: Netns, table: number): void {
  const { dice } = scene;
  const dst = prefix(destinationOf(scene));
  const gateways = gatewaysOf(scene, netns);
  const gateway = dice.pickOrNull(gateways);
  const common: RouteSpec = {
    dst: dst.addr,
    len: dst.len,
    table,
    ...(dice.chance(0.25) ? { metric: dice.pick([10, 100, 200]) } : {}),
    ...(dice.chance(0.08) ? { tos: dice.pick([0x10, 0x08, 0x04]) } : {}),
  };
  const via = gateway === null ? null : ip(gateway);
  const dev = dice.pickOrNull(devicesOf(netns));
  const kind = dice.weighted(ROUTE_KINDS);
  switch (kind) {
    case 'gateway':
      if (via !== null) addRoute(netns, { ...common, via });
      return;
    case 'device':
      addRoute(netns, { ...common, dev, ...(dice.chance(0.2) ? { scope: dice.pick(['global', 'link', 'host'] as const) } : {}) });
      return;
    case 'multipath': {
      const ways = dice.shuffled(gateways).slice(0, dice.int(2, 3));
      if (ways.length > 1) addRoute(netns, { ...common, nexthops: ways.map((way) => ({ via: ip(way), weight: dice.int(1, 3) })) });
      return;
    }
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
    case 'throw':
      addRoute(netns, { ...common, type: kind });
      return;
    case 'local': {
      // An address that somebody has on the link would be no gateway any more.
      const own = ip(dice.chance(0.5) ? dice.pick(VIRTUAL) : dice.pick([...OUTSIDE, ...scene.absent]));
      addRoute(netns, {
        ...common,
        dst: own,
        len: 32,
        type: 'local',
        dev: dice.chance(0.7) ? 'lo' : dev,
        table: dice.chance(0.5) ? table : 255,
        tos: 0,
      });
      return;
    }
    case 'source': {
      const src = dice.pickOrNull(addressesOf(netns));
      if (via !== null && src !== null) addRoute(netns, { ...common, via, src: ip(src) });
      return;
    }
    case 'mtu':
      if (via !== null) addRoute(netns, { ...common, via, mtuBytes: dice.pick([1280, 1400, 600]), mtuLocked: dice.chance(0.2) });
      return;
    case 'onlink':
      addRoute(netns, { ...common, via: ip(dice.pick(scene.owned)), dev, onlink: true });
      return;
    case 'delete': {
      const routes = netns.fib.find(({ id }) => id === TABLE_MAIN)?.routes ?? [];
      // A route that gateways are reached by stays: a kernel would never let the routes by them come after it.
      const gone = dice.pickOrNull(routes.filter(({ nexthops }) => nexthops.every((nexthop) => nexthop.via !== null)));
      if (gone !== null) deleteRoute(netns, { dst: gone.dst, len: gone.len, tos: gone.tos, metric: gone.metric });
    }
  }
}

/**
 * Takes out what could not be added once everything else is there: a route whose gateway another route has taken since. Nobody could build
 * such a table from its dump.
 */
export function dropUnreachableGateways(netns: Netns): void {
  for (const { id: table, routes } of netns.fib) {
    for (const route of routes) {
      if (route.protocol === 'kernel' || route.nexthops.every(({ via }) => via === null)) continue;
      const rest: Netns = { ...netns, fib: [...netns.fib] };
      setRoutes(
        rest,
        table,
        routes.filter((other) => other !== route),
      );
      const { nexthops, ...spec } = route;
      const added = addRoute(rest, {
        ...spec,
        table,
        nexthops: nexthops.map(({ dev, via, onlink, weight }) => ({ dev, via, onlink, weight })),
      });
      if (added !== 'ok')
        setRoutes(
          netns,
          table,
          routes.filter((other) => other !== route),
        );
    }
  }
}

/** Beside a route of the same prefix, where there is one. */
export function appendRandomRoute(scene: Scene, netns: Netns): void {
  const { dice } = scene;
  const routes = netns.fib.find(({ id }) => id === TABLE_MAIN)?.routes ?? [];
  const like = dice.pickOrNull(routes);
  const gateway = dice.pickOrNull(gatewaysOf(scene, netns));
  if (like === null || gateway === null) return;
  appendRoutes(netns, { dst: like.dst, len: like.len, tos: like.tos, metric: like.metric, via: ip(gateway) });
}

function destinationOf({ dice, flows, subnets }: Scene): string {
  const flow = dice.pick(flows);
  const address = dice.chance(0.7) ? flow.dst : flow.src;
  const [a, b, c] = address.split('.');
  return dice.weighted([
    [`${address}/32`, 4],
    [`${a}.${b}.${c}.0/24`, 4],
    [`${a}.${b}.${c}.0/25`, 1],
    [`${a}.${b}.0.0/16`, 2],
    [`${a}.0.0.0/8`, 1],
    [dice.pick(subnets), 2],
    [`${dice.pick(VIRTUAL)}/32`, 1],
    ['0.0.0.0/0', 3],
  ]);
}

/** Addresses of others on the links of a namespace, as far as wires tell. */
export function gatewaysOf({ lab }: Scene, netns: Netns): string[] {
  const wires = new Set(netns.links.flatMap(({ kind }) => (kind.type === 'veth' && kind.wire !== null ? [kind.wire] : [])));
  const others = lab.all.filter((other) => other !== netns);
  const near = others.filter(({ links }) => links.some(({ kind }) => kind.type === 'veth' && kind.wire !== null && wires.has(kind.wire)));
  return near.flatMap(addressesOf);
}
