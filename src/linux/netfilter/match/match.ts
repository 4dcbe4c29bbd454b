import type { Ipv4 } from '../../../wire/ipv4.ts';
import type { Mac } from '../../../wire/mac.ts';

/** Ports `min` to `max`, both included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

export interface PortSelector extends PortRange {
  readonly not: boolean;
}

/** An address under any mask. */
export interface MaskedAddress {
  readonly addr: Ipv4;
  readonly mask: number;
  readonly not: boolean;
}

export interface AddressRange {
  readonly from: Ipv4;
  readonly to: Ipv4;
  readonly not: boolean;
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly not: boolean;
}

export interface TcpMatch {
  readonly m: 'tcp';
  readonly sport: PortSelector | null;
  readonly dport: PortSelector | null;
  /** Of the flags in `mask`, exactly those in `set` are on. */
  readonly flags: { readonly mask: number; readonly set: number; readonly not: boolean } | null;
  /** A TCP option kind that must be present. */
  readonly option: { readonly kind: number; readonly not: boolean } | null;
}

export interface UdpMatch {
  readonly m: 'udp';
  readonly sport: PortSelector | null;
  readonly dport: PortSelector | null;
}

export interface SctpMatch {
  readonly m: 'sctp';
  readonly sport: PortSelector | null;
  readonly dport: PortSelector | null;
}

export interface IcmpMatch {
  readonly m: 'icmp';
  /** 255 is `any`. */
  readonly type: number;
  readonly codeMin: number;
  readonly codeMax: number;
  readonly not: boolean;
}

export interface MultiportMatch {
  readonly m: 'multiport';
  readonly side: 'source' | 'destination' | 'either';
  readonly ports: readonly PortRange[];
  readonly not: boolean;
}

/** `types` is a bit set of RTN_* numbers. @source include/uapi/linux/netfilter/xt_addrtype.h */
export interface AddrtypeMatch {
  readonly m: 'addrtype';
  readonly src: { readonly types: number; readonly not: boolean } | null;
  readonly dst: { readonly types: number; readonly not: boolean } | null;
  readonly limitIface: 'in' | 'out' | null;
}

export interface ConntrackMatch {
  readonly m: 'conntrack';
  /** A bit set of CT_STATE_* of match/ct-state.ts. */
  readonly state: { readonly mask: number; readonly not: boolean } | null;
  readonly proto: { readonly proto: number; readonly not: boolean } | null;
  readonly origSrc: MaskedAddress | null;
  readonly origDst: MaskedAddress | null;
  readonly replSrc: MaskedAddress | null;
  readonly replDst: MaskedAddress | null;
  readonly origSport: PortSelector | null;
  readonly origDport: PortSelector | null;
  readonly replSport: PortSelector | null;
  readonly replDport: PortSelector | null;
  /** A bit set of IPS_*; 0 is NONE. */
  readonly status: { readonly mask: number; readonly not: boolean } | null;
  /** Seconds left. */
  readonly expire: NumberRange | null;
  readonly dir: 'ORIGINAL' | 'REPLY' | null;
}

/** The older spelling of `conntrack --ctstate`. */
export interface StateMatch {
  readonly m: 'state';
  readonly mask: number;
  readonly not: boolean;
}

export interface MarkMatch {
  readonly m: 'mark';
  readonly value: number;
  readonly mask: number;
  readonly not: boolean;
}

export interface ConnmarkMatch {
  readonly m: 'connmark';
  readonly value: number;
  readonly mask: number;
  readonly not: boolean;
}

export interface CommentMatch {
  readonly m: 'comment';
  readonly text: string;
}

export type StatisticMatch =
  | {
      readonly m: 'statistic';
      readonly mode: 'random';
      /** In steps of 1/2^31, as the kernel keeps it. */
      readonly probability: number;
      readonly not: boolean;
    }
  | {
      readonly m: 'statistic';
      readonly mode: 'nth';
      readonly every: number;
      readonly packet: number;
      readonly not: boolean;
    };

export interface RecentMatch {
  readonly m: 'recent';
  readonly mode: 'set' | 'rcheck' | 'update' | 'remove';
  readonly not: boolean;
  readonly name: string;
  /** 0: no limit. */
  readonly seconds: number;
  readonly hitcount: number;
  readonly reap: boolean;
  readonly rttl: boolean;
  readonly mask: Ipv4;
  readonly side: 'source' | 'destination';
}

