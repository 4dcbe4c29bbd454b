import type { Ipv4 } from '../../wire/ipv4.ts';

/** One address of a `recent` list. */
export interface RecentEntry {
  ttl: number;
  /** Clock values, oldest first. */
  stampsMs: number[];
}

/** A token bucket of the `limit` match. */
export interface LimitBucket {
  /** In milliseconds of credit. */
  creditMs: number;
  atMs: number;
}

/** What SET and timeouts changed in one ipset since the namespace was frozen; keys are as ipset/print.ts gives them. */
export interface IpsetChanges {
  /** Key of an added entry → clock value at which it expires, or Infinity. */
  readonly added: Map<string, number>;
  readonly deleted: Set<string>;
  /** Prefix lengths that added networks have, one for each network of an entry; the longest first, each once. */
  lengths: readonly (readonly number[])[];
  /** `bitmap:ip,mac`: address → key of the element that was added for it. */
  readonly stations: Map<string, string>;
}

/** What netfilter remembers between packets, apart from conntrack. */
export interface NetfilterSession {
  /** List name → address → entry; the map keeps the order of last use, oldest first. */
  readonly recent: Map<string, Map<Ipv4, RecentEntry>>;
  /** `table:chain:index` of a `statistic --mode nth` rule → its counter. */
  readonly nth: Map<string, number>;
  /** `table:chain:index` of a `limit` rule → its bucket. */
  readonly limits: Map<string, LimitBucket>;
  readonly ipsets: Map<string, IpsetChanges>;
}

/** A session in which no packet has been seen. */
export function createNetfilterSession(): NetfilterSession {
  return { recent: new Map(), nth: new Map(), limits: new Map(), ipsets: new Map() };
}

/** An ipset in which nothing has changed. */
export function noChanges(): IpsetChanges {
  return { added: new Map(), deleted: new Set(), lengths: [], stations: new Map() };
}

function copyOf({ added, deleted, lengths, stations }: IpsetChanges): IpsetChanges {
  return { added: new Map(added), deleted: new Set(deleted), lengths, stations: new Map(stations) };
}

/** What changed in an ipset, to be changed further. */
export function changesOf({ ipsets }: NetfilterSession, name: string): IpsetChanges {
  const known = ipsets.get(name);
  if (known !== undefined) return known;
  const changes = noChanges();
  ipsets.set(name, changes);
  return changes;
}

/** A deep copy: walks on one do not show in the other. */
export function cloneNetfilterSession(session: NetfilterSession): NetfilterSession {
  const recent = new Map<string, Map<Ipv4, RecentEntry>>();
  for (const [name, list] of session.recent) {
    const copy = new Map<Ipv4, RecentEntry>();
    for (const [addr, entry] of list) copy.set(addr, { ttl: entry.ttl, stampsMs: [...entry.stampsMs] });
    recent.set(name, copy);
  }
  const limits = new Map<string, LimitBucket>();
  for (const [key, bucket] of session.limits) limits.set(key, { ...bucket });
  const ipsets = new Map<string, IpsetChanges>();
  for (const [name, changes] of session.ipsets) {
    ipsets.set(name, copyOf(changes));
  }
  return { recent, nth: new Map(session.nth), limits, ipsets };
}
