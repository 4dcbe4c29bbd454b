import type { IpsetChanges } from '../session.ts';
import { isAlive } from './alive.ts';
import { type CompiledIpset, lengthsOf, type PartKey } from './compile.ts';
import type { Ipset, IpsetEntry } from './ipset.ts';
import { packetKey } from './print.ts';

const HOST = 32;
const NO_NETWORKS: readonly (readonly number[])[] = [[]];

/** The prefix lengths of the longest networks that a rule added and that hold the packet; null: no rule has added it. */
export function findAdded(set: CompiledIpset, keys: readonly PartKey[], changes: IpsetChanges, nowMs: number): readonly number[] | null {
  const tried = set.dimensions.includes('net') ? changes.lengths : NO_NETWORKS;
  return tried.find((lengths) => (changes.added.get(packetKey(set.ipset, keys, lengths)) ?? -1) > nowMs) ?? null;
}

/** Whether networks of these prefix lengths are found before others of the same packet. */
export function isLonger(lengths: readonly number[], others: readonly number[]): boolean {
  return compareLengths(lengths, others) <= 0;
}

/**
 * Whether an added network that is there with other interfaces only hides a shorter one.
 * @param interfaces that a packet may have come in by
 * @source net/netfilter/ipset/ip_set_hash_gen.h mtype_test_cidrs: !multi
 */
export function hidesShorter(
  { ipset }: CompiledIpset,
  [addr = 0]: readonly PartKey[],
  { added, lengths }: IpsetChanges,
  shorter: readonly number[],
  interfaces: readonly string[],
  nowMs: number,
): boolean {
  return lengths.some(
    (longer) =>
      compareLengths(longer, shorter) < 0 && interfaces.some((name) => (added.get(packetKey(ipset, [addr, name], longer)) ?? -1) > nowMs),
  );
}

function compareLengths(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((len, i) => len !== b[i]);
  return differs < 0 ? 0 : (b[differs] ?? 0) - (a[differs] ?? 0);
}

/** Makes an added element one that {@link findAdded} finds. */
export function rememberLengths(changes: IpsetChanges, lengths: readonly number[]): void {
  if (changes.lengths.some((known) => compareLengths(known, lengths) === 0)) return;
  changes.lengths = [...changes.lengths, lengths].toSorted(compareLengths);
}

/**
 * How long the networks are that a rule adds or takes out: as the longest that the set holds, or a single address where it holds none.
 * @source net/netfilter/ipset/ip_set_hash_net.c hash_net4_kadt: INIT_CIDR
 */
export function longestLengths(set: CompiledIpset, changes: IpsetChanges, nowMs: number): readonly number[] {
  const at = set.dimensions.flatMap((dimension, i) => (dimension === 'net' ? [i] : []));
  return at.map((dimension, n) => {
    const listed = longestListed(set.ipset, n, (entry) => isAlive(entry, nowMs, changes, set.ipset.type));
    const candidates = new Set(changes.lengths.flatMap((lengths) => lengths[n] ?? []).filter((len) => len > listed));
    const longest = Math.max(listed, candidates.size === 0 ? 0 : longestAdded(changes, dimension, candidates, nowMs));
    return longest === 0 ? HOST : longest;
  });
}

/** 0: there is none. */
function longestListed(ipset: Ipset, n: number, accept: (entry: IpsetEntry) => boolean): number {
  for (const [len, entries] of byLength(ipset)[n] ?? []) if (entries.some(accept)) return len;
  return 0;
}

function longestAdded({ added }: IpsetChanges, dimension: number, candidates: ReadonlySet<number>, nowMs: number): number {
  const most = Math.max(...candidates);
  let longest = 0;
  for (const [key, untilMs] of added) {
    if (untilMs <= nowMs) continue;
    const [, len = HOST] = key.split(',')[dimension]?.split('/') ?? [];
    longest = Math.max(longest, Number(len));
    if (longest >= most) break;
  }
  return longest;
}

/** Entries by the length of their first network, and by that of their second; the longest first. */
type ByLength = readonly (readonly (readonly [len: number, entries: readonly IpsetEntry[]])[])[];

const indexes = new WeakMap<Ipset, ByLength>();

function byLength(ipset: Ipset): ByLength {
  const known = indexes.get(ipset);
  if (known !== undefined) return known;
  const index = [0, 1].map((n) => {
    const groups = new Map<number, IpsetEntry[]>();
    for (const entry of ipset.entries) {
      const len = lengthsOf(entry)[n];
      if (len === undefined) continue;
      const group = groups.get(len);
      if (group === undefined) groups.set(len, [entry]);
      else group.push(entry);
    }
    return [...groups].toSorted(([a], [b]) => b - a);
  });
  indexes.set(ipset, index);
  return index;
}
