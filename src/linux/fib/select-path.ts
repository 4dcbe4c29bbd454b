import type { Ipv4 } from '../../wire/ipv4.ts';
import { TCP, UDP } from '../../wire/proto.ts';
import type { NetnsSession } from '../netns-session.ts';
import type { Effects, Stack } from '../stack.ts';
import type { Flow, FlowKey } from './flow.ts';
import type { FibNexthop, FibRoute } from './fib-route.ts';
import { nexthopSource } from './source.ts';

/** The parts of a namespace at run time that routing needs. */
export interface RoutingStack extends Pick<Stack, 'at' | 'netns'> {
  readonly session: Pick<NetnsSession, 'multipath' | 'defaults' | 'neighbours' | 'cold'>;
  readonly effects: Pick<Effects, 'choose' | 'nowMs'>;
}

/**
 * Picks one of the ways of a multipath route. The kernel hashes the addresses (with `fib_multipath_hash_policy` 1 the ports too) with a
 * seed of its own, so the first packet of a flow leaves it to chance, by the ways' weights; later packets of the flow follow it.
 * @param chosenSource the source that a sending socket is bound to: a way that would use that address wins; null while forwarding
 * @source net/ipv4/fib_semantics.c fib_select_multipath, net/ipv4/route.c fib_multipath_hash
 */
export function selectMultipath(stack: RoutingStack, flow: Flow, key: FlowKey, chosenSource: Ipv4 | null): void {
  const { route } = flow;
  if (route === null || route.nexthops.length < 2) return;
  const usable = route.nexthops.filter((nexthop) => !nexthop.dead && !nexthop.ignored);
  const preferred = chosenSource === null ? [] : usable.filter((nexthop) => nexthopSource(stack.netns, nexthop) === chosenSource);
  const ways = preferred.length > 0 ? preferred : usable;
  flow.nexthop = ways.length < 2 ? (ways[0] ?? flow.nexthop) : choose(stack, route, ways, key);
}

function choose(stack: RoutingStack, route: FibRoute, ways: readonly FibNexthop[], key: FlowKey): FibNexthop | null {
  const { multipath } = stack.session;
  const flowName = `${route.table} ${route.dst}/${route.len} ${route.tos} ${route.metric} ${keyText(stack, key)}`;
  let index = multipath.get(flowName);
  if (index === undefined || !ways.some((way) => way.index === index)) {
    const total = ways.reduce((sum, { weight }) => sum + weight, 0);
    const picked = stack.effects.choose({ what: 'ecmp', at: stack.at, odds: ways.map(({ weight }) => weight / total) });
    index = ways[picked]?.index ?? 0;
    multipath.set(flowName, index);
  }
  return route.nexthops[index] ?? null;
}

/** Forgets the ways chosen since so many were known. */
export function forgetWays({ session: { multipath } }: RoutingStack, known: number): void {
  for (const flowName of [...multipath.keys()].slice(known)) multipath.delete(flowName);
}

function keyText(stack: RoutingStack, { src, dst, proto, sport, dport }: FlowKey): string {
  const addresses = `${src} ${dst}`;
  if (stack.netns.sysctl.fibMultipathHashPolicy !== 1) return addresses;
  return proto === TCP || proto === UDP ? `${addresses} ${proto} ${sport} ${dport}` : `${addresses} ${proto}`;
}
