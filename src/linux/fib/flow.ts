import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { PolicyRule } from '../route.ts';
import type { FibNexthop, FibRoute } from './fib-route.ts';
import { SCOPE_UNIVERSE } from './scope.ts';

/** The header fields that tell flows apart when a route has several ways. */
export interface FlowKey {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
}

/**
 * The key of a look-up and what it found. One object serves many look-ups: {@link reset} it, set what is known, look up, read.
 * @source include/net/flow.h struct flowi4, include/net/ip_fib.h struct fib_result
 */
export class Flow {
  dst: Ipv4 = ANY;
  src: Ipv4 = ANY;
  /** Null: the packet is made here, which rules see as `iif lo`. */
  iif: Device | null = null;
  oif: Device | null = null;
  mark = 0;
  tos = 0;
  proto = 0;
  sport = 0;
  dport = 0;
  /** Routes of a smaller scope are passed over. */
  scope: number = SCOPE_UNIVERSE;
  /** The user of the sending socket; null: not known. The kernel itself is 0. */
  uid: number | null = null;
  /** FLOWI_FLAG_ANYSRC: the source need not be an address of this host. */
  anySrc = false;
  /** FIB_LOOKUP_IGNORE_LINKSTATE. */
  ignoreLinkState = false;
  /** The packet whose header picks one of several ways instead of this key: the one that an error is about. */
  hashed: FlowKey | null = null;

  route: FibRoute | null = null;
  nexthop: FibNexthop | null = null;
  /** The rule whose table or action answered; null where the kernel does not walk the rules. */
  rule: PolicyRule | null = null;
  /** What was met that is not modelled. */
  unmodelled = '';

  /** Back to an empty key for a packet to `dst`. */
  reset(dst: Ipv4, src: Ipv4): this {
    this.dst = dst;
    this.src = src;
    this.iif = null;
    this.oif = null;
    this.mark = 0;
    this.tos = 0;
    this.proto = 0;
    this.sport = 0;
    this.dport = 0;
    this.scope = SCOPE_UNIVERSE;
    this.uid = null;
    this.anySrc = false;
    this.ignoreLinkState = false;
    this.hashed = null;
    this.route = null;
    this.nexthop = null;
    this.rule = null;
    this.unmodelled = '';
    return this;
  }
}
