import type { Skb } from '../skb.ts';
import type { CompiledRule } from './compiled-rule.ts';

/** Chains shorter than this are read through. */
const MIN_RULES = 8;
const ANY_PORT = -1;

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

  constructor(lists: ReadonlyMap<string, List>, rest: readonly number[]) {
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

interface List {
  readonly addr: number;
  readonly port: number;
  readonly rules: number[];
}

/** Address part of the key of rules that name no destination. No packet is sent to 0.0.0.0/32, and if one were, it would only meet more rules. */
const ANY_ADDR = 0;

/** Protocol and port in one number. */
export function portKey(proto: number, port: number): number {
  return (proto << 16) | port;
}

/** The key by which a packet's port is looked up. */
export function packetPortKey(skb: Skb): number {
  return skb.fragOffsetBytes > 0 ? ANY_PORT : portKey(skb.proto, skb.dport);
}

/** Builds the index of a chain; null where reading through is as good. */
export function buildDispatch(rules: readonly CompiledRule[]): Dispatch | null {
  if (rules.length < MIN_RULES) return null;
  const lists = new Map<string, List>();
  const rest: number[] = [];
  rules.forEach((rule, at) => {
    const hasAddr = rule.dstMask === -1 && !rule.dstNot && rule.dst !== ANY_ADDR;
    const ports = portKeys(rule);
    if (!hasAddr && ports === null) {
      rest.push(at);
      return;
    }
    const addr = hasAddr ? rule.dst : ANY_ADDR;
    for (const port of ports ?? [ANY_PORT]) {
      const key = `${addr},${port}`;
      const list = lists.get(key);
      if (list === undefined) lists.set(key, { addr, port, rules: [at] });
      else if (list.rules.at(-1) !== at) list.rules.push(at);
    }
  });
  return rest.length > rules.length - MIN_RULES / 2 ? null : new Dispatch(lists, rest);
}

/** The only port keys that can match a rule; null when any can. */
function portKeys(rule: CompiledRule): number[] | null {
  if (rule.proto < 0 || rule.protoNot) return null;
  if (rule.dport >= 0) return [portKey(rule.proto, rule.dport)];
  for (const match of rule.rule.matches) {
    if (match.m !== 'multiport' || match.side !== 'destination' || match.not) continue;
    if (match.ports.every(({ min, max }) => min === max)) return match.ports.map(({ min }) => portKey(rule.proto, min));
  }
  return null;
}
