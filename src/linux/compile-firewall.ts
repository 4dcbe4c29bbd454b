import type { Firewall } from './firewall.ts';
import { compileTable, needsConntrack } from './netfilter/compile.ts';
import type { CompiledTable } from './netfilter/compiled-table.ts';
import type { Iptables, Table, TableName } from './netfilter/rule.ts';
import { TwoBackEnds } from './netfilter/two-back-ends.ts';
import type { Netns } from './netns.ts';

/**
 * Makes a namespace's rule sets ready for packets; each table is kept for as long as it lives.
 * @source nf_ct_netns_get is called by the targets and matches that need it, not by the table
 */
export function compileFirewall(netns: Netns): Firewall {
  const { iptables, iptablesLegacy } = netns;
  const tables = [...tablesOf(iptables), ...tablesOf(iptablesLegacy ?? {})];
  const conntrack = tables.some(needsConntrack);
  const compile = (name: TableName): CompiledTable | null => compileBoth(iptables[name], iptablesLegacy?.[name]);
  return {
    raw: compile('raw'),
    mangle: compile('mangle'),
    natTable: compile('nat'),
    filter: compile('filter'),
    security: compileBoth(iptables.security, undefined),
    legacySecurity: compileBoth(undefined, iptablesLegacy?.security),
    conntrack,
    nat: conntrack && tables.some(({ name }) => name === 'nat'),
    idle: tables.length === 0,
  };
}

function tablesOf({ raw, mangle, nat, filter, security }: Iptables): Table[] {
  return [raw, mangle, nat, filter, security].filter((table) => table !== undefined);
}

function compileBoth(nft: Table | undefined, legacy: Table | undefined): CompiledTable | null {
  if (legacy === undefined) return nft === undefined ? null : compileTable(nft);
  return nft === undefined ? compileTable(legacy, true) : new TwoBackEnds(compileTable(nft), compileTable(legacy, true));
}
