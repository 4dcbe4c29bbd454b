import type { Prefix } from '../wire/prefix.ts';

export type NsgDirection = 'Inbound' | 'Outbound';
export type NsgAccess = 'Allow' | 'Deny';
export type NsgProtocol = 'Tcp' | 'Udp' | 'Icmp' | 'Esp' | 'Ah' | '*';

/** One source or destination of a rule. An `asg` (application security group) is recognised, not modelled. */
export type AddressMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'asg'; readonly asg: string };

/** Both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface NsgRule {
  readonly name: string;
  /** 100–4096; unique per direction. */
  readonly priority: number;
  readonly direction: NsgDirection;
  readonly access: NsgAccess;
  readonly protocol: NsgProtocol;
  readonly sources: readonly AddressMatch[];
  readonly sourcePorts: readonly PortRange[];
  readonly destinations: readonly AddressMatch[];
  readonly destinationPorts: readonly PortRange[];
}

/** A network security group: the user's rules; the six default rules stand behind them. */
export interface Nsg {
  readonly name: string;
  rules: NsgRule[];
}

export const ANY_ADDRESS: AddressMatch = { kind: 'any' };
export const ANY_PORT: PortRange = { from: 0, to: 65_535 };
