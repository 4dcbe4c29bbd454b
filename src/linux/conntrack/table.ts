import type { Ipv4 } from '../../wire/ipv4.ts';
import { CtEntry, IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, IPS_SRC_NAT } from './entry.ts';

const INITIAL_BUCKETS = 64;

function hash(proto: number, src: number, dst: number, sport: number, dport: number): number {
  let h = Math.imul(src, 0x9e3779b1) ^ Math.imul(dst, 0x85ebca77) ^ Math.imul((sport << 16) | dport, 0xc2b2ae3d) ^ proto;
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

function empty(buckets: number): (CtEntry | null)[] {
  const list: (CtEntry | null)[] = [];
  list.length = buckets;
  return list.fill(null);
}

/**
 * The connections of one namespace, hashed by both tuples, and by source for those whose source was translated.
 * @source net/netfilter/nf_conntrack_core.c, nf_nat_core.c (nf_nat_bysource)
 */
export class ConntrackTable {
  private orig: (CtEntry | null)[] = empty(INITIAL_BUCKETS);
  private reply: (CtEntry | null)[] = empty(INITIAL_BUCKETS);
  private mask = INITIAL_BUCKETS - 1;
  /** Confirmed entries whose source was translated, by original source address and port. */
  private readonly bySource = new Map<number, CtEntry[]>();
  private nextId = 1;
  size = 0;
  /** Counts insertions: as long as it stands, a tuple that was free still is. */
  generation = 0;
  /** Whether the last successful {@link find} matched the reply tuple. Read it before anything else looks up: {@link taken} does, too. */
  foundReply = false;

  /** The connection a tuple belongs to, in either direction; expired ones are forgotten on sight. */
  find(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number, nowMs: number): CtEntry | null {
    const slot = hash(proto, src, dst, sport, dport) & this.mask;
    for (let e = this.orig[slot] ?? null; e !== null; e = e.nextOrig) {
      if (e.origSrc === src && e.origDst === dst && e.origSport === sport && e.origDport === dport && e.proto === proto) {
        if (e.expiresAtMs > nowMs) {
          this.foundReply = false;
          return e;
        }
        this.remove(e);
        break;
      }
    }
    for (let e = this.reply[slot] ?? null; e !== null; e = e.nextReply) {
      if (e.replySrc === src && e.replyDst === dst && e.replySport === sport && e.replyDport === dport && e.proto === proto) {
        if (e.expiresAtMs > nowMs) {
          this.foundReply = true;
          return e;
        }
        this.remove(e);
        break;
      }
    }
    return null;
  }

  /** Whether another connection than `ignored` has this tuple. @source nf_conntrack_tuple_taken */
  taken(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number, nowMs: number, ignored: CtEntry): boolean {
    const found = this.find(proto, src, dst, sport, dport, nowMs);
    return found !== null && found !== ignored;
  }

  /** Puts a connection into the table. @source __nf_conntrack_confirm */
  insert(entry: CtEntry): void {
    if (this.size > this.mask) this.grow();
    entry.id = this.nextId++;
    this.generation++;
    entry.status |= IPS_CONFIRMED;
    entry.origHash = hash(entry.proto, entry.origSrc, entry.origDst, entry.origSport, entry.origDport);
    entry.replyHash = hash(entry.proto, entry.replySrc, entry.replyDst, entry.replySport, entry.replyDport);
    this.link(entry);
    this.size++;
    if ((entry.status & IPS_SRC_NAT) !== 0) {
      const key = sourceKey(entry.proto, entry.origSrc, entry.origSport);
      const list = this.bySource.get(key);
      if (list === undefined) this.bySource.set(key, [entry]);
      else list.unshift(entry);
    }
  }

  /** Takes a connection out. @source nf_ct_delete */
  remove(entry: CtEntry): void {
    if ((entry.status & IPS_DYING) !== 0) return;
    entry.status |= IPS_DYING;
    if ((entry.status & IPS_CONFIRMED) === 0) return;
    this.unlink(entry);
    this.size--;
    if ((entry.status & IPS_SRC_NAT) !== 0) {
      const key = sourceKey(entry.proto, entry.origSrc, entry.origSport);
      const rest = (this.bySource.get(key) ?? []).filter((e) => e !== entry);
      if (rest.length === 0) this.bySource.delete(key);
      else this.bySource.set(key, rest);
    }
  }

  /** Connections of one source whose source was translated, newest first. @source find_appropriate_src */
  translatedFrom(proto: number, src: Ipv4, sport: number): readonly CtEntry[] {
    const list = this.bySource.get(sourceKey(proto, src, sport));
    return list === undefined ? [] : list.filter((e) => e.proto === proto && e.origSrc === src && e.origSport === sport);
  }

  /** All live connections, oldest first. */
  list(nowMs: number): CtEntry[] {
    const all: CtEntry[] = [];
    for (const head of this.orig) for (let e = head; e !== null; e = e.nextOrig) if (e.expiresAtMs > nowMs) all.push(e);
    return all.sort((a, b) => a.id - b.id);
  }

  /**
   * What a new connection finds in a table that has reached its limit: a place, because connections have timed out; one only if the kernel
   * happens to come across a connection that may be evicted; or none.
   * @source net/netfilter/nf_conntrack_core.c early_drop: of the eight buckets that it looks at, whatever is not ASSURED
   */
  room(limit: number, nowMs: number): 'free' | 'perhaps' | 'full' {
    if (limit === 0 || this.size < limit) return 'free';
    const live = this.list(nowMs);
    if (live.length < this.size) for (const entry of this.list(-Infinity)) if (entry.expiresAtMs <= nowMs) this.remove(entry);
    if (this.size < limit) return 'free';
    return live.every(({ status }) => (status & IPS_ASSURED) !== 0) ? 'full' : 'perhaps';
  }

  clear(): void {
    this.orig.fill(null);
    this.reply.fill(null);
    this.bySource.clear();
    this.size = 0;
  }

  clone(): ConntrackTable {
    const copy = new ConntrackTable();
    for (const entry of this.list(-Infinity)) {
      const twin = Object.assign(new CtEntry(entry.proto, entry.origSrc, entry.origDst, entry.origSport, entry.origDport), entry);
      twin.nextOrig = null;
      twin.nextReply = null;
      copy.insert(twin);
      twin.id = entry.id;
    }
    copy.nextId = this.nextId;
    return copy;
  }

  private link(e: CtEntry): void {
    const o = e.origHash & this.mask;
    e.nextOrig = this.orig[o] ?? null;
    this.orig[o] = e;
    const r = e.replyHash & this.mask;
    e.nextReply = this.reply[r] ?? null;
    this.reply[r] = e;
  }

  private unlink(e: CtEntry): void {
    const o = e.origHash & this.mask;
    if (this.orig[o] === e) this.orig[o] = e.nextOrig;
    else for (let p = this.orig[o] ?? null; p !== null; p = p.nextOrig) if (p.nextOrig === e) p.nextOrig = e.nextOrig;
    const r = e.replyHash & this.mask;
    if (this.reply[r] === e) this.reply[r] = e.nextReply;
    else for (let p = this.reply[r] ?? null; p !== null; p = p.nextReply) if (p.nextReply === e) p.nextReply = e.nextReply;
    e.nextOrig = null;
    e.nextReply = null;
  }

  private grow(): void {
    const all: CtEntry[] = [];
    for (const head of this.orig) for (let e = head; e !== null; e = e.nextOrig) all.push(e);
    const buckets = this.orig.length * 4;
    this.orig = empty(buckets);
    this.reply = empty(buckets);
    this.mask = buckets - 1;
    for (const e of all) this.link(e);
  }
}

function sourceKey(proto: number, src: Ipv4, sport: number): number {
  return hash(proto, src, 0, sport, 0);
}
