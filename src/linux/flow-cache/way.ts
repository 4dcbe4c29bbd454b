import type { InputRoute } from '../fib/route-result.ts';

/** The way of a packet is not foreseeable, or it ends here: the stages of path/ must be gone through. */
export const STEP_BY_STEP = null;

/** Where a received packet of a flow goes when every hook lets it pass unchanged. */
export type Way = Extract<InputRoute, { kind: 'forward' | 'local' }> | typeof STEP_BY_STEP;
