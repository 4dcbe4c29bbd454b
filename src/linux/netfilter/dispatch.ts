import type { Skb } from '../skb.ts';

export const ANY_PORT = -1;
/** Address part of the key of rules that name no destination; a rule for 0.0.0.0/32 stands with the rest. */
export const ANY_ADDR = 0;

/**
 * Finds the rules of a long chain that a packet could match, in order, without reading the others. Each rule stands in one list: by its
 * exact destination address and port, by its address, by its port, or with the rest. A packet belongs to at most one list of each kind,
 * and the four lists are read merged by rule number. This only leaves out rules that cannot match: what is found is asked in full.
 */
export class Dispatch {
  /** Slots of an open-addressing hash table: address, port key, first position in `order`, one behind the last. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  /** Positions of rules in the chain, list after list, each ascending. */
  readonly order: Int32Array;
  /** The list of rules that any packet may match. */
  readonly restEnd: number;

  constructor(lists: ReadonlyMap<string, DispatchList>, rest: readonly number[]) {
    const size = 2 ** Math.ceil(Math.log2(lists.size * 2 + 1));
    this.#mask = size - 1;
    this.#slots = new Int32Array(size * 4);
    let total = rest.length;
    for (const list of lists.values()) total += list.rules.length;
    this.order = new Int32Array(total);
    this.order.set(rest);
    this.restEnd = rest.length;
    let at = rest.length;
    for (const { addr, port, rules } of lists.values()) {
      this.order.set(rules, at);
      const slot = this.find(addr, port);
      this.#slots.set([addr, port, at, at + rules.length], slot);
      at += rules.length;
    }
  }

  /** The slot of a key, or the free one where it would go (first = end = 0). */
  find(addr: number, port: number): number {
    const slots = this.#slots;
    let i = (Math.imul(addr, 0x9e37_79b1) ^ Math.imul(port, 0x85eb_ca6b)) & 0x7fff_ffff;
    i = (i ^ (i >>> 15)) & this.#mask;
    for (;;) {
      const slot = i * 4;
      if (slots[slot + 3] === 0 || (slots[slot] === addr && slots[slot + 1] === port)) return slot;
      i = (i + 1) & this.#mask;
    }
  }

  first(slot: number): number {
    return this.#slots[slot + 2] ?? 0;
  }

  end(slot: number): number {
    return this.#slots[slot + 3] ?? 0;
  }
}

/** Rules with one key, by position in the chain. */
export interface DispatchList {
  readonly addr: number;
  readonly port: number;
  readonly rules: number[];
}

/** Protocol and port in one number. */
export function portKey(proto: number, port: number): number {
  return (proto << 16) | port;
}

/** The key by which a packet's port is looked up. */
export function packetPortKey(skb: Skb): number {
  return skb.fragOffsetBytes > 0 ? ANY_PORT : portKey(skb.proto, skb.dport);
}
