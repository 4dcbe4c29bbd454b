import { READS_DPORT, READS_SPORT, type Reads } from '../netfilter/reads.ts';
import type { Way } from './way.ts';

const INITIAL_SLOTS = 16;
/** Flows that one table may hold; the next one finds it empty. */
const MAX_FLOWS = 65_000;
/** The low bits of a flow's kind; each class has its own opinion of ports. */
const CLASS = 7;

/**
 * The ways of flows, by everything that decides about them. Ports count only once something has asked for them: then the table starts
 * again with the wider key. Open addressing with four words per slot, so that a look-up meets one cache line: source, destination, ports,
 * and a word with the number of the way above the kind of the flow (0: the slot is free).
 */
export class WayTable {
  private words = new Int32Array(INITIAL_SLOTS * 4);
  /** Position of the last slot. */
  private last: number = INITIAL_SLOTS * 4 - 4;
  private size = 0;
  /** READS_SPORT and READS_DPORT of every class, two bits each. */
  private reads = 0;
  /** Ways by number; flows share them, as they share routes. */
  private ways: (Way | undefined)[] = [undefined];
  private readonly numbers = new Map<Way, number>();

  /**
   * The way of a flow; undefined when nobody asked for it yet.
   * @param kind 16 bits, of which the low three are the class
   * @param ports source port above destination port
   */
  find(kind: number, src: number, dst: number, ports: number): Way | undefined {
    const { words, last } = this;
    const asked = ports & this.portMask(kind);
    for (let at = hash(kind, src, dst, asked) & last; ; at = (at + 4) & last) {
      const word = words[at + 3] ?? 0;
      if (word === 0) return undefined;
      if (words[at] === src && words[at + 1] === dst && words[at + 2] === asked && (word & 0xffff) === kind) return this.ways[word >>> 16];
    }
  }

  /** Remembers a way that was not known. @param reads which of the ports decided */
  add(kind: number, src: number, dst: number, ports: number, reads: Reads, way: Way): void {
    const wider = this.reads | ((reads & (READS_SPORT | READS_DPORT)) << shiftOf(kind));
    if (wider !== this.reads || this.size >= MAX_FLOWS) this.clear();
    this.reads = wider;
    if (this.size * 8 > this.last) this.grow();
    this.put(src, dst, ports & this.portMask(kind), (this.numberOf(way) << 16) | kind);
    this.size++;
  }

  /** The bits of the ports that decide about flows of a kind. */
  private portMask(kind: number): number {
    const reads = this.reads >> shiftOf(kind);
    return (-(reads & READS_SPORT) << 16) | (-((reads & READS_DPORT) >> 1) & 0xffff);
  }

  private numberOf(way: Way): number {
    let number = this.numbers.get(way);
    if (number === undefined) {
      number = this.ways.push(way) - 1;
      this.numbers.set(way, number);
    }
    return number;
  }

  private put(src: number, dst: number, ports: number, word: number): void {
    const { words, last } = this;
    let at = hash(word & 0xffff, src, dst, ports) & last;
    while (words[at + 3] !== 0) at = (at + 4) & last;
    words[at] = src;
    words[at + 1] = dst;
    words[at + 2] = ports;
    words[at + 3] = word;
  }

  private clear(): void {
    this.words.fill(0);
    this.size = 0;
    this.ways = [undefined];
    this.numbers.clear();
  }

  private grow(): void {
    const old = this.words;
    this.words = new Int32Array(old.length * 2);
    this.last = old.length * 2 - 4;
    for (let at = 0; at < old.length; at += 4) {
      const word = old[at + 3] ?? 0;
      if (word !== 0) this.put(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, word);
    }
  }
}

function shiftOf(kind: number): number {
  return (kind & CLASS) << 1;
}

/** Four neighbouring sources of the same kind of flow share a cache line. */
function hash(kind: number, src: number, dst: number, ports: number): number {
  let h =
    Math.imul(src >> 2, 0x9e37_79b1) ^ Math.imul(dst, 0x85eb_ca77) ^ Math.imul(kind & 15, 0xc2b2_ae3d) ^ Math.imul(ports, 0x27d4_eb2f);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return ((h ^ (h >>> 13)) << 4) | ((src & 3) << 2);
}
