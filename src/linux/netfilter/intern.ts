import type { Match } from './match/match.ts';
import type { AddressSelector, InterfaceSelector, ProtocolSelector } from './rule.ts';
import type { Target } from './target/target.ts';

/** Equal parts of rules read together are one object: 300,000 rules of a dump share most of theirs. */
export class Interner {
  readonly matches: Map<string, Match> = new Map();
  /** Lists of one match. */
  readonly singles: Map<Match, readonly Match[]> = new Map();
  readonly targets: Map<string, Target> = new Map();
  readonly addresses: Map<string, AddressSelector> = new Map();
  readonly interfaces: Map<string, InterfaceSelector> = new Map();
  readonly protocols: Map<string, ProtocolSelector> = new Map();
}

/** The object known by a key, made when there is none. */
export function intern<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}
