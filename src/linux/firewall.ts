import type { CompiledTable } from './netfilter/compile.ts';
import { compileTable, needsConntrack } from './netfilter/compile.ts';
import type { Netns } from './netns.ts';

/** A namespace's rule sets made ready for packets, and what they switch on. */
export interface Firewall {
  readonly raw: CompiledTable | null;
  readonly mangle: CompiledTable | null;
  readonly natTable: CompiledTable | null;
  readonly filter: CompiledTable | null;
  readonly security: CompiledTable | null;
  /** Conntrack is off in a namespace until a rule needs it; with it comes reassembly of fragments. */
  readonly conntrack: boolean;
  /** NAT follows connections as soon as the nat table exists. */
  readonly nat: boolean;
  /** Nothing here looks at a packet. */
  readonly idle: boolean;
}

/** @source nf_ct_netns_get is called by the targets and matches that need it, not by the table */
export function compileFirewall(netns: Netns): Firewall {
  const { raw, mangle, nat, filter, security } = netns.iptables;
  const tables = [raw, mangle, nat, filter, security].filter((t) => t !== undefined);
  const conntrack = tables.some(needsConntrack);
  const compile = (t: typeof raw): CompiledTable | null => (t === undefined ? null : compileTable(t, netns.ipsets));
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
