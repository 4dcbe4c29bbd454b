import type { Recorder } from '../../trace/recorder.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import type { Foresight } from './foresight.ts';
import type { Hook } from './hook.ts';
import type { RejectKind } from './target/target.ts';

export { FORWARD, HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING, type Hook } from './hook.ts';

/** What a traversal of a table ends in. */
export const ACCEPTED = 0;
export const DROPPED = 1;
/** REJECT: the packet is gone and its error, if one could be sent, is on its way already. */
export const REJECTED = 2;
export const UNKNOWN = 3;
export type TableVerdict = 0 | 1 | 2 | 3;

/**
 * What a rule sees: the packet at one hook of one namespace. One object serves a whole hook; targets change the packet in place.
 */
export interface HookEnv {
  readonly stack: Stack;
  readonly hook: Hook;
  readonly skb: Skb;
  /** The device the packet came in by; null in OUTPUT. */
  readonly in: Device | null;
  /** The device it will leave by; null before routing and in INPUT. */
  readonly out: Device | null;
  readonly recorder: Recorder | null;
  /** Not null while rules are only tried out: then UNKNOWN without a reason is where the trial ended. */
  readonly foresight: Foresight | null;
  /**
   * Answers the packet with an error or a reset, which crosses OUTPUT and POSTROUTING before this returns. Handed in, because the way
   * out leads through these very tables.
   */
  readonly reject: (env: HookEnv, kind: RejectKind) => void;
  /** What reading the table has cost so far, in rules. */
  work: number;
  /** Set with UNKNOWN: the stable reason and a sentence. */
  unknownReason: string;
  unknownText: string;
  /** Set with DROPPED and REJECTED: the reason and a sentence that names the rule. */
  dropReason: string;
  dropText: string;
}
