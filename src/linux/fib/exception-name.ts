import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import type { FibRoute } from './fib-route.ts';

/**
 * An address by a route: what is learned of the one by the other has this name. Routes that are alike in all this are one to the kernel.
 * @source net/ipv4/fib_semantics.c fib_find_info; include/net/ip_fib.h struct fib_nh_exception
 */
export function exceptionName(dst: Ipv4, { table, type, metric, scope, src, nexthops, route }: FibRoute): string {
  const { protocol, mtuBytes, mtuLocked, advmss } = route;
  const ways = nexthops.map(({ gateway, device, weight, scope: near, index }) =>
    [formatIpv4(gateway), device?.name, weight, near, route.nexthops[index]?.onlink].join(' '),
  );
  return [formatIpv4(dst), table, type, metric, scope, src, protocol, mtuBytes, mtuLocked, advmss, ...ways].join(' ');
}
