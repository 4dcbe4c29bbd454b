/**
 * The counters of an iptables-save, as `PACKETS:BYTES`: of a built-in chain's policy under `TABLE:CHAIN`, of a rule under
 * `TABLE:CHAIN:INDEX`, counted from 1. Counters that are zero are left out. No packet's fate depends on them.
 */
export type Counters = ReadonlyMap<string, string>;

export const NO_COUNTERS: Counters = new Map();

const COUNTERS = /^\[(\d{1,20}:\d{1,20})\]$/;

/** `12:345` of `[12:345]`; null when the text is none. */
export function parseCounters(text: string): string | null {
  return COUNTERS.exec(text)?.[1] ?? null;
}

export const ZERO = '0:0';
