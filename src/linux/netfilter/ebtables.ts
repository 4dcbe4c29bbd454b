import type { Mac } from '../../wire/mac.ts';
import type { InterfaceName, MaskedAddress, NumberRange, PortSelector } from './match/match.ts';

export type EbTableName = 'filter' | 'nat' | 'broute';

/** An Ethernet address under a mask. */
export interface MacSelector {
  readonly mac: Mac;
  readonly mask: Mac;
  readonly not: boolean;
}

/** What a bridge rule asks of a frame; null does not ask. */
export interface EbRule {
  /** The Ethernet type, e.g. 0x0800; `length` is IEEE 802.3. */
  readonly proto: { readonly type: number | 'length'; readonly not: boolean } | null;
  readonly src: MacSelector | null;
  readonly dst: MacSelector | null;
  readonly in: InterfaceName | null;
  readonly out: InterfaceName | null;
  readonly logicalIn: InterfaceName | null;
  readonly logicalOut: InterfaceName | null;
  readonly ip: EbIpMatch | null;
  readonly arp: EbArpMatch | null;
  readonly mark: { readonly value: number; readonly mask: number; readonly not: boolean } | null;
  readonly pkttype: { readonly type: 'host' | 'broadcast' | 'multicast' | 'otherhost'; readonly not: boolean } | null;
  /** Selectors that are kept as text and not modelled. */
  readonly unmodelled: readonly string[];
  /** Logging, kept as text; it changes nothing. */
  readonly watchers: readonly string[];
  readonly target: EbTarget;
  readonly origin: string | null;
}

export interface EbIpMatch {
  readonly src: MaskedAddress | null;
  readonly dst: MaskedAddress | null;
  readonly proto: { readonly proto: number; readonly not: boolean } | null;
  readonly sport: PortSelector | null;
  readonly dport: PortSelector | null;
  readonly tos: { readonly tos: number; readonly not: boolean } | null;
}

export interface EbArpMatch {
  readonly op: NumberRange | null;
  readonly ipSrc: MaskedAddress | null;
  readonly ipDst: MaskedAddress | null;
  readonly macSrc: MacSelector | null;
  readonly macDst: MacSelector | null;
}

export type EbTarget =
  | { readonly t: 'ACCEPT' | 'DROP' | 'CONTINUE' | 'RETURN' }
  | { readonly t: 'jump'; readonly chain: string }
  | { readonly t: 'unmodelled'; readonly module: string; readonly text: string };

/** A chain of a bridge table; user chains have a policy too, RETURN unless changed. */
export interface EbChain {
  readonly name: string;
  policy: 'ACCEPT' | 'DROP' | 'RETURN';
  readonly builtin: boolean;
  rules: readonly EbRule[];
}

export interface EbTable {
  readonly name: EbTableName;
  chains: readonly EbChain[];
}

/** The bridge tables of one namespace. */
export type Ebtables = Partial<Record<EbTableName, EbTable>>;
