/**
 * An open-addressing hash table from four 32-bit words to one positive integer and a time: flows and NAT bindings.
 * Integer columns, because string keys cost thirty times as much.
 */
export interface FlowTable {
  size: number;
  /** Four words per slot. */
  keys: Int32Array;
  /** 0: the slot is free. */
  values: Int32Array;
  seenMs: Float64Array;
}

const INITIAL = 64;

export function newFlowTable(): FlowTable {
  return { size: 0, keys: new Int32Array(INITIAL * 4), values: new Int32Array(INITIAL), seenMs: new Float64Array(INITIAL) };
}

export function cloneFlowTable(table: FlowTable): FlowTable {
  return { size: table.size, keys: table.keys.slice(), values: table.values.slice(), seenMs: table.seenMs.slice() };
}

/** Murmur3's way of mixing words: every input bit reaches every output bit. */
export function hashWords(seed: number, a: number, b: number, c: number, d: number): number {
  let h = mix(mix(mix(mix(seed, a), b), c), d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mix(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  h ^= k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The slot of a key, or -1. */
export function findFlow(table: FlowTable, a: number, b: number, c: number, d: number): number {
  if (table.size === 0) return -1;
  const { keys, values } = table;
  const last = values.length - 1;
  let slot = hashWords(0, a, b, c, d) & last;
  while (values[slot] !== 0) {
    const at = slot << 2;
    if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) return slot;
    slot = (slot + 1) & last;
  }
  return -1;
}

/** Writes a flow, new or known. @param value above 0 */
export function putFlow(table: FlowTable, a: number, b: number, c: number, d: number, value: number, nowMs: number): void {
  let slot = findFlow(table, a, b, c, d);
  if (slot < 0) {
    if ((table.size + 1) * 2 > table.values.length) grow(table);
    slot = claim(table, a, b, c, d);
    table.size++;
  }
  table.values[slot] = value;
  table.seenMs[slot] = nowMs;
}

function claim(table: FlowTable, a: number, b: number, c: number, d: number): number {
  const { keys, values } = table;
  const last = values.length - 1;
  let slot = hashWords(0, a, b, c, d) & last;
  while (values[slot] !== 0) slot = (slot + 1) & last;
  const at = slot << 2;
  keys[at] = a;
  keys[at + 1] = b;
  keys[at + 2] = c;
  keys[at + 3] = d;
  return slot;
}

function grow(table: FlowTable): void {
  const { keys, values, seenMs } = table;
  const slots = values.length * 2;
  table.keys = new Int32Array(slots * 4);
  table.values = new Int32Array(slots);
  table.seenMs = new Float64Array(slots);
  for (let slot = 0; slot < values.length; slot++) {
    const value = values[slot] ?? 0;
    if (value !== 0) moveIn(table, keys, slot, value, seenMs[slot] ?? 0);
  }
}

function moveIn(table: FlowTable, keys: Int32Array, from: number, value: number, seen: number): void {
  const at = from << 2;
  const slot = claim(table, keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0);
  table.values[slot] = value;
  table.seenMs[slot] = seen;
}

/** Frees a slot; the entries behind it in the same probe run move up. */
export function removeFlow(table: FlowTable, slot: number): void {
  const { keys, values, seenMs } = table;
  const last = values.length - 1;
  values[slot] = 0;
  table.size--;
  let next = (slot + 1) & last;
  while (values[next] !== 0) {
    const value = values[next] ?? 0;
    const seen = seenMs[next] ?? 0;
    values[next] = 0;
    moveIn(table, keys, next, value, seen);
    next = (next + 1) & last;
  }
}

/** Removes every flow that `gone` names by its last key word, value and time of last use. */
export function sweepFlows(table: FlowTable, gone: (lastWord: number, value: number, seenMs: number) => boolean): void {
  const old: FlowTable = { ...table };
  table.size = 0;
  table.keys = new Int32Array(old.keys.length);
  table.values = new Int32Array(old.values.length);
  table.seenMs = new Float64Array(old.values.length);
  for (let slot = 0; slot < old.values.length; slot++) {
    const value = old.values[slot] ?? 0;
    const seen = old.seenMs[slot] ?? 0;
    if (value === 0 || gone(old.keys[(slot << 2) + 3] ?? 0, value, seen)) continue;
    moveIn(table, old.keys, slot, value, seen);
    table.size++;
  }
}