export interface CounterCondition {
  readonly op: 'eq' | 'lt' | 'gt';
  readonly value: number;
  readonly not: boolean;
}

export interface SetMatch {
  readonly m: 'set';
  readonly set: string;
  /** Which end of the packet each dimension reads. */
  readonly dims: readonly ('src' | 'dst')[];
  readonly not: boolean;
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  readonly updateSubcounters: boolean;
  readonly packets: CounterCondition | null;
  readonly bytes: CounterCondition | null;
}

export interface InterfaceName {
  readonly name: string;
  /** A trailing `+` was written. */
  readonly prefix: boolean;
  readonly not: boolean;
}

export interface PhysdevMatch {
  readonly m: 'physdev';
  readonly in: InterfaceName | null;
  readonly out: InterfaceName | null;
  /** false is the negated form; null does not ask. */
  readonly isIn: boolean | null;
  readonly isOut: boolean | null;
  readonly isBridged: boolean | null;
}

export interface OwnerMatch {
  readonly m: 'owner';
  readonly uid: NumberRange | null;
  readonly gid: NumberRange | null;
  readonly socketExists: boolean | null;
  readonly supplGroups: boolean;
}

export interface LimitMatch {
  readonly m: 'limit';
  /** Time between tokens in units of 0.1 ms, as the kernel keeps it. */
  readonly avg: number;
  readonly burst: number;
}

export interface MacMatch {
  readonly m: 'mac';
  readonly mac: Mac;
  readonly not: boolean;
}

/** Total length of the IP packet in bytes. */
export interface LengthMatch {
  readonly m: 'length';
  readonly min: number;
  readonly max: number;
  readonly not: boolean;
}

export interface TtlMatch {
  readonly m: 'ttl';
  readonly op: 'eq' | 'ne' | 'lt' | 'gt';
  readonly ttl: number;
}

export interface IprangeMatch {
  readonly m: 'iprange';
  readonly src: AddressRange | null;
  readonly dst: AddressRange | null;
}

export interface PkttypeMatch {
  readonly m: 'pkttype';
  readonly type: 'unicast' | 'broadcast' | 'multicast';
  readonly not: boolean;
}

export interface TosMatch {
  readonly m: 'tos';
  readonly value: number;
  readonly mask: number;
  readonly not: boolean;
}

export interface DscpMatch {
  readonly m: 'dscp';
  readonly dscp: number;
  readonly not: boolean;
}

export interface TcpmssMatch {
  readonly m: 'tcpmss';
  readonly min: number;
  readonly max: number;
  readonly not: boolean;
}

/** The way back to the source leads through the device that the packet came in by. */
export interface RpfilterMatch {
  readonly m: 'rpfilter';
  readonly loose: boolean;
  readonly validmark: boolean;
  readonly acceptLocal: boolean;
  /** `--invert`. */
  readonly not: boolean;
}

/** Counts the packet and always matches. */
export interface NfacctMatch {
  readonly m: 'nfacct';
  readonly name: string;
}

/** A match whose text is kept and whose answer nobody here knows: a walk that consults it is UNKNOWN. */
export interface UnmodelledMatch {
  readonly m: 'unmodelled';
  /** The module's name: `string`, `u32` … */
  readonly module: string;
  /** Its options, quoted as iptables reads them. */
  readonly text: string;
}

/** One extension of a rule (`-m NAME …`). */
export type Match =
  | TcpMatch
  | UdpMatch
  | SctpMatch
  | IcmpMatch
  | MultiportMatch
  | AddrtypeMatch
  | ConntrackMatch
  | StateMatch
  | MarkMatch
  | ConnmarkMatch
  | CommentMatch
  | StatisticMatch
  | RecentMatch
  | SetMatch
  | PhysdevMatch
  | OwnerMatch
  | LimitMatch
  | MacMatch
  | LengthMatch
  | TtlMatch
  | IprangeMatch
  | PkttypeMatch
  | TosMatch
  | DscpMatch
  | TcpmssMatch
  | RpfilterMatch
  | NfacctMatch
  | UnmodelledMatch;

export type MatchName = Match['m'];
export type MatchOf<N extends MatchName> = Extract<Match, { readonly m: N }>;
