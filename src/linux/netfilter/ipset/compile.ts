import { mask } from '../../../wire/prefix.ts';
import type { Ipset, IpsetEntry, IpsetPart } from './ipset.ts';
import { DIMENSIONS, type Dimension } from './part.ts';

/** A value of one dimension, as packets and entries are compared by it. */
export type PartKey = number | string;

type Next = Level | IpsetEntry;

/** One dimension of a compiled set: exact values, or networks by length with the longest first. */
interface Level {
  readonly kind: 'level';
  readonly exact: Map<PartKey, Next>;
  readonly lengths: number[];
  readonly networks: Map<number, Map<number, Next>>;
}

/** A set made ready for packets: one hash table for each dimension and prefix length. */
export interface CompiledIpset {
  readonly ipset: Ipset;
  readonly dimensions: readonly Dimension[];
  readonly root: Level;
  readonly hasTimeouts: boolean;
  /** An option of the set, or a kind of member, that changes what is found and is not modelled. */
  readonly unmodelled: string | null;
}

const compiled = new WeakMap<Ipset, CompiledIpset>();

/** Compiles a frozen set once. */
export function compileIpset(ipset: Ipset): CompiledIpset {
  let result = compiled.get(ipset);
  if (result === undefined) {
    const dimensions = DIMENSIONS[ipset.type];
    const root = newLevel();
    for (const entry of ipset.entries) if (!isForPorts(entry)) insert(root, entry, ipset);
    const hasTimeouts = ipset.entries.some((entry) => (entry.timeoutSeconds ?? 0) > 0);
    result = { ipset, dimensions, root, hasTimeouts, unmodelled: unmodelledOption(ipset, dimensions) };
    compiled.set(ipset, result);
  }
  return result;
}

/**
 * Nothing that xt_set asks is about the ports of a bridge.
 * @source net/netfilter/ipset/ip_set_hash_netiface.c hash_netiface4_kadt (IPSET_FLAG_PHYSDEV), net/netfilter/xt_set.c
 */
function isForPorts({ parts }: IpsetEntry): boolean {
  return parts.some((part) => part.k === 'iface' && part.physdev);
}

function unmodelledOption({ header, netmask, type }: Ipset, dimensions: readonly Dimension[]): string | null {
  if (header.some((option) => option.startsWith('bitmask '))) return 'bitmask';
  if (netmask !== null && dimensions.includes('net')) return `the netmask of a ${type}`;
  return null;
}

function newLevel(): Level {
  return { kind: 'level', exact: new Map(), lengths: [], networks: new Map() };
}

function insert(root: Level, entry: IpsetEntry, ipset: Ipset): void {
  let level = root;
  const last = entry.parts.length - 1;
  for (let i = 0; i <= last; i++) {
    const part = entry.parts[i];
    if (part === undefined || part.k === 'text') return;
    const table = part.k === 'net' ? networksOf(level, part.len) : level.exact;
    const key = part.k === 'net' ? part.addr : partKey(part, ipset);
    if (i === last) {
      table.set(key, entry);
      return;
    }
    const known = table.get(key);
    const next = known !== undefined && 'kind' in known ? known : newLevel();
    if (next !== known) table.set(key, next);
    level = next;
  }
}

function networksOf(level: Level, len: number): Map<PartKey, Next> {
  let networks = level.networks.get(len);
  if (networks === undefined) {
    networks = new Map();
    level.networks.set(len, networks);
    level.lengths.push(len);
    level.lengths.sort((a, b) => b - a);
  }
  return networks;
}

function partKey(part: Exclude<IpsetPart, { k: 'net' | 'text' }>, ipset: Ipset): PartKey {
  switch (part.k) {
    case 'ip':
      return ipset.netmask === null ? part.addr : part.addr & mask(ipset.netmask);
    case 'port':
      return ipset.type === 'bitmap:port' ? part.port : (part.proto << 16) | part.port;
    case 'mac':
      return part.mac;
    case 'iface':
      return part.physdev ? `physdev:${part.name}` : part.name;
    case 'mark':
      return part.mark | 0;
    case 'set':
      return part.name;
  }
}

/**
 * The entry that the kernel finds for the values of all dimensions: the longest network first, dimension by dimension.
 * @param accept entries it refuses (expired, deleted) are passed over
 */
export function findEntry(
  set: CompiledIpset,
  keys: readonly PartKey[],
  accept: ((entry: IpsetEntry) => boolean) | null,
): IpsetEntry | null {
  return set.ipset.type === 'hash:net,iface' ? findInterface(set.root, keys, accept) : descend(set.root, keys, 0, accept);
}

/**
 * The longest network that has any interface, of what is still there, is the only one that counts.
 * @source net/netfilter/ipset/ip_set_hash_gen.h mtype_test_cidrs: !multi
 */
function findInterface(
  { lengths, networks }: Level,
  keys: readonly PartKey[],
  accept: ((entry: IpsetEntry) => boolean) | null,
): IpsetEntry | null {
  const [addr] = keys;
  if (typeof addr !== 'number') return null;
  for (const len of lengths) {
    const interfaces = networks.get(len)?.get(addr & mask(len));
    const found = descend(interfaces, keys, 1, accept);
    if (found !== null || holdsAny(interfaces, accept)) return found;
  }
  return null;
}

function holdsAny(next: Next | undefined, accept: ((entry: IpsetEntry) => boolean) | null): boolean {
  if (next === undefined) return false;
  if (accept === null) return true;
  if (!('kind' in next)) return accept(next);
  for (const entry of next.exact.values()) if (holdsAny(entry, accept)) return true;
  return false;
}

/** The prefix lengths of an entry's networks. */
export function lengthsOf({ parts }: IpsetEntry): number[] {
  return parts.flatMap((part) => (part.k === 'net' ? [part.len] : []));
}

function descend(
  next: Next | undefined,
  keys: readonly PartKey[],
  at: number,
  accept: ((entry: IpsetEntry) => boolean) | null,
): IpsetEntry | null {
  if (next === undefined) return null;
  if (!('kind' in next)) return accept === null || accept(next) ? next : null;
  const key = keys[at];
  if (key === undefined) return null;
  if (next.exact.size > 0) return descend(next.exact.get(key), keys, at + 1, accept);
  if (typeof key === 'string') return null;
  for (let i = 0; i < next.lengths.length; i++) {
    const len = next.lengths[i] ?? 0;
    const found = descend(next.networks.get(len)?.get(key & mask(len)), keys, at + 1, accept);
    if (found !== null) return found;
  }
  return null;
}

/** The sets of a namespace by name, looked up once for each list. */
export function ipsetsByName(ipsets: readonly Ipset[]): ReadonlyMap<string, CompiledIpset> {
  let byName = byList.get(ipsets);
  if (byName === undefined) {
    byName = new Map(ipsets.map((ipset) => [ipset.name, compileIpset(ipset)]));
    byList.set(ipsets, byName);
  }
  return byName;
}

const byList = new WeakMap<readonly Ipset[], ReadonlyMap<string, CompiledIpset>>();
