import type { NetfilterSession } from './netfilter/session.ts';

/** The flow state of one namespace; all of it is forgotten by a fresh session. (Filled in by linux/path.) */
export interface NetnsSession {
  readonly at: string;
  readonly netfilter: NetfilterSession;
}
