import type { Ipv4 } from '../../../wire/ipv4.ts';
import type { NatRange } from '../../conntrack/nat-range.ts';

/** What REJECT answers with, as `--reject-with` names it. */
export const REJECT_KINDS = [
  'icmp-net-unreachable',
  'icmp-host-unreachable',
  'icmp-proto-unreachable',
  'icmp-port-unreachable',
  'icmp-net-prohibited',
  'icmp-host-prohibited',
  'icmp-admin-prohibited',
  'tcp-reset',
] as const;
export type RejectKind = (typeof REJECT_KINDS)[number];

/** No `-j`: the rule only counts. */
export interface NoTarget {
  readonly t: 'none';
}

export interface VerdictTarget {
  readonly t: 'ACCEPT' | 'DROP' | 'RETURN';
}

export interface JumpTarget {
  readonly t: 'jump' | 'goto';
  readonly chain: string;
}

export interface RejectTarget {
  readonly t: 'REJECT';
  readonly with: RejectKind;
}

/** Where to, and how. REDIRECT has ports only: the address is that of the device the packet came in by. */
export interface NatTarget extends NatRange {
  readonly t: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT';
}

/** Maps the network part of an address one to one. */
export interface NetmapTarget {
  readonly t: 'NETMAP';
  readonly addr: Ipv4;
  readonly mask: Ipv4;
}

/** mark = (mark & ~mask) ^ value. */
export interface MarkTarget {
  readonly t: 'MARK';
  readonly value: number;
  readonly mask: number;
}

export type ConnmarkTarget =
  | { readonly t: 'CONNMARK'; readonly op: 'set'; readonly value: number; readonly mask: number }
  | { readonly t: 'CONNMARK'; readonly op: 'save' | 'restore'; readonly nfmask: number; readonly ctmask: number };

/** Keeps the packet out of conntrack. `alias`: written as `NOTRACK`, not as `CT --notrack`. */
export interface NotrackTarget {
  readonly t: 'CT';
  readonly alias: boolean;
}

export interface LogTarget {
  readonly t: 'LOG';
  readonly prefix: string;
  readonly level: number;
  readonly options: readonly ('tcp-sequence' | 'tcp-options' | 'ip-options' | 'uid' | 'macdecode')[];
}

export interface NflogTarget {
  readonly t: 'NFLOG';
  readonly prefix: string;
  readonly group: number;
  readonly rangeBytes: number | null;
  readonly sizeBytes: number | null;
  readonly threshold: number | null;
}

export interface TcpmssTarget {
  readonly t: 'TCPMSS';
  /** null clamps to the path MTU. */
  readonly mssBytes: number | null;
}

export interface TtlTarget {
  readonly t: 'TTL';
  readonly op: 'set' | 'inc' | 'dec';
  readonly value: number;
}

/** tos = (tos & ~mask) ^ value. */
export interface TosTarget {
  readonly t: 'TOS';
  readonly value: number;
  readonly mask: number;
}

export interface DscpTarget {
  readonly t: 'DSCP';
  readonly dscp: number;
}

export interface ClassifyTarget {
  readonly t: 'CLASSIFY';
  readonly major: number;
  readonly minor: number;
}

/** A set that a SET rule changes, and which end of the packet each of its dimensions reads. */
export interface ChangedSet {
  readonly set: string;
  readonly dims: readonly ('src' | 'dst')[];
}

export interface SetTarget {
  readonly t: 'SET';
  readonly add: ChangedSet | null;
  readonly del: ChangedSet | null;
  readonly exist: boolean;
  readonly timeoutSeconds: number | null;
}

export interface PlainTarget {
  readonly t: 'TRACE' | 'CHECKSUM';
}

/** A target whose text is kept and whose effect nobody here knows: a walk that reaches it is UNKNOWN. */
export interface UnmodelledTarget {
  readonly t: 'unmodelled';
  /** The target's name: `NFQUEUE`, `TPROXY` … */
  readonly module: string;
  readonly text: string;
}

/** What a rule does with the packets it matches (`-j`, `-g`). */
export type Target =
  | NoTarget
  | VerdictTarget
  | JumpTarget
  | RejectTarget
  | NatTarget
  | NetmapTarget
  | MarkTarget
  | ConnmarkTarget
  | NotrackTarget
  | LogTarget
  | NflogTarget
  | TcpmssTarget
  | TtlTarget
  | TosTarget
  | DscpTarget
  | ClassifyTarget
  | SetTarget
  | PlainTarget
  | UnmodelledTarget;
