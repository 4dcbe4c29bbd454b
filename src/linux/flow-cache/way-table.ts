import type { Way } from './way.ts';

const INITIAL_SLOTS = 256;
/** Ways that one table may hold; the next one finds it empty. */
const MAX_WAYS = 65_536;

/**
 * The ways of flows, by everything that decides about them. Ports count only once something has asked for them: then the table starts
 * again with the wider key. Open addressing over columns of integers.
 */
export class WayTable {
  #slots = INITIAL_SLOTS;
  #last = INITIAL_SLOTS - 1;
  /** Five words per slot: device, TOS and protocol; source; destination; mark; ports. */
  #keys = new Int32Array(INITIAL_SLOTS * 5);
  /** Undefined: the slot is free. */
  #ways: (Way | undefined)[] = free(INITIAL_SLOTS);
  #portMask = 0;
  #size = 0;

  /** The way of a flow; undefined when it was not asked for yet. */
  find(kind: number, src: number, dst: number, mark: number, ports: number): Way | undefined {
    const asked = ports & this.#portMask;
    const keys = this.#keys;
    const ways = this.#ways;
    let slot = hash(kind, src, dst, mark, asked) & this.#last;
    for (;;) {
      const way = ways[slot];
      if (way === undefined) return undefined;
      const at = slot * 5;
      if (
        keys[at + 1] === src &&
        keys[at + 2] === dst &&
        keys[at] === kind &&
        keys[at + 4] === asked &&
        keys[at + 3] === mark
      )
        return way;
      slot = (slot + 1) & this.#last;
    }
  }

  /** Remembers a way that was not known. @param portMask the bits of `ports` that decided */
  add(kind: number, src: number, dst: number, mark: number, ports: number, portMask: number, way: Way): void {
    if ((portMask & ~this.#portMask) !== 0) {
      this.#portMask |= portMask;
      this.#clear();
    } else if (this.#size >= MAX_WAYS) this.#clear();
    if (this.#size * 2 >= this.#slots) this.#grow();
    this.#put(kind, src, dst, mark, ports & this.#portMask, way);
    this.#size++;
  }

  #put(kind: number, src: number, dst: number, mark: number, ports: number, way: Way): void {
    let slot = hash(kind, src, dst, mark, ports) & this.#last;
    while (this.#ways[slot] !== undefined) slot = (slot + 1) & this.#last;
    this.#ways[slot] = way;
    this.#keys.set([kind, src, dst, mark, ports], slot * 5);
  }

  #clear(): void {
    this.#ways.fill(undefined);
    this.#size = 0;
  }

  #grow(): void {
    const keys = this.#keys;
    const ways = this.#ways;
    this.#slots *= 4;
    this.#last = this.#slots - 1;
    this.#keys = new Int32Array(this.#slots * 5);
    this.#ways = free(this.#slots);
    for (const [slot, way] of ways.entries()) {
      const at = slot * 5;
      if (way !== undefined) this.#put(keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0, keys[at + 4] ?? 0, way);
    }
  }
}

function free(slots: number): undefined[] {
  return Array.from({ length: slots }, () => undefined);
}

function hash(kind: number, src: number, dst: number, mark: number, ports: number): number {
  let h = Math.imul(src, 0x9e37_79b1) ^ Math.imul(dst, 0x85eb_ca77) ^ Math.imul(kind, 0xc2b2_ae3d) ^ Math.imul(ports, 0x27d4_eb2f) ^ mark;
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return h ^ (h >>> 13);
}
