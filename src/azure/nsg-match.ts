import type { Ipv4 } from '../wire/ipv4.ts';
import { type CompiledMatch, type CompiledRule, type PlatformTag, type RuleChain, hasPorts } from './compiled-nsg.ts';
import { type PrefixSet, inSet } from './prefix-map.ts';

/** What `VirtualNetwork` and `Internet` mean at one NIC. */
export interface TagScope {
  /** VNet, peers, on-premises, the platform address, and the prefixes of the subnet's UDRs: 0/0 widens it to everything. */
  readonly virtualNetwork: PrefixSet;
  /** What `Internet` leaves out: the above without a 0/0 UDR. (Inferred: no page says what 0/0 does to this tag.) */
  readonly notInternet: PrefixSet;
}

/** The five fields that rules look at. */
export interface Tuple {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
}

const NO = 0;
const YES = 1;
const UNDECIDED = 2;
export type Match = 0 | 1 | 2;

/** The first rule that matches; with the verdict `Unknown` where what matched before it cannot be told. */
export function decide(chain: RuleChain, tuple: Tuple, scope: TagScope): CompiledRule | null {
  const rules = chain.byDestination.get(tuple.dst) ?? chain.rest;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined) break;
    const match = matchRule(rule, tuple, scope);
    if (match === YES) return rule;
    if (match === UNDECIDED) return rule.asUnknown;
  }
  return null;
}

/** The rule that decides about platform traffic; null: nothing touches it, so it passes. */
export function decidePlatform(chain: RuleChain, tuple: Tuple, scope: TagScope, tag: PlatformTag): CompiledRule | null {
  for (const rule of chain.platform) {
    if (!rule.platformTags.includes(tag)) continue;
    if (matchProtocol(rule, tuple) === NO) continue;
    const match = matchAddress(rule.source, tuple.src, scope);
    if (match === YES) return rule;
    if (match === UNDECIDED) return rule.asUnknown;
  }
  return null;
}

function matchRule(rule: CompiledRule, tuple: Tuple, scope: TagScope): Match {
  if (matchProtocol(rule, tuple) === NO) return NO;
  const destination = matchAddress(rule.destination, tuple.dst, scope);
  if (destination === NO) return NO;
  const source = matchAddress(rule.source, tuple.src, scope);
  if (source === NO) return NO;
  return source === YES && destination === YES ? YES : UNDECIDED;
}

/** Protocol and ports. A rule that names ports does not match a protocol that has none. */
export function matchProtocol(rule: CompiledRule, tuple: Tuple): Match {
  if (rule.proto !== -1 && rule.proto !== tuple.proto) return NO;
  if (rule.destinationPorts === null && rule.sourcePorts === null) return YES;
  if (!hasPorts(tuple.proto)) return rule.proto === tuple.proto ? YES : NO;
  return inRanges(rule.destinationPorts, tuple.dport) && inRanges(rule.sourcePorts, tuple.sport) ? YES : NO;
}

function inRanges(ranges: Int32Array | null, port: number): boolean {
  if (ranges === null) return true;
  for (let i = 0; i < ranges.length; i += 2) {
    if (port >= (ranges[i] ?? 0) && port <= (ranges[i + 1] ?? 0)) return true;
  }
  return false;
}

export function matchAddress(match: CompiledMatch, addr: Ipv4, scope: TagScope): Match {
  if (match.any) return YES;
  const { prefixes } = match;
  for (let i = 0; i < prefixes.length; i += 2) {
    if ((addr & (prefixes[i + 1] ?? 0)) === prefixes[i]) return YES;
  }
  if (match.virtualNetwork && inSet(scope.virtualNetwork, addr)) return YES;
  if (match.internet && !inSet(scope.notInternet, addr)) return YES;
  return match.undecidable === null ? NO : UNDECIDED;
}
