import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';

/**
 * Names one wire for the whole World. The two link ends that carry the same id are joined, so moving or renaming an end leaves the
 * wire as it is and no link ever holds another link.
 */
export type WireId = string;

/** An IPv4 address of a link, as `ip addr` prints it. */
export interface Address {
  readonly local: Ipv4;
  readonly len: number;
  readonly broadcast: Ipv4 | null;
  readonly scope: 'global' | 'link' | 'host' | 'site';
  /** A point-to-point peer, when it differs from `local`. */
  readonly peer: Ipv4 | null;
  /** A later address of the same subnet. */
  readonly secondary: boolean;
  readonly noprefixroute: boolean;
}

/** The port options of a link that is enslaved to a bridge, as `bridge -d link` prints them. */
export interface BridgePort {
  readonly hairpin: boolean;
  readonly learning: boolean;
  readonly flood: boolean;
  readonly bcastFlood: boolean;
  readonly mcastFlood: boolean;
  readonly isolated: boolean;
  readonly guard: boolean;
  readonly neighSuppress: boolean;
  readonly state: 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking';
}

export const DEFAULT_BRIDGE_PORT: BridgePort = Object.freeze({
  hairpin: false,
  learning: true,
  flood: true,
  bcastFlood: true,
  mcastFlood: true,
  isolated: false,
  guard: false,
  neighSuppress: false,
  state: 'forwarding',
});

/** What a link is. `end` is any link end whose driver does not matter: the NIC of a machine, or one that leads out of the model. */
export type LinkKind =
  | { readonly type: 'loopback' }
  | { readonly type: 'veth'; readonly wire: WireId | null }
  | { readonly type: 'end'; readonly wire: WireId | null; readonly nic: string | null }
  | {
      readonly type: 'bridge';
      readonly vlanFiltering: boolean;
      readonly stp: boolean;
      readonly ageingMs: number;
      /** Its frames meet iptables, whatever the sysctl says for all bridges. */
      readonly nfCallIptables?: boolean;
      /** Somebody chose its Ethernet address, so it no longer follows the lowest address of its ports. */
      readonly macSet?: boolean;
      /** Somebody chose its MTU, so it no longer follows the smallest MTU of its ports. */
      readonly mtuSet?: boolean;
    }
  | { readonly type: 'dummy' }
  | {
      readonly type: 'vxlan';
      readonly vni: number;
      readonly port: number;
      readonly local: Ipv4 | null;
      readonly remote: Ipv4 | null;
      /** The device the outer packet must leave by; null lets the route decide. */
      readonly dev: string | null;
      readonly learning: boolean;
      /** For how long a learned VTEP is remembered that sends nothing; 0: for ever. */
      readonly ageingMs: number;
      readonly ttl: number | null;
      readonly tos: number | 'inherit';
      readonly df: 'unset' | 'set' | 'inherit';
      readonly srcPortMin: number;
      readonly srcPortMax: number;
      readonly proxy: boolean;
      readonly unmodelled: readonly string[];
    }
  | { readonly type: 'vlan'; readonly id: number; readonly lower: string }
  | { readonly type: 'unknown'; readonly driver: string };

/** One network device of a namespace. */
export interface Link {
  name: string;
  ifindex: number;
  kind: LinkKind;
  mac: Mac;
  mtuBytes: number;
  /** Administratively up (IFF_UP). */
  up: boolean;
  /** The carrier: false when the far end is down or absent. */
  carrier: boolean;
  promisc: boolean;
  noarp: boolean;
  multicast: boolean;
  addresses: readonly Address[];
  /** The bridge this link is a port of. */
  master: string | null;
  port: BridgePort | null;
}
