import type { Skb } from '../linux/skb.ts';
import type { Observed } from './observed.ts';

/** How often a place must have seen a packet: a hairpin passes a router twice, a loop brings it back again and again. */
const ROUNDS = 3;

/**
 * The routers between which a packet went round until its TTL ended; null when that is not why it ended. Where the fabric sends a packet
 * back to the one router there is, the fabric is the other.
 */
export function routingLoop({ fading }: Observed, skb: Skb): readonly string[] | null {
  const places = fading.filter((visit) => visit.skb === skb).map(({ at }) => at);
  const last = places.at(-1);
  if (last === undefined || places.filter((at) => at === last).length < ROUNDS) return null;
  const round = places.slice(places.lastIndexOf(last, -2) + 1);
  const all = [...new Set(round)];
  const routers = all.filter((at) => !at.startsWith('fabric/'));
  return routers.length > 1 ? routers : all;
}

/** `routing loop between A, B and C` */
export function routingLoopText(places: readonly string[]): string {
  if (places.length < 2) return `routing loop: ${places[0] ?? 'a router'} sends to itself`;
  return `routing loop between ${places.slice(0, -1).join(', ')} and ${places.at(-1) ?? ''}`;
}
