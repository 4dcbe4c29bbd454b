import type { Ipv4 } from '../../wire/ipv4.ts';
import type { InputRoute, OutputRoute } from '../fib/route-result.ts';

/** The way of a packet is not foreseeable, or it ends here: the stages of path/ must be gone through. */
export const STEP_BY_STEP = null;

/** Where a received packet of a flow goes when every hook lets it pass unchanged. */
export type ReceivedWay = Extract<InputRoute, { kind: 'forward' | 'local' }>;

/** Where packets that a socket here sends are routed, and the source that they get. */
export interface SentWay {
  readonly kind: 'sent';
  readonly route: OutputRoute;
  readonly src: Ipv4;
}

export type Way = ReceivedWay | SentWay | typeof STEP_BY_STEP;
