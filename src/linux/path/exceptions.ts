import type { Ipv4 } from '../../wire/ipv4.ts';
import { exceptionName } from '../fib/exception-name.ts';
import { learnedPathMtu } from '../fib/known-path-mtu.ts';
import type { InputRoute, OutputRoute, Via } from '../fib/route-result.ts';
import type { PathMtu } from '../netns-session.ts';
import type { Exit } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { knownGateway } from './redirect.ts';

type Forwarded = Extract<InputRoute, { kind: 'forward' }>;

/** The way out with what redirects and fragmentation-needed errors taught of it. @source net/ipv4/route.c find_exception, rt_bind_exception */
export function sentByExceptions(stack: Stack, dst: Ipv4, route: OutputRoute): OutputRoute {
  if (route.kind !== 'unicast' || knowsNone(stack)) return route;
  return taught(stack, dst, route, learnedPathMtu(stack, dst, route));
}

/**
 * The same for what is received and goes on: a redirect holds for it, too; the path MTU only where it is locked, or the host is told to
 * believe it.
 * @source net/ipv4/route.c __mkroute_input; include/net/ip.h ip_dst_mtu_maybe_forward
 */
export function forwardedByExceptions(stack: Stack, dst: Ipv4, route: Forwarded): Forwarded {
  if (knowsNone(stack)) return route;
  const learned = learnedPathMtu(stack, dst, route);
  return taught(stack, dst, route, learned?.locked === true || stack.netns.sysctl.ipForwardUsePmtu ? learned : null);
}

function taught<T extends Via>(stack: Stack, dst: Ipv4, route: T, learned: PathMtu | null): T {
  const gateway = knownGateway(stack, dst, route);
  if (learned === null) return gateway === route.gateway ? route : { ...route, gateway };
  return { ...route, gateway, mtuBytes: Math.min(learned.bytes, route.mtuBytes), mtuLocked: learned.locked };
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
