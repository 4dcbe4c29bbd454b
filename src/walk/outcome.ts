import type { Outcome } from '../trace/trace.ts';
import type { Observed } from './observed.ts';

/** The first outcome that holds, in the order of the trace contract. */
export function outcomeOf(observed: Observed): Outcome {
  if (observed.sendError !== null) return 'send-error';
  if (observed.isReset) return 'reset';
  if (observed.reply !== null) return 'replied';
  if (observed.icmpErrors.length > 0) return 'icmp-error';
  if (observed.unknown !== null) return 'unknown';
  if (observed.delivered !== null) return 'delivered';
  if (observed.isLoop) return 'loop';
  if (observed.drops.length > 0 || observed.exit === null) return 'dropped';
  return 'exits';
}
