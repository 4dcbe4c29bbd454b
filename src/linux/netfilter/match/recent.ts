import { type Ipv4, ANY, BROADCAST, formatIpv4, ipv4 } from '../../../wire/ipv4.ts';
import type { Netns } from '../../netns.ts';
import type { HookEnv } from '../hook-env.ts';
import type { NetfilterSession, RecentEntry } from '../session.ts';
import { type OptionUse, missing, bang, fault, numberOf, options, parseLooseIpv4, value } from '../syntax.ts';
import type { RecentMatch } from './match.ts';
import { type MatchModule, answer } from './module.ts';

/** Entries a list holds before the oldest goes, and timestamps an entry keeps. @source net/netfilter/xt_recent.c ip_list_tot */
const MAX_ENTRIES = 100;
const MIN_STAMPS = 32;
const MAX_HITS = 255;

const MODES = { '--set': 'set', '--rcheck': 'rcheck', '--update': 'update', '--remove': 'remove' } as const;

const BLANK: RecentMatch = {
  m: 'recent',
  mode: 'rcheck',
  not: false,
  name: 'DEFAULT',
  seconds: 0,
  hitcount: 0,
  reap: false,
  rttl: false,
  mask: BROADCAST,
  side: 'source',
};

function withOption(match: RecentMatch, use: OptionUse): RecentMatch {
  switch (use.name) {
    case '--set':
    case '--rcheck':
    case '--update':
    case '--remove':
      return { ...match, mode: MODES[use.name], not: use.not };
    case '--seconds':
      return { ...match, seconds: numberOf(use, 0xffff_ffff, 1) };
    case '--hitcount':
      return { ...match, hitcount: numberOf(use, MAX_HITS) };
    case '--reap':
      return { ...match, reap: true };
    case '--rttl':
      return { ...match, rttl: true };
    case '--name':
      if (!/^[^/\s]{1,199}$/.test(value(use))) throw fault(use, 'a list name without / of at most 199 characters');
      return { ...match, name: value(use) };
    case '--mask': {
      const mask = parseLooseIpv4(value(use));
      if (mask === null) throw fault(use, 'a netmask, e.g. 255.255.255.0');
      return { ...match, mask };
    }
    default:
      return { ...match, side: use.name === '--rdest' ? 'destination' : 'source' };
  }
}

function touch(list: Map<Ipv4, RecentEntry>, addr: Ipv4, entry: RecentEntry, nowMs: number, stamps: number, ttl: number): void {
  entry.stampsMs.push(nowMs);
  if (entry.stampsMs.length > stamps) entry.stampsMs.shift();
  entry.ttl = ttl;
  list.delete(addr);
  list.set(addr, entry);
}

/** Drops the entry that was used longest ago when all its hits are older than `beforeMs`. */
function reap(list: Map<Ipv4, RecentEntry>, beforeMs: number): void {
  for (const [addr, entry] of list) {
    if ((entry.stampsMs.at(-1) ?? 0) < beforeMs) list.delete(addr);
    return;
  }
}

function listOf(session: NetfilterSession, name: string): Map<Ipv4, RecentEntry> {
  let list = session.recent.get(name);
  if (list === undefined) {
    list = new Map();
    session.recent.set(name, list);
  }
  return list;
}

/** What all rules of a list agree upon. */
interface ListKind {
  /** That of the rule that made the list, whatever later ones ask for. */
  readonly mask: Ipv4;
  /** Stamps an entry keeps: enough for the rule that counts the furthest. */
  readonly stamps: number;
}

const kinds = new WeakMap<Netns, ReadonlyMap<string, ListKind>>();

/** @source net/netfilter/xt_recent.c recent_mt_check */
function kindsOf(netns: Netns): ReadonlyMap<string, ListKind> {
  const known = kinds.get(netns);
  if (known !== undefined) return known;
  const found = new Map<string, ListKind>();
  for (const table of [...Object.values(netns.iptablesLegacy ?? {}), ...Object.values(netns.iptables)]) {
    for (const { matches } of table.chains.flatMap(({ rules }) => rules)) {
      for (const match of matches) if (match.m === 'recent') found.set(match.name, joined(found.get(match.name), match));
    }
  }
  kinds.set(netns, found);
  return found;
}

