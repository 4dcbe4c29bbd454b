import { protoName } from '../../wire/proto.ts';
import { type Counters, NO_COUNTERS, ZERO } from './counters.ts';
import { matchModule } from './compiled-rule.ts';
import type { AddressSelector, Chain, InterfaceSelector, Iptables, Rule, Table } from './rule.ts';
import { bang, printMasked } from './syntax.ts';
import type { Match } from './match/match.ts';
import type { Target } from './target/target.ts';
import { targetModule, targetName } from './target/registry.ts';

/** One match with its options: ` -m tcp --dport 80`. */
function printMatch(match: Match): string {
  const name = match.m === 'unmodelled' ? match.module : match.m;
  return ` -m ${name}${matchModule(match).print(match)}`;
}

/** The target with its options: ` -j DNAT --to-destination 10.0.0.1:80`; nothing for a rule without one. */
export function printTarget(target: Target): string {
  switch (target.t) {
    case 'none':
      return '';
    case 'jump':
      return ` -j ${target.chain}`;
    case 'goto':
      return ` -g ${target.chain}`;
    default:
      return ` -j ${targetName(target)}${targetModule(target).print(target)}`;
  }
}

function printAddress(option: string, selector: AddressSelector | null): string {
  return selector === null ? '' : `${bang(selector)} ${option} ${printMasked(selector)}`;
}

function printInterface(option: string, selector: InterfaceSelector | null): string {
  return selector === null ? '' : `${bang(selector)} ${option} ${selector.name}${selector.prefix ? '+' : ''}`;
}

/** A rule's specification, as it stands after `-A CHAIN`, with a leading blank. */
export function printSpecification(rule: Rule): string {
  return [
    printAddress('-s', rule.src),
    printAddress('-d', rule.dst),
    printInterface('-i', rule.in),
    printInterface('-o', rule.out),
    rule.proto === null ? '' : `${bang(rule.proto)} -p ${protoName(rule.proto.proto)}`,
    rule.fragment === 'none' ? '' : rule.fragment === 'only' ? ' -f' : ' ! -f',
    ...rule.matches.map(printMatch),
    printTarget(rule.target),
  ].join('');
}

/** `-A CHAIN …` as iptables-save and `iptables -S` print a rule. @source iptables 1.8.9 */
export function printRule(rule: Rule, chain: string): string {
  return `-A ${chain}${printSpecification(rule)}`;
}

function printChainLine(table: Table, chain: Chain, counters: Counters): string {
  return `:${chain.name} ${chain.policy ?? '-'} [${counters.get(`${table.name}:${chain.name}`) ?? ZERO}]`;
}

/**
 * One table as iptables-save prints it.
 * @param counters what has been counted; where rules have counted anything, they are printed as iptables-save -c does
 */
export function printTable(table: Table, counters: Counters = NO_COUNTERS): string {
  const lines = [`*${table.name}`, ...table.chains.map((chain) => printChainLine(table, chain, counters))];
  const counted =
    counters.size > 0 && table.chains.some(({ name, rules }) => rules.some((_, i) => counters.has(`${table.name}:${name}:${i + 1}`)));
  for (const { name, rules } of table.chains) {
    for (const [i, rule] of rules.entries()) {
      const prefix = counted ? `[${counters.get(`${table.name}:${name}:${i + 1}`) ?? ZERO}] ` : '';
      lines.push(`${prefix}${printRule(rule, name)}`);
    }
  }
  lines.push('COMMIT', '');
  return lines.join('\n');
}

/** All tables in their order, which for a dump is that of iptables-save. Loaded so, the first rule that names a list of `-m recent` makes it. */
export function printTables(tables: Iptables, counters?: Counters): string {
  return Object.values(tables)
    .map((table) => printTable(table, counters))
    .join('');
}
