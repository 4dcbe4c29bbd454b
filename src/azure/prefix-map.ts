import type { Ipv4 } from '../wire/ipv4.ts';
import { type Prefix, covers, mask } from '../wire/prefix.ts';

/** Longest-prefix match: one exact-match map for each prefix length in use, longest first. */
export interface PrefixMap<T> {
  readonly masks: readonly number[];
  readonly levels: readonly ReadonlyMap<number, T>[];
}

/** Compiles rows; of several with one prefix the first counts. */
export function prefixMap<T>(rows: Iterable<readonly [Prefix, T]>): PrefixMap<T> {
  const byLen = new Map<number, Map<number, T>>();
  for (const [prefix, value] of rows) {
    const level = byLen.get(prefix.len) ?? new Map<number, T>();
    byLen.set(prefix.len, level);
    if (!level.has(prefix.addr)) level.set(prefix.addr, value);
  }
  const sorted = [...byLen].sort((a, b) => b[0] - a[0]);
  return { masks: sorted.map(([len]) => mask(len)), levels: sorted.map(([, level]) => level) };
}

export function lookup<T>(map: PrefixMap<T>, addr: Ipv4): T | undefined {
  const { masks, levels } = map;
  for (let i = 0; i < masks.length; i++) {
    const found = levels[i]?.get(addr & (masks[i] ?? 0));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether any prefix holds an address. */
export type PrefixSet = PrefixMap<true>;

/** Compiles a set; prefixes inside others cost nothing. */
export function prefixSet(prefixes: Iterable<Prefix>): PrefixSet {
  const kept: Prefix[] = [];
  for (const prefix of [...prefixes].sort((a, b) => a.len - b.len)) {
    if (!kept.some((wider) => covers(wider, prefix))) kept.push(prefix);
  }
  return prefixMap(kept.map((prefix) => [prefix, true]));
}

export function inSet(set: PrefixSet, addr: Ipv4): boolean {
  return lookup(set, addr) !== undefined;
}
