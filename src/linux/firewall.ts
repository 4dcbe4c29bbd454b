import type { CompiledTable } from './netfilter/compiled-table.ts';

/** A namespace's rule sets made ready for packets, and what they switch on. */
export interface Firewall {
  readonly raw: CompiledTable | null;
  readonly mangle: CompiledTable | null;
  readonly natTable: CompiledTable | null;
  readonly filter: CompiledTable | null;
  /** Each back end asks its own security table at another time, so the two are never one. */
  readonly security: CompiledTable | null;
  readonly legacySecurity: CompiledTable | null;
  /** Conntrack is off in a namespace until a rule needs it; with it comes reassembly of fragments. */
  readonly conntrack: boolean;
  /** NAT follows connections as soon as the nat table exists. */
  readonly nat: boolean;
  /** Nothing here looks at a packet. */
  readonly idle: boolean;
}
