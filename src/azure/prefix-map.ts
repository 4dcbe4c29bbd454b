import type { Ipv4 } from '../wire/ipv4.ts';
import { type Prefix, mask } from '../wire/prefix.ts';

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
  const lens: number[] = [];
  const kept = new Map<number, Set<number>>();
  for (const { addr, len } of [...prefixes].sort((a, b) => a.len - b.len)) {
    if (lens.some((wider) => kept.get(wider)?.has(addr & mask(wider)) === true)) continue;
    const level = kept.get(len);
    if (level === undefined) {
      lens.push(len);
      kept.set(len, new Set([addr]));
    } else level.add(addr);
  }
  lens.reverse();
  return {
    masks: lens.map((len) => mask(len)),
    levels: lens.map((len) => new Map([...(kept.get(len) ?? [])].map((addr) => [addr, true] as const))),
  };
}

export function inSet(set: PrefixSet, addr: Ipv4): boolean {
  return lookup(set, addr) !== undefined;
}
