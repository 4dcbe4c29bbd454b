import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { FibNexthop, FibRoute } from './fib-route.ts';

/**
 * Where a packet goes next. These objects are made once for each route and shared by all packets: nothing that belongs to one packet
 * is in them. `gateway` ANY means that the packet's own destination is the next hop.
 */
export interface Via {
  readonly device: Device;
  readonly gateway: Ipv4;
  /** Null where the device was named by the socket and no route exists. */
  readonly nexthop: FibNexthop | null;
  readonly route: FibRoute | null;
  /** The route's MTU, else the device's. */
  readonly mtuBytes: number;
  /** `mtu lock`: path MTU discovery does not change it. */
  readonly mtuLocked: boolean;
}

export interface UnknownRoute {
  readonly kind: 'unknown';
  readonly reason: string;
  readonly text: string;
}

/** What route input decided. @source net/ipv4/route.c ip_route_input_slow */
export type InputRoute =
  | { readonly kind: 'local'; readonly route: FibRoute | null }
  | { readonly kind: 'broadcast'; readonly route: FibRoute | null }
  /** To a group that this host is a member of. */
  | { readonly kind: 'multicast' }
  /** `redirect`: the packet leaves by the device it came in by, and the sender may be told so. */
  | ({ readonly kind: 'forward'; readonly redirect: boolean } & Via)
  /** `reason` is SKB_DROP_REASON_* without that prefix. */
  | { readonly kind: 'drop'; readonly reason: string; readonly text: string; readonly route: FibRoute | null }
  /** Refused with an ICMP destination unreachable of this code, if rate limits allow; dropped with `reason`. */
  | {
      readonly kind: 'unreachable';
      readonly code: number;
      readonly errno: number;
      readonly reason: string;
      readonly route: FibRoute | null;
    }
  | UnknownRoute;

/** What routing a packet of this host decided. @source net/ipv4/route.c ip_route_output_key_hash_rcu */
export type OutputRoute =
  | ({ readonly kind: 'unicast' } & Via)
  /** To an address of this host: `device` is the loopback, `via` the device that owns the address. */
  | ({ readonly kind: 'local'; readonly owner: Device | null } & Via)
  /** A copy goes to this host's own sockets (`loop`), the packet itself to the wire. */
  | ({ readonly kind: 'broadcast'; readonly loop: boolean } & Via)
  | ({ readonly kind: 'multicast'; readonly loop: boolean } & Via)
  | { readonly kind: 'error'; readonly errno: number; readonly text: string; readonly route: FibRoute | null }
  | UnknownRoute;