function joined(before: ListKind | undefined, { mask, hitcount }: RecentMatch): ListKind {
  const stamps = Math.max(MIN_STAMPS, 2 ** Math.ceil(Math.log2(Math.max(1, hitcount))));
  return before === undefined ? { mask, stamps } : { mask: before.mask, stamps: Math.max(before.stamps, stamps) };
}

/**
 * The list keeps the TTL as it was before forwarding took one off, and takes what has no socket here for forwarded. It has eight bits for
 * it.
 * @source net/netfilter/xt_recent.c recent_mt
 */
function ttlOf({ skb, out }: HookEnv): number {
  const hasSocket = skb.local && skb.sender !== 'none';
  return out !== null && !hasSocket ? (skb.ttl + 1) & 0xff : skb.ttl;
}

/** Zero stands for any. @source net/netfilter/xt_recent.c recent_entry_lookup */
function isOfTtl(entry: RecentEntry, ttl: number): boolean {
  return entry.ttl === ttl || entry.ttl === 0 || ttl === 0;
}

/** @source net/netfilter/xt_recent.c recent_mt */
function consult(match: RecentMatch, env: HookEnv): boolean {
  const { skb } = env;
  const nowMs = env.stack.effects.nowMs;
  const list = listOf(env.stack.session.netfilter, match.name);
  const { mask, stamps } = kindsOf(env.stack.netns.tables).get(match.name) ?? joined(undefined, match);
  const addr = ipv4((match.side === 'source' ? skb.src : skb.dst) & mask);
  const ttl = ttlOf(env);
  const found = list.get(addr);
  const entry = found !== undefined && match.rttl && !isOfTtl(found, ttl) ? undefined : found;

  if (match.mode === 'set') {
    if (entry === undefined && list.size >= MAX_ENTRIES) list.delete(list.keys().next().value ?? ANY);
    touch(list, addr, entry ?? { ttl, stampsMs: [] }, nowMs, stamps, ttl);
    return !match.not;
  }
  if (entry === undefined) return match.not;
  if (match.mode === 'remove') {
    list.delete(addr);
    return !match.not;
  }
  const since = nowMs - match.seconds * 1000;
  let hits = 0;
  for (const stamp of entry.stampsMs) if (match.seconds === 0 || stamp >= since) hits++;
  const matches = hits >= Math.max(1, match.hitcount) !== match.not;
  if (match.reap && match.seconds > 0) reap(list, since);
  if (match.mode === 'update' && matches) touch(list, addr, entry, nowMs, stamps, ttl);
  return matches;
}

/** `-m recent`; the lists live in the session. */
export const recent: MatchModule<RecentMatch> = {
  name: 'recent',
  protos: [],
  pure: false,
  options: options(
    ['--set', { values: 0, not: true }],
    ['--rcheck', { values: 0, not: true }],
    ['--update', { values: 0, not: true }],
    ['--remove', { values: 0, not: true }],
    ['--seconds', { values: 1 }],
    ['--reap', { values: 0 }],
    ['--hitcount', { values: 1 }],
    ['--rttl', { values: 0 }],
    ['--name', { values: 1 }],
    ['--mask', { values: 1 }],
    ['--rsource', { values: 0 }],
    ['--rdest', { values: 0 }],
  ),
  parse(uses) {
    if (!uses.some((use) => use.name in MODES)) {
      throw missing('-m recent', '--set, --rcheck, --update or --remove');
    }
    let match = BLANK;
    for (const use of uses) match = withOption(match, use);
    return match;
  },
  print(match) {
    return [
      `${bang(match)} --${match.mode}`,
      match.seconds === 0 ? '' : ` --seconds ${match.seconds}`,
      match.reap ? ' --reap' : '',
      match.hitcount === 0 ? '' : ` --hitcount ${match.hitcount}`,
      match.rttl ? ' --rttl' : '',
      ` --name ${match.name} --mask ${formatIpv4(match.mask)}`,
      match.side === 'source' ? ' --rsource' : ' --rdest',
    ].join('');
  },
  compile: (match) => (env) => answer(consult(match, env)),
  whyNot: (match) => `the address is ${match.not ? '' : 'not '}in the recent list ${match.name}`,
};
