import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { FibNexthop } from './fib-route.ts';
import { inetSelectAddr } from './select-address.ts';

/** The source address that goes with one way of a route when the route prefers none. @source fib_semantics.c fib_info_update_nhc_saddr */
export function nexthopSource(netns: CompiledNetns, nexthop: FibNexthop): Ipv4 {
  nexthop.source ??= inetSelectAddr(netns, nexthop.device, nexthop.gateway, nexthop.route.scope);
  return nexthop.source;
}

/** The source address of a packet that takes this way: the route's `src`, else {@link nexthopSource}. @source fib_result_prefsrc */
export function preferredSource(netns: CompiledNetns, nexthop: FibNexthop): Ipv4 {
  return nexthop.route.src === ANY ? nexthopSource(netns, nexthop) : nexthop.route.src;
}
