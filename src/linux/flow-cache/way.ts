import type { Ipv4 } from '../../wire/ipv4.ts';
import type { InputRoute, OutputRoute } from '../fib/route-result.ts';
import type { Reads } from '../netfilter/reads.ts';

/** The way of a packet is not foreseeable, or it ends here: the stages of path/ must be gone through. */
export const STEP_BY_STEP: { readonly kind: 'step-by-step' } = { kind: 'step-by-step' };

/** Where a received packet of a flow goes when every hook lets it pass unchanged. */
export type ReceivedWay = Extract<InputRoute, { kind: 'forward' | 'local' }> | typeof STEP_BY_STEP;

/** Where packets that a socket here sends are routed, and the source that they get. */
export interface SentWay {
  readonly kind: 'sent';
  readonly route: OutputRoute;
  readonly src: Ipv4;
}

export type Way = ReceivedWay | SentWay;

/** What was found out of a packet's way, and what that depends on. */
export interface Foreseen {
  readonly way: ReceivedWay;
  readonly reads: Reads;
}
