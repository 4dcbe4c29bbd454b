import type { Ipv4 } from '../../wire/ipv4.ts';
import { exceptionName } from '../fib/exception-name.ts';
import { knownPathMtu } from '../fib/known-path-mtu.ts';
import type { InputRoute, OutputRoute } from '../fib/route-result.ts';
import type { Exit } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { knownGateway } from './redirect.ts';

type Forwarded = Extract<InputRoute, { kind: 'forward' }>;

/** The way out with what redirects and fragmentation-needed errors taught of it. @source net/ipv4/route.c find_exception, rt_bind_exception */
export function sentByExceptions(stack: Stack, dst: Ipv4, route: OutputRoute): OutputRoute {
  if (route.kind !== 'unicast' || knowsNone(stack)) return route;
  const gateway = knownGateway(stack, dst, route);
  const mtuBytes = knownPathMtu(stack, dst, route);
  return gateway === route.gateway && mtuBytes === route.mtuBytes ? route : { ...route, gateway, mtuBytes };
}

/**
 * The same for what is received and goes on: a redirect holds for it, too; the path MTU only where the host is told to believe it.
 * @source net/ipv4/route.c __mkroute_input; include/net/ip.h ip_dst_mtu_maybe_forward
 */
export function forwardedByExceptions(stack: Stack, dst: Ipv4, route: Forwarded): Forwarded {
  if (knowsNone(stack)) return route;
  const gateway = knownGateway(stack, dst, route);
  const mtuBytes = stack.netns.sysctl.ipForwardUsePmtu ? knownPathMtu(stack, dst, route) : route.mtuBytes;
  return gateway === route.gateway && mtuBytes === route.mtuBytes ? route : { ...route, gateway, mtuBytes };
}

/** Whether a route to an address is bound to what was taught of it, however long ago. @source net/ipv4/route.c find_exception */
export function isBound({ session }: Stack, dst: Ipv4, { route }: Exit): boolean {
  if (route === null || (session.redirects.size === 0 && session.pathMtus.size === 0)) return false;
  const name = exceptionName(dst, route);
  return session.redirects.has(name) || session.pathMtus.has(name);
}

/**
 * A way that is bound, as it is now: where a redirect comes while a packet's fragments leave one by one, the rest goes by the new gateway.
 * @source net/ipv4/route.c update_or_create_fnhe, fill_route_from_fnhe
 */
export function rebound(stack: Stack, dst: Ipv4, via: Exit): Exit {
  if (via.nexthop === null) return via;
  const gateway = knownGateway(stack, dst, { route: via.route, gateway: via.nexthop.gateway });
  return gateway === via.gateway ? via : { ...via, gateway };
}

function knowsNone({ session }: Stack): boolean {
  return session.redirects.size === 0 && session.pathMtus.size === 0;
}
