import type { Considered } from '../trace/trace.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { protoName } from '../wire/proto.ts';
import type { CompiledRule, RuleChain } from './compiled-nsg.ts';
import type { AddressMatch, NsgRule, PortRange } from './nsg.ts';
import { type TagScope, type Tuple, matchAddress, matchProtocol } from './nsg-match.ts';

const MOST = 5;

/** Rules that would have decided before this one, had a single field been different; at most five, in order of priority. */
export function nearMisses(chain: RuleChain, decided: CompiledRule, tuple: Tuple, scope: TagScope): Considered[] {
  const misses: Considered[] = [];
  for (const candidate of chain.all) {
    if (candidate.rule === decided.rule || misses.length === MOST) break;
    const wrong = mismatches(candidate, tuple, scope);
    const [why] = wrong;
    if (wrong.length === 1 && why !== undefined) misses.push({ what: ruleText(candidate.rule), why });
  }
  return misses;
}

function mismatches(candidate: CompiledRule, tuple: Tuple, scope: TagScope): string[] {
  const { rule } = candidate;
  const wrong: string[] = [];
  if (matchProtocol(candidate, tuple) === 0) {
    const isProtocol = candidate.proto !== -1 && candidate.proto !== tuple.proto;
    wrong.push(
      isProtocol
        ? `protocol is ${protoName(tuple.proto)}, not ${rule.protocol}`
        : `ports are ${tuple.sport} → ${tuple.dport}, not ${ports(rule.sourcePorts)} → ${ports(rule.destinationPorts)}`,
    );
  }
  if (matchAddress(candidate.source, tuple.src, scope) === 0)
    wrong.push(`source is ${formatIpv4(tuple.src)}, not ${addresses(rule.sources)}`);
  if (matchAddress(candidate.destination, tuple.dst, scope) === 0) {
    wrong.push(`destination is ${formatIpv4(tuple.dst)}, not ${addresses(rule.destinations)}`);
  }
  return wrong;
}

/** One line: priority, name, what it matches, what it does. */
export function ruleText(rule: NsgRule): string {
  const from = `${addresses(rule.sources)}:${ports(rule.sourcePorts)}`;
  const to = `${addresses(rule.destinations)}:${ports(rule.destinationPorts)}`;
  return `${rule.priority} ${rule.name} ${rule.direction} ${rule.protocol} ${from} → ${to} ${rule.access}`;
}

function addresses(matches: readonly AddressMatch[]): string {
  return matches.map(addressText).join(',');
}

/** A source or destination as the portal writes it. */
function addressText(match: AddressMatch): string {
  switch (match.kind) {
    case 'any':
      return '*';
    case 'prefix':
      return formatPrefix(match.prefix);
    case 'tag':
      return match.tag;
    case 'asg':
      return match.asg;
  }
}

function ports(ranges: readonly PortRange[]): string {
  if (ranges.some((range) => range.from === 0 && range.to === 65_535)) return '*';
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
