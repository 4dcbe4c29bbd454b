import { type Alias, type Document, type Pair, type ParsedNode, type YAMLMap, isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';
import { LIMITS, overLimit } from './limits.ts';

type Complain = (offset: number, message: string, expected?: string) => void;

/** Thrown inside {@link Converter} to leave a document that costs too much; never leaves this file. */
class TooMuch extends Error {}

type ParsedPair = Pair<ParsedNode, ParsedNode | null>;

/** Writes YAML nodes out as plain data. One converter reads one file, so that its limits hold for the whole file. */
export class Converter {
  readonly #complain: Complain;
  /** What each alias stands for, for finding places later. */
  readonly #meaning = new WeakMap<Alias, ParsedNode>();
  #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #values = 0;
  #aliasValues = 0;
  #insideAlias = 0;
  /** Where the alias stands that is being written out. */
  #aliasOffset = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  /** The data of one document; `null` for an empty one and for one that is beyond a limit (which is then reported). */
  document(document: Document.Parsed): unknown {
    this.#anchors = new Map();
    this.#open.clear();
    this.#insideAlias = 0;
    try {
      return this.#convert(document.contents, 0);
    } catch (error) {
      if (error instanceof TooMuch) return null;
      throw error;
    }
  }

  /** The child of a mapping or list, through aliases and merge keys. */
  child(of: ParsedNode | null, step: string | number): { key: ParsedNode | null; value: ParsedNode | null } | null {
    const node = this.#resolve(of);
    if (isSeq<ParsedNode>(node) && typeof step === 'number') {
      const value = node.items[step];
      return value === undefined ? null : { key: null, value };
    }
    if (!isMap<ParsedNode, ParsedNode | null>(node)) return null;
    const own = node.items.find((pair) => keyText(pair.key) === String(step));
    if (own !== undefined) return own;
    for (const pair of node.items.filter(isMerge)) {
      for (const source of mergeSources(this.#resolve(pair.value))) {
        const found = this.child(source, step);
        if (found !== null) return found;
      }
    }
    return null;
  }

  #resolve(node: ParsedNode | null): ParsedNode | null {
    return isAlias(node) ? (this.#meaning.get(node) ?? null) : node;
  }

  #convert(node: ParsedNode | null, depth: number): unknown {
    if (node === null) return null;
    const offset = node.range[0];
    this.#count(offset);
    if (isAlias(node)) return this.#alias(node, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node.value, offset);
    if (depth >= LIMITS.MAX_DEPTH) this.#stop(offset, overLimit('lists and mappings are nested too deeply', 'MAX_DEPTH'));
    this.#open.add(node);
    const value = isMap<ParsedNode, ParsedNode | null>(node)
      ? this.#mapping(node, depth)
      : node.items.map((item) => (isPair(item) ? null : this.#convert(item, depth + 1)));
    this.#open.delete(node);
    return value;
  }

  #count(offset: number): void {
    if (++this.#values > LIMITS.MAX_VALUES) this.#stop(offset, overLimit('too many values', 'MAX_VALUES'));
    if (this.#insideAlias > 0 && ++this.#aliasValues > LIMITS.MAX_ALIAS_VALUES) {
      this.#stop(this.#aliasOffset, overLimit('the aliases of this file stand for too many values', 'MAX_ALIAS_VALUES'));
    }
  }

  #stop(offset: number, message: string): never {
    this.#complain(offset, message);
    throw new TooMuch();
  }

  #alias(node: Alias.Parsed, depth: number): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      this.#complain(node.range[0], `the alias *${node.source} has no anchor before it`, `an anchor &${node.source} further up`);
      return null;
    }
    if (this.#open.has(target)) {
      this.#complain(node.range[0], `the alias *${node.source} stands inside what it stands for`, 'data that ends');
      return null;
    }
    this.#meaning.set(node, target);
    if (this.#insideAlias++ === 0) this.#aliasOffset = node.range[0];
    const value = this.#convert(target, depth);
    this.#insideAlias--;
    return value;
  }

  #scalar(value: unknown, offset: number): unknown {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    this.#complain(offset, 'a value of a kind that is not modelled here', 'text, a number, true, false or null');
    return null;
  }

  #mapping(node: YAMLMap<ParsedNode, ParsedNode | null>, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const merged: Record<string, unknown>[] = [];
    for (const pair of node.items) {
      if (isMerge(pair)) merged.push(...this.#merge(pair, depth));
      else this.#entry(result, pair, depth);
    }
    for (const source of merged) {
      for (const [key, value] of Object.entries(source)) if (!Object.hasOwn(result, key)) result[key] = value;
    }
    return result;
  }

  #entry(result: Record<string, unknown>, pair: ParsedPair, depth: number): void {
    const key = keyText(pair.key);
    const value = this.#convert(pair.value, depth + 1);
    const offset = pair.key.range[0];
    if (key === null) this.#complain(offset, 'a key that is not text', 'a plain word as key');
    else if (key === '__proto__') this.#complain(offset, 'the key "__proto__" is not allowed');
    else if (Object.hasOwn(result, key)) this.#complain(offset, `the key "${key}" appears twice`, 'each key once');
    else result[key] = value;
  }

  #merge(pair: ParsedPair, depth: number): Record<string, unknown>[] {
    const value = this.#convert(pair.value, depth + 1);
    const sources: unknown[] = Array.isArray(value) ? value : [value];
    const mappings = sources.filter(isRecord);
    if (mappings.length < sources.length) this.#complain(pair.key.range[0], 'a merge key without a mapping', 'an alias of a mapping');
    return mappings;
  }
}

function isMerge(pair: ParsedPair): boolean {
  return isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.value === '<<';
}

function mergeSources(node: ParsedNode | null): ParsedNode[] {
  if (node === null) return [];
  return isSeq<ParsedNode>(node) ? node.items : [node];
}

/** A scalar key as text; numbers and booleans count as what they look like. */
function keyText(key: ParsedNode): string | null {
  if (!isScalar(key)) return null;
  const { value } = key;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
