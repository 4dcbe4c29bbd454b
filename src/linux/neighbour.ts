import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';

export type NeighbourState = 'permanent' | 'noarp' | 'reachable' | 'stale' | 'delay' | 'probe' | 'incomplete' | 'failed';

/** A neighbour entry that the tables hold before any packet moves; what packets teach lives in the Session. */
export interface Neighbour {
  readonly ip: Ipv4;
  readonly mac: Mac | null;
  readonly dev: string;
  readonly state: NeighbourState;
  readonly origin: string | null;
}

export interface ProxyNeighbour {
  readonly ip: Ipv4;
  readonly dev: string;
}

/** One forwarding-database entry of a bridge port or a vxlan device, as `bridge fdb` prints it. */
export interface FdbEntry {
  readonly mac: Mac;
  readonly dev: string;
  /** The bridge for a bridge's own entry, null for the device's own (`self`). */
  readonly master: string | null;
  /** `permanent` on a bridge means the bridge itself owns the address. */
  readonly state: 'permanent' | 'static' | 'learned';
  /** vxlan: the VTEP behind which the address lives. */
  readonly dst: Ipv4 | null;
  readonly vni: number | null;
  readonly port: number | null;
  readonly externLearn: boolean;
  /** It does not move with its station, as other static entries do. */
  readonly sticky?: boolean;
}
