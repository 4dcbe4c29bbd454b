import type { HookEnv } from '../hook-env.ts';
import { changesOf, type IpsetChanges } from '../session.ts';
import { longestLengths, rememberLengths } from './added.ts';
import { isAlive } from './alive.ts';
import { type CompiledIpset, ipsetsByName } from './compile.ts';
import { elementOf, removeElement, replaceElement } from './ip-mac.ts';
import type { Ipset, IpsetEntry } from './ipset.ts';
import { entryKey, packetKey } from './print.ts';
import { MAX_DEPTH, packetKeys } from './test.ts';

/** `maxelem` of a set that names none. @source net/netfilter/ipset/ip_set_hash_gen.h IPSET_DEFAULT_MAXELEM */
const DEFAULT_MAX_ELEMENTS = 65_536;

/** What a rule wants done with a set. */
export interface IpsetChange {
  readonly op: 'add' | 'del';
  /** Which end of the packet each dimension reads. */
  readonly dims: readonly ('src' | 'dst')[];
  /** What is there already is added again, with a new timeout. */
  readonly exist: boolean;
  readonly timeoutSeconds: number | null;
}

/**
 * Adds what a packet shows to a set, or takes it out. A list hands it to its members, until one does something.
 * @returns whether anything was done; `unknown`: env says why that is not known
 * @source net/netfilter/ipset/ip_set_core.c ip_set_add, ip_set_del; ip_set_list_set.c list_set_kadd, list_set_kdel
 */
export function changeIpset(env: HookEnv, name: string, change: IpsetChange, depth = 0): 'done' | 'refused' | 'unknown' {
  const { netns, session, effects } = env.stack;
  const set = ipsetsByName(netns.tables.ipsets).get(name);
  if (set === undefined || depth > MAX_DEPTH) {
    env.unknownReason = set === undefined ? 'NOT_COLLECTED' : 'IPSET_DEPTH';
    env.unknownText =
      set === undefined ? `the rule changes ipset ${name}, which is not there` : `ipset ${name} holds lists of lists too deep to follow`;
    return 'unknown';
  }
  if (set.ipset.type === 'list:set') return changeFirst(env, set, change, depth);
  if (change.dims.length < set.dimensions.length || set.ipset.family === 'inet6') return 'refused';
  const keys = packetKeys(env, set, change.dims);
  if (keys === null) return 'refused';
  const changes = changesOf(session.netfilter, name);
  const lengths = longestLengths(set, changes, effects.nowMs);
  const key = packetKey(set.ipset, keys, lengths);
  if (change.op === 'del') return remove(set.ipset, changes, key, effects.nowMs) ? 'done' : 'refused';
  if (isFull(set, changes, key, effects.nowMs)) {
    if (!set.ipset.header.includes('forceadd')) return 'refused';
    env.unknownReason = 'IPSET_OPTION';
    env.unknownText = `ipset ${name} is full, and which entry makes room (forceadd) is not modelled`;
    return 'unknown';
  }
  if (!add(set.ipset, changes, key, change, effects.nowMs)) return 'refused';
  rememberLengths(changes, lengths);
  return 'done';
}

function changeFirst(env: HookEnv, { ipset }: CompiledIpset, change: IpsetChange, depth: number): 'done' | 'refused' | 'unknown' {
  for (const entry of ipset.entries) {
    const [part] = entry.parts;
    if (part?.k !== 'set' || !isAlive(entry, env.stack.effects.nowMs, undefined, ipset.type)) continue;
    const result = changeIpset(env, part.name, change, depth + 1);
    if (result !== 'refused') return result;
  }
  return 'refused';
}

function add(ipset: Ipset, changes: IpsetChanges, key: string, { exist, timeoutSeconds }: IpsetChange, nowMs: number): boolean {
  // A set without timeouts heeds none.
  const seconds = ipset.timeoutSeconds === null ? 0 : (timeoutSeconds ?? ipset.timeoutSeconds);
  const untilMs = seconds === 0 ? Number.POSITIVE_INFINITY : nowMs + seconds * 1000;
  if (ipset.type === 'bitmap:ip,mac') {
    const old = elementOf(ipset, changes, key, nowMs);
    if (old?.hasMac === true && !exist) return false;
    replaceElement(changes, old, key, untilMs);
    return true;
  }
  if (isThere(ipset, changes, key, nowMs) && !exist) return false;
  if (entriesByKey(ipset).has(key)) changes.deleted.add(key);
  changes.added.set(key, untilMs);
  return true;
}

function remove(ipset: Ipset, changes: IpsetChanges, key: string, nowMs: number): boolean {
  if (ipset.type === 'bitmap:ip,mac') {
    const old = elementOf(ipset, changes, key, nowMs);
    if (old !== null) removeElement(changes, old);
    return old !== null;
  }
  const isKnown = isThere(ipset, changes, key, nowMs);
  changes.added.delete(key);
  if (entriesByKey(ipset).has(key)) changes.deleted.add(key);
  return isKnown;
}

function isThere(ipset: Ipset, changes: IpsetChanges, key: string, nowMs: number): boolean {
  if ((changes.added.get(key) ?? -1) > nowMs) return true;
  const entry = entriesByKey(ipset).get(key);
  return entry !== undefined && isAlive(entry, nowMs, changes, ipset.type);
}

/** Whether there is no room for one more. @source net/netfilter/ipset/ip_set_hash_gen.h mtype_add */
function isFull({ ipset, hasTimeouts }: CompiledIpset, changes: IpsetChanges, key: string, nowMs: number): boolean {
  if (!ipset.type.startsWith('hash:')) return false;
  const max = maxElementsOf(ipset);
  const { entries, type } = ipset;
  if (entries.length + changes.added.size < max || isThere(ipset, changes, key, nowMs)) return false;
  const listed = hasTimeouts
    ? entries.filter((entry) => isAlive(entry, nowMs, changes, type)).length
    : entries.length - changes.deleted.size;
  let added = 0;
  for (const untilMs of changes.added.values()) if (untilMs > nowMs) added++;
  return listed + added >= max;
}

function maxElementsOf({ header }: Ipset): number {
  const told = header.find((words) => words.startsWith('maxelem '));
  return told === undefined ? DEFAULT_MAX_ELEMENTS : Number(told.slice('maxelem '.length));
}

const indexes = new WeakMap<Ipset, ReadonlyMap<string, IpsetEntry>>();

function entriesByKey(ipset: Ipset): ReadonlyMap<string, IpsetEntry> {
  const known = indexes.get(ipset);
  if (known !== undefined) return known;
  const index = new Map(ipset.entries.map((entry) => [entryKey(entry, ipset.type), entry]));
  indexes.set(ipset, index);
  return index;
}
