import { BUILTIN_CHAINS, hookOf } from '../linux/netfilter/builtin.ts';
import { printRule } from '../linux/netfilter/print.ts';
import type { Table, TableName } from '../linux/netfilter/rule.ts';
import { type Row, printedOnce, row } from './listing.ts';
import { policyId, ruleId } from './row-id.ts';

/** One table as `iptables -t TABLE -S` prints it: policies, the names of further chains, then the rules chain by chain. */
export const iptablesRows: (table: Table) => readonly Row[] = printedOnce((table) => [
  ...table.chains.map(({ name, policy }) =>
    hookOf(table.name, name) === null ? row(`-N ${name}`, null) : row(`-P ${name} ${policy ?? 'ACCEPT'}`, policyId(table.name, name)),
  ),
  ...table.chains.flatMap(({ name, rules }) => rules.map((rule, index) => row(printRule(rule, name), ruleId(table.name, name, index + 1)))),
]);

/** A table that nobody has touched yet: iptables makes its chains when it is asked to list them. */
export function untouchedTableRows(table: TableName): readonly Row[] {
  return BUILTIN_CHAINS[table].map((name) => row(`-P ${name} ACCEPT`, policyId(table, name)));
}
