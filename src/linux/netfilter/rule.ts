import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Match } from './match/match.ts';
import type { Target } from './target/target.ts';

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

export interface AddressSelector {
  readonly addr: Ipv4;
  /** Any mask, not only a prefix's. */
  readonly mask: number;
  readonly not: boolean;
}

/** `-i eth+`: `name` without the plus, `prefix` true. */
export interface InterfaceSelector {
  readonly name: string;
  readonly prefix: boolean;
  readonly not: boolean;
}

export interface ProtocolSelector {
  readonly proto: number;
  readonly not: boolean;
}

/** One rule: the selectors that every rule has, the extensions in the order written, the target. */
export interface Rule {
  readonly src: AddressSelector | null;
  readonly dst: AddressSelector | null;
  readonly in: InterfaceSelector | null;
  readonly out: InterfaceSelector | null;
  readonly proto: ProtocolSelector | null;
  /** `-f`: second and further fragments. */
  readonly fragment: 'none' | 'only' | 'not';
  readonly matches: readonly Match[];
  readonly target: Target;
  /** Who wrote it: `svc default/web`, `ip-masq-agent`, `aks-node` … null for a dump. */
  readonly origin: string | null;
}

export interface Chain {
  readonly name: string;
  /** The policy of a built-in chain; null for a user chain. */
  policy: 'ACCEPT' | 'DROP' | null;
  rules: readonly Rule[];
}

/** One table with its chains in the order `iptables-save` prints them. */
export interface Table {
  readonly name: TableName;
  chains: readonly Chain[];
}

/** The tables of one back end; an absent table is one that was never touched. */
export type Iptables = Partial<Record<TableName, Table>>;
