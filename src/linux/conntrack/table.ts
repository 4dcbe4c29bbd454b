import { InvariantError } from '../../wire/invariant.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { CtEntry, IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, IPS_SRC_NAT } from './entry.ts';

const INITIAL_SLOTS = 64;

function hash(proto: number, src: number, dst: number, sport: number, dport: number): number {
  let h = Math.imul(src, 0x9e3779b1) ^ Math.imul(dst, 0x85ebca77) ^ Math.imul((sport << 16) | dport, 0xc2b2ae3d) ^ proto;
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/**
 * The connections of one namespace, hashed by both tuples, and by source for those whose source was translated.
 * @source net/netfilter/nf_conntrack_core.c, nf_nat_core.c (nf_nat_bysource)
 */
export class ConntrackTable {
  /** Open addressing, two words per slot: a tuple's hash, and twice its connection's place, plus one for the reply tuple. 0: free. */
  private slots = new Int32Array(INITIAL_SLOTS * 2);
  private last = INITIAL_SLOTS - 1;
  /** Connections by place, of which the first is nobody's. */
  private readonly places: (CtEntry | null)[] = [null];
  private readonly vacant: number[] = [];
  /** Confirmed entries whose source was translated, by original source address and port; the oldest first. */
  private readonly bySource = new Map<number, Set<CtEntry>>();
  private nextId = 1;
  size = 0;
  /** Counts insertions: as long as it stands, a tuple that was free still is. */
  generation = 0;
  /** Whether the last successful {@link find} matched the reply tuple. Read it before anything else looks up: {@link taken} does, too. */
  foundReply = false;

  /** The connection a tuple belongs to, in either direction, rather in the original one; expired ones are forgotten on sight. */
  find(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number, nowMs: number): CtEntry | null {
    const { slots, last } = this;
    const wanted = hash(proto, src, dst, sport, dport);
    let replied: CtEntry | null = null;
    for (let slot = wanted & last; ; slot = (slot + 1) & last) {
      const word = slots[slot * 2 + 1] ?? 0;
      if (word === 0) break;
      if (slots[slot * 2] !== wanted) continue;
      const e = this.places[word >> 1] ?? null;
      if (e === null || e.proto !== proto) continue;
      const isReply = (word & 1) === 1;
      if (
        isReply
          ? e.replySrc !== src || e.replyDst !== dst || e.replySport !== sport || e.replyDport !== dport
          : e.origSrc !== src || e.origDst !== dst || e.origSport !== sport || e.origDport !== dport
      )
        continue;
      if (e.expiresAtMs <= nowMs) {
        this.remove(e);
        return this.find(proto, src, dst, sport, dport, nowMs);
      }
      if (!isReply) {
        this.foundReply = answersItself(e);
        return e;
      }
      replied ??= e;
    }
    if (replied !== null) this.foundReply = true;
    return replied;
  }

  /** Whether another connection than `ignored` has this tuple; one of the same original tuple is the same flow. @source nf_conntrack_tuple_taken */
  taken(proto: number, src: Ipv4, dst: Ipv4, sport: number, dport: number, nowMs: number, ignored: CtEntry): boolean {
    const found = this.find(proto, src, dst, sport, dport, nowMs);
    return found !== null && found !== ignored && !hasSameOrigin(found, ignored);
  }

  /** The connection that has one of the tuples of a new one, the original one first. @source __nf_conntrack_confirm */
  rival(of: CtEntry, nowMs: number): CtEntry | null {
    const { proto, origSrc, origDst, origSport, origDport, replySrc, replyDst, replySport, replyDport } = of;
    return (
      this.find(proto, origSrc, origDst, origSport, origDport, nowMs) ?? this.find(proto, replySrc, replyDst, replySport, replyDport, nowMs)
    );
  }

  /** Puts a connection into the table. @source __nf_conntrack_confirm */
  insert(entry: CtEntry): void {
    if (this.size * 4 > this.last) this.grow();
    entry.id = this.nextId++;
    this.generation++;
    entry.status |= IPS_CONFIRMED;
    entry.place = this.vacant.pop() ?? this.places.length;
    this.places[entry.place] = entry;
    if (!entry.isReplyOnly) this.fill(origHash(entry), entry.place * 2);
    this.fill(replyHash(entry), entry.place * 2 + 1);
    this.size++;
    if ((entry.status & IPS_SRC_NAT) !== 0) {
      const key = sourceKey(entry.proto, entry.origSrc, entry.origSport);
      const known = this.bySource.get(key);
      if (known === undefined) this.bySource.set(key, new Set([entry]));
      else known.add(entry);
    }
  }

  /** Takes a connection out. @source nf_ct_delete */
  remove(entry: CtEntry): void {
    if ((entry.status & IPS_DYING) !== 0) return;
    entry.status |= IPS_DYING;
    if ((entry.status & IPS_CONFIRMED) === 0) return;
    if (!entry.isReplyOnly) this.free(origHash(entry), entry.place * 2);
    this.free(replyHash(entry), entry.place * 2 + 1);
    this.places[entry.place] = null;
    this.vacant.push(entry.place);
    this.size--;
    if ((entry.status & IPS_SRC_NAT) !== 0) {
      const key = sourceKey(entry.proto, entry.origSrc, entry.origSport);
      const known = this.bySource.get(key);
      known?.delete(entry);
      if (known?.size === 0) this.bySource.delete(key);
    }
  }

  /**
   * Connections of one source whose source was translated, newest first. Those that are over are left out: the kernel finds them until it
   * happens to clean up, within a minute.
   * @source find_appropriate_src; nf_conntrack_core.c gc_worker, GC_SCAN_INTERVAL_MAX
   */
  translatedFrom(proto: number, src: Ipv4, sport: number, nowMs: number): readonly CtEntry[] {
    const found: CtEntry[] = [];
    for (const e of this.bySource.get(sourceKey(proto, src, sport)) ?? []) {
      if (e.expiresAtMs > nowMs && e.proto === proto && e.origSrc === src && e.origSport === sport) found.push(e);
    }
    return found.reverse();
  }

  /** All live connections that a dump shows, oldest first. */
  list(nowMs: number): CtEntry[] {
    return this.all(nowMs).filter(({ isReplyOnly }) => !isReplyOnly);
  }

  private all(nowMs: number): CtEntry[] {
    const all: CtEntry[] = [];
    for (const e of this.places) if (e !== null && e.expiresAtMs > nowMs) all.push(e);
    return all.sort((a, b) => a.id - b.id);
  }

  /**
   * What a new connection finds in a table that has reached its limit: a place, because connections have timed out; one only if the kernel
   * happens to come across a connection that may be evicted; or none.
   * @source net/netfilter/nf_conntrack_core.c early_drop: of the eight buckets that it looks at, whatever is not ASSURED
   */
  room(limit: number, nowMs: number): 'free' | 'perhaps' | 'full' {
    if (limit === 0 || this.size < limit) return 'free';
    let isAssured = true;
    for (const entry of this.places) {
      if (entry === null) continue;
      if (entry.expiresAtMs <= nowMs) this.remove(entry);
      else if ((entry.status & IPS_ASSURED) === 0) isAssured = false;
    }
    if (this.size < limit) return 'free';
    return isAssured ? 'full' : 'perhaps';
  }

  clear(): void {
    this.slots.fill(0);
    this.places.length = 1;
    this.vacant.length = 0;
    this.bySource.clear();
    this.size = 0;
  }

  clone(): ConntrackTable {
    const copy = new ConntrackTable();
    for (const entry of this.all(-Infinity)) {
      const twin = Object.assign(new CtEntry(entry.proto, entry.origSrc, entry.origDst, entry.origSport, entry.origDport), entry);
      copy.insert(twin);
      twin.id = entry.id;
    }
    copy.nextId = this.nextId;
    return copy;
  }

  private fill(hashed: number, word: number): void {
    const { slots, last } = this;
    let slot = hashed & last;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & last;
    slots[slot * 2] = hashed;
    slots[slot * 2 + 1] = word;
  }

  /** Empties the slot of a word; those behind it that would no longer be found move up. */
  private free(hashed: number, word: number): void {
    const { slots, last } = this;
    let hole = hashed & last;
    while (slots[hole * 2 + 1] !== word) {
      if (slots[hole * 2 + 1] === 0) throw new InvariantError('the tuples of a tracked connection have changed');
      hole = (hole + 1) & last;
    }
    for (let slot = (hole + 1) & last; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & last) {
      const home = (slots[slot * 2] ?? 0) & last;
      if (((slot - home) & last) < ((slot - hole) & last)) continue;
      slots.copyWithin(hole * 2, slot * 2, slot * 2 + 2);
      hole = slot;
    }
    slots[hole * 2 + 1] = 0;
  }

  private grow(): void {
    const { slots } = this;
    this.slots = new Int32Array(slots.length * 2);
    this.last = slots.length - 1;
    for (let at = 0; at < slots.length; at += 2) if (slots[at + 1] !== 0) this.fill(slots[at] ?? 0, slots[at + 1] ?? 0);
  }
}

/** Whether two connections began with the same packet. */
export function hasSameOrigin(a: CtEntry, b: CtEntry): boolean {
  return (
    a.proto === b.proto && a.origSrc === b.origSrc && a.origDst === b.origDst && a.origSport === b.origSport && a.origDport === b.origDport
  );
}

/** Whether both tuples are one; the one of the reply was put in front of the other. @source __nf_conntrack_hash_insert */
function answersItself(e: CtEntry): boolean {
  return e.origSrc === e.replySrc && e.origDst === e.replyDst && e.origSport === e.replySport && e.origDport === e.replyDport;
}

function origHash(e: CtEntry): number {
  return hash(e.proto, e.origSrc, e.origDst, e.origSport, e.origDport);
}

function replyHash(e: CtEntry): number {
  return hash(e.proto, e.replySrc, e.replyDst, e.replySport, e.replyDport);
}

function sourceKey(proto: number, src: Ipv4, sport: number): number {
  return hash(proto, src, 0, sport, 0);
}
