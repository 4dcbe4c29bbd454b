import type { Gap } from '../gap.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';

/** Whether what a packet needs here is not known: it has then been accounted for, and its walk is UNKNOWN. */
export function isBlind(stack: Stack, skb: Skb, gap: Gap | null): boolean {
  if (gap === null) return false;
  stack.effects.unknown(stack, skb, gap.reason, gap.text);
  return true;
}
