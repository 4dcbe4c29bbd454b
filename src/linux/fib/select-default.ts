import { ANY } from '../../wire/ipv4.ts';
import { agedState } from '../neighbour-age.ts';
import type { NeighbourState } from '../neighbour.ts';
import { neighbourAt } from '../neighbours-by-address.ts';
import type { FibNexthop, FibRoute } from './fib-route.ts';
import { TOS_MASK } from './fib-table.ts';
import type { Flow } from './flow.ts';
import { SCOPE_LINK } from './scope.ts';
import type { RoutingStack } from './select-path.ts';

type Candidate = FibNexthop & { readonly device: NonNullable<FibNexthop['device']> };

/**
 * Of several default routes of one table, alike in metric, takes the first whose gateway is not known to be dead. One whose Ethernet address
 * is known and not confirmed is passed over where it was taken the last time, so that two may take turns.
 * @source net/ipv4/fib_semantics.c fib_select_default, fib_detect_death
 */
export function selectDefault(stack: RoutingStack, flow: Flow): void {
  const { route } = flow;
  if (route === null || route.len > 0 || route.type !== 'unicast' || !stack.netns.fib.severalDefaults) return;
  const candidates = candidatesOf(stack, flow, route);
  const [first] = candidates;
  if (first === undefined) return;
  const { defaults } = stack.session;
  const name = nameOf(first);
  if (candidates.length < 2) {
    defaults.delete(name);
    return;
  }
  const last = defaults.get(name) ?? -1;
  let resort = -1;
  for (const [order, candidate] of candidates.entries()) {
    const state = stateOf(stack, candidate);
    const isValid = state !== null && state !== 'incomplete' && state !== 'failed';
    if (state === null || state === 'reachable' || (isValid && order !== last)) {
      defaults.set(name, order);
      take(flow, candidate);
      return;
    }
    if (isValid || (resort < 0 && order > last && state !== 'incomplete')) resort = order;
  }
  defaults.set(name, resort);
  const candidate = candidates[resort];
  if (candidate !== undefined) take(flow, candidate);
}

/** The first ways of those routes that a gateway serves, beginning with the one that was found; none where another one comes first. */
function candidatesOf({ netns }: RoutingStack, { tos }: Flow, found: FibRoute): Candidate[] {
  const candidates: Candidate[] = [];
  let { metric } = found;
  let lastTos = 0;
  for (const route of netns.fib.tables.get(found.table)?.exactly(ANY, 0) ?? []) {
    if (route.tos !== 0 && route.tos !== (tos & TOS_MASK)) continue;
    if (route.metric > metric && route.tos === lastTos) {
      if (lastTos !== 0) continue;
      break;
    }
    if (route.nexthops.length > 0 && route.nexthops.every(({ dead }) => dead)) continue;
    lastTos = route.tos;
    ({ metric } = route);
    if (route.scope !== found.scope || route.type !== 'unicast') continue;
    const [way] = route.nexthops;
    if (way === undefined || way.gateway === ANY || way.scope !== SCOPE_LINK || !hasDevice(way)) continue;
    if (candidates.length === 0 && route !== found) break;
    candidates.push(way);
  }
  return candidates;
}

function hasDevice(way: FibNexthop): way is Candidate {
  return way.device !== null;
}

function take(flow: Flow, candidate: FibNexthop): void {
  flow.route = candidate.route;
  flow.nexthop = candidate;
}

/** What is kept of a choice belongs to the first of the routes. */
function nameOf({ route: { table, tos, metric }, device, gateway }: Candidate): string {
  return `${table} ${tos} ${metric} ${device.name} ${gateway}`;
}

/** How well a gateway is known by now; null: nobody has asked for it. */
function stateOf({ netns, session, effects }: RoutingStack, { device, gateway }: Candidate): NeighbourState | null {
  const aged = (state: NeighbourState, sinceMs: number): NeighbourState => agedState(state, sinceMs, device.sysctl.neigh, effects.nowMs);
  const taught = session.neighbours.get(device.name)?.get(gateway);
  if (taught !== undefined) return aged(taught.state, taught.sinceMs);
  const entry = neighbourAt(netns.tables.neighbours, device.name, gateway);
  if (entry === null) return null;
  if (entry.state === 'permanent' || entry.state === 'noarp') return entry.state;
  return session.cold || (entry.mac === null && entry.state !== 'failed') ? null : aged(entry.state, 0);
}
