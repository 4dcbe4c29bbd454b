import type { HookName, TableName } from './rule.ts';

/** The built-in chains of each table, in the kernel's order. */
export const BUILTIN_CHAINS: Readonly<Record<TableName, readonly HookName[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Whether a table of that name exists. */
export function isTableName(name: string): name is TableName {
  return Object.hasOwn(BUILTIN_CHAINS, name);
}

/** The hook of a built-in chain of the table; null for any other name. */
export function hookOf(table: TableName, chain: string): HookName | null {
  return BUILTIN_CHAINS[table].find((name) => name === chain) ?? null;
}
