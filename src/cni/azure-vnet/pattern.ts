import type { Link } from '../../linux/link.ts';
import type { Netns } from '../../linux/netns.ts';
import { compareRoutes } from '../../linux/ops/fib-edit.ts';
import type { OwnSettings } from '../../linux/sysctl-devices.ts';
import { type Route, TABLE_LOCAL } from '../../linux/route.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { CniResult } from '../plugin.ts';

/** What ADD left of one pod: others that join the same machine get the same, but for names, numbers and addresses. */
export interface Pattern {
  readonly result: CniResult;
  readonly pod: Netns;
  readonly hostLink: Link;
  readonly hostRoute: Route;
  /** The sysctls that the host's end has of its own. */
  readonly hostSettings: OwnSettings;
}

/** What a pod adds to the machine's first namespace. */
export interface HostPart {
  readonly link: Link;
  readonly route: Route;
}

/**
 * Writes into a new namespace what ADD would write, and tells what it would add to the host. Says the same as ADD, which a test makes sure
 * of, in a small part of the time.
 * @param ifindex the numbers of the two ends
 */
export function stamp(pattern: Pattern, pod: Netns, result: CniResult, ifName: string, ifindex: { pod: number; host: number }): HostPart {
  const old = pattern.result.addr;
  const { addr } = result;
  const kind: Link['kind'] = { type: 'veth', wire: pod.name };
  pod.links = pattern.pod.links.map((link) => {
    if (link.name !== ifName) return link;
    const { mtuBytes, up, carrier, promisc, noarp, multicast, master, port } = link;
    const [address] = link.addresses;
    const addresses = address === undefined ? [] : [withLocal(address, addr)];
    return {
      name: ifName,
      ifindex: ifindex.pod,
      kind,
      mac: result.mac,
      mtuBytes,
      up,
      carrier,
      promisc,
      noarp,
      multicast,
      addresses,
      master,
      port,
    };
  });
  pod.fib = pattern.pod.fib.map((table) => {
    if (table.id !== TABLE_LOCAL) return table;
    return { id: table.id, routes: inOrder(table.routes.map((route) => readdressed(route, old, addr))) };
  });
  pod.neighbours = pattern.pod.neighbours;
  return {
    link: hostLink(pattern.hostLink, result.hostLink, ifindex.host, kind),
    route: hostRoute(pattern.hostRoute, addr, result.hostLink),
  };
}

function withLocal(address: Link['addresses'][number], local: Ipv4): Link['addresses'][number] {
  const { len, broadcast, scope, peer, secondary, noprefixroute } = address;
  return { local, len, broadcast, scope, peer, secondary, noprefixroute };
}

function hostLink(like: Link, name: string, ifindex: number, kind: Link['kind']): Link {
  const { mac, mtuBytes, up, carrier, promisc, noarp, multicast, addresses, master, port } = like;
  return { name, ifindex, kind, mac, mtuBytes, up, carrier, promisc, noarp, multicast, addresses, master, port };
}

function hostRoute(like: Route, dst: Ipv4, dev: string): Route {
  const { type, len, tos, metric, scope, protocol, src, mtuBytes, mtuLocked, advmss, origin } = like;
  const nexthops = like.nexthops.map(({ via, onlink, weight, dead }) => ({ dev, via, onlink, weight, dead }));
  return { type, dst, len, tos, metric, scope, protocol, src, nexthops, mtuBytes, mtuLocked, advmss, origin };
}

/** The routes in the kernel's order; most often they are already, and sorting costs more than looking. */
function inOrder(routes: Route[]): Route[] {
  for (let i = 1; i < routes.length; i++) {
    const [before, route] = [routes[i - 1], routes[i]];
    if (before !== undefined && route !== undefined && compareRoutes(before, route) > 0) return routes.sort(compareRoutes);
  }
  return routes;
}

function readdressed(route: Route, old: Ipv4, addr: Ipv4): Route {
  if (route.dst !== old && route.src !== old) return route;
  const { type, len, tos, metric, scope, protocol, nexthops, mtuBytes, mtuLocked, advmss, origin } = route;
  const dst = route.dst === old ? addr : route.dst;
  const src = route.src === old ? addr : route.src;
  return { type, dst, len, tos, metric, scope, protocol, src, nexthops, mtuBytes, mtuLocked, advmss, origin };
}
