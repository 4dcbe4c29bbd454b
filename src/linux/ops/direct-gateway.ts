import { contains } from '../../wire/prefix.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { SCOPE_LINK, scopeNumber } from '../fib/scope.ts';
import type { Netns } from '../netns.ts';
import { type Route, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { DEFAULT_RULES } from './create-netns.ts';
import { linkOf } from './edit.ts';
import { routesOf } from './fib-edit.ts';

/**
 * Whether a gateway is plainly on the link of a device: the usual case of `ip route add … via`, told without making the namespace ready
 * for look-ups. False also where only a look-up can tell.
 */
export function isPlainlyOnLink(netns: Netns, via: Ipv4, dev: string): boolean {
  if (netns.rules !== DEFAULT_RULES || linkOf(netns, dev)?.up !== true) return false;
  if (routesOf(netns, TABLE_LOCAL).some((route) => covers(route, via))) return false;
  const found = routesOf(netns, TABLE_MAIN).filter((route) => covers(route, via));
  const longest = found.reduce((most, route) => Math.max(most, route.len), -1);
  const [route, another] = found.filter((one) => one.len === longest);
  const [nexthop, second] = route?.nexthops ?? [];
  if (route === undefined || another !== undefined || nexthop === undefined || second !== undefined) return false;
  const plain = route.type === 'unicast' && route.tos === 0 && scopeNumber(route.scope) >= SCOPE_LINK;
  return plain && nexthop.dev === dev && nexthop.via === null && !nexthop.dead;
}

/** Whether an address is plainly one of the machine's own: table local has a route to it alone. False also where only a look-up can tell. */
export function isPlainlyLocal(netns: Netns, addr: Ipv4): boolean {
  const found = routesOf(netns, TABLE_LOCAL).filter((route) => route.dst === addr && route.len === 32);
  return found.length === 1 && found[0]?.type === 'local' && found[0].tos === 0;
}

function covers(route: Route, addr: Ipv4): boolean {
  return contains({ addr: route.dst, len: route.len }, addr);
}
