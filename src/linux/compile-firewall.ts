import type { Firewall } from './firewall.ts';
import { compileTable, needsConntrack } from './netfilter/compile.ts';
import type { CompiledTable } from './netfilter/compiled-table.ts';
import type { Netns } from './netns.ts';

/**
 * Makes a namespace's rule sets ready for packets; each table is kept for as long as it lives.
 * @source nf_ct_netns_get is called by the targets and matches that need it, not by the table
 */
export function compileFirewall(netns: Netns): Firewall {
  const { raw, mangle, nat, filter, security } = netns.iptables;
  const tables = [raw, mangle, nat, filter, security].filter((t) => t !== undefined);
  const conntrack = tables.some(needsConntrack);
  const compile = (t: typeof raw): CompiledTable | null => (t === undefined ? null : compileTable(t));
  return {
    raw: compile(raw),
    mangle: compile(mangle),
    natTable: compile(nat),
    filter: compile(filter),
    security: compile(security),
    conntrack,
    nat: conntrack && nat !== undefined,
    idle: tables.length === 0,
  };
}
