import type { Netns } from '../linux/netns.ts';
import { type Route, TABLE_MAIN } from '../linux/route.ts';
import type { Ipv4 } from '../wire/ipv4.ts';

/** Whether the main table has a route to a prefix over a link, as CHECK of a plug-in asks. */
export function leadsTo(netns: Netns, dst: Ipv4, len: number, dev: string): boolean {
  const routes: readonly Route[] = netns.fib.find((table) => table.id === TABLE_MAIN)?.routes ?? [];
  return routes.some((route) => route.dst === dst && route.len === len && route.nexthops.some((nexthop) => nexthop.dev === dev));
}
