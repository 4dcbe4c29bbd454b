import type { NeighbourState } from './neighbour.ts';

/** How long states last. @source include/net/neighbour.h struct neigh_parms */
export interface NeighbourAges {
  readonly baseReachableTimeMs: number;
  readonly delayFirstProbeTimeMs: number;
}

/**
 * What the clock has made of a state that was entered then: a reachable neighbour that nobody confirmed for a while is stale; one that was
 * used while stale is asked for again.
 * @source net/core/neighbour.c neigh_timer_handler
 */
export function agedState<T extends NeighbourState>(state: T, sinceMs: number, ages: NeighbourAges, nowMs: number): T | 'stale' | 'probe' {
  const ageMs = nowMs - sinceMs;
  if (state === 'reachable' && ageMs > ages.baseReachableTimeMs) return 'stale';
  if (state === 'delay' && ageMs > ages.delayFirstProbeTimeMs) return 'probe';
  return state;
}
