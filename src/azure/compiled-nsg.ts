import { ICMP, SCTP, TCP, UDP } from '../wire/proto.ts';
import { type Prefix, mask } from '../wire/prefix.ts';
import { defaultRules } from './default-rules.ts';
import type { ServiceTag } from './fabric.ts';
import { memo } from './memo.ts';
import type { AddressMatch, Nsg, NsgDirection, NsgProtocol, NsgRule, PortRange } from './nsg.ts';
import { WIRESERVER_PREFIX, serviceTagPrefixes } from './service-tags.ts';

/** The tags that let an NSG touch platform traffic. @source service-tags-overview */
export type PlatformTag = 'AzurePlatformDNS' | 'AzurePlatformIMDS' | 'AzurePlatformLKM';
export const PLATFORM_TAGS: readonly PlatformTag[] = ['AzurePlatformDNS', 'AzurePlatformIMDS', 'AzurePlatformLKM'];

/** The sources or destinations of a rule. */
export interface CompiledMatch {
  readonly any: boolean;
  readonly virtualNetwork: boolean;
  readonly internet: boolean;
  /** Pairs of address and mask. */
  readonly prefixes: Int32Array;
  /** What cannot be decided: a tag without known prefixes, an application security group. */
  readonly undecidable: AddressMatch | null;
}

export interface CompiledRule {
  readonly nsg: string;
  readonly rule: NsgRule;
  /** Whether an address that cannot be decided stood between the packet and this rule. */
  readonly verdict: 'Allow' | 'Deny' | 'Unknown';
  /** The same rule with the verdict `Unknown`. */
  readonly asUnknown: CompiledRule | null;
  /** An IP protocol number; -1: any. */
  readonly proto: number;
  readonly source: CompiledMatch;
  readonly destination: CompiledMatch;
  /** Pairs of first and last; null: any. */
  readonly sourcePorts: Int32Array | null;
  readonly destinationPorts: Int32Array | null;
  readonly platformTags: readonly PlatformTag[];
}

/** Rules of one direction in order of priority, split by destination: most rules of a cluster name single addresses. */
export interface RuleChain {
  readonly all: readonly CompiledRule[];
  readonly byDestination: ReadonlyMap<number, readonly CompiledRule[]>;
  readonly rest: readonly CompiledRule[];
  /** Rules that name platform tags; they alone decide about platform traffic. */
  readonly platform: readonly CompiledRule[];
}

export interface CompiledNsg {
  readonly name: string;
  readonly inbound: RuleChain;
  readonly outbound: RuleChain;
}

/** Compiles an NSG with its default rules; cached per NSG object. */
export const compileNsg: (nsg: Nsg, tags: readonly ServiceTag[]) => CompiledNsg = memo((nsg: Nsg, tags: readonly ServiceTag[]) => ({
  name: nsg.name,
  inbound: chain(nsg, 'Inbound', tags),
  outbound: chain(nsg, 'Outbound', tags),
}));

function chain(nsg: Nsg, direction: NsgDirection, tags: readonly ServiceTag[]): RuleChain {
  const all = [
    ...nsg.rules.filter((rule) => rule.direction === direction).sort((a, b) => a.priority - b.priority),
    ...defaultRules(direction),
  ].map((rule) => compileRule(nsg.name, rule, tags));
  const ordinary = all.filter((rule) => rule.platformTags.length === 0 || matchesOrdinary(rule.destination));
  return { all, ...split(ordinary), platform: all.filter((rule) => rule.platformTags.length > 0) };
}

/** Above this a split would cost more memory than it saves time. */
const MOST_SPLIT = 4096;
const MOST_PER_RULE = 16;

function split(rules: readonly CompiledRule[]): Pick<RuleChain, 'byDestination' | 'rest'> {
  const byDestination = new Map<number, CompiledRule[]>();
  const single = rules.map((rule) => singleAddresses(rule.destination));
  const addrs = new Set(single.flatMap((each) => each ?? []));
  if (addrs.size > MOST_SPLIT) return { byDestination, rest: rules };
  for (const addr of addrs) {
    byDestination.set(
      addr,
      rules.filter((_, i) => single[i]?.includes(addr) ?? true),
    );
  }
  return { byDestination, rest: rules.filter((_, i) => (single[i] ?? null) === null) };
}

function matchesOrdinary(match: CompiledMatch): boolean {
  return match.any || match.virtualNetwork || match.internet || match.prefixes.length > 0 || match.undecidable !== null;
}

/** The addresses of a match that consists of a few /32s; null for any other. */
function singleAddresses(match: CompiledMatch): number[] | null {
  if (match.any || match.virtualNetwork || match.internet || match.undecidable !== null || match.prefixes.length === 0) return null;
  if (match.prefixes.length > 2 * MOST_PER_RULE) return null;
  const addrs: number[] = [];
  for (let i = 0; i < match.prefixes.length; i += 2) {
    if (match.prefixes[i + 1] !== -1) return null;
    addrs.push(match.prefixes[i] ?? 0);
  }
  return addrs;
}

function compileRule(nsg: string, rule: NsgRule, tags: readonly ServiceTag[]): CompiledRule {
  const base = {
    nsg,
    rule,
    proto: protocolNumber(rule.protocol),
    source: compileMatch(rule.sources, tags),
    destination: compileMatch(rule.destinations, tags),
    sourcePorts: compilePorts(rule.sourcePorts),
    destinationPorts: compilePorts(rule.destinationPorts),
    platformTags: PLATFORM_TAGS.filter((tag) => rule.destinations.some((match) => match.kind === 'tag' && match.tag === tag)),
  };
  return { ...base, verdict: rule.access, asUnknown: { ...base, verdict: 'Unknown', asUnknown: null } };
}

/** What a list of addresses covers. */
export function compileMatch(matches: readonly AddressMatch[], tags: readonly ServiceTag[]): CompiledMatch {
  const prefixes: Prefix[] = [];
  let any = false;
  let virtualNetwork = false;
  let internet = false;
  let undecidable: AddressMatch | null = null;
  for (const match of matches) {
    if (match.kind === 'any') any = true;
    else if (match.kind === 'prefix') prefixes.push(match.prefix);
    else if (match.kind === 'asg') undecidable = match;
    else if (match.tag === 'VirtualNetwork') virtualNetwork = true;
    else if (match.tag === 'Internet') internet = true;
    else if (match.tag === 'AzureLoadBalancer') prefixes.push(WIRESERVER_PREFIX);
    else if (!PLATFORM_TAGS.some((tag) => tag === match.tag)) {
      const known = serviceTagPrefixes({ serviceTags: [...tags] }, match.tag);
      if (known === null) undecidable = match;
      else prefixes.push(...known);
    }
  }
  return { any, virtualNetwork, internet, prefixes: Int32Array.from(prefixes.flatMap((p) => [p.addr, mask(p.len)])), undecidable };
}

function compilePorts(ranges: readonly PortRange[]): Int32Array | null {
  if (ranges.some((range) => range.from === 0 && range.to === 65_535)) return null;
  return Int32Array.from(ranges.flatMap((range) => [range.from, range.to]));
}

function protocolNumber(protocol: NsgProtocol): number {
  switch (protocol) {
    case '*':
      return -1;
    case 'Tcp':
      return TCP;
    case 'Udp':
      return UDP;
    case 'Icmp':
      return ICMP;
    case 'Esp':
      return 50;
    case 'Ah':
      return 51;
  }
}

/** Whether a protocol has ports that rules can name. */
export function hasPorts(proto: number): boolean {
  return proto === TCP || proto === UDP || proto === SCTP;
}
