import type { Ipv4 } from '../wire/ipv4.ts';

export const TABLE_DEFAULT = 253;
export const TABLE_MAIN = 254;
export const TABLE_LOCAL = 255;

export type RouteType =
  'unicast' | 'local' | 'broadcast' | 'multicast' | 'anycast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw' | 'nat';

/** Numbers grow with nearness. @source include/uapi/linux/rtnetlink.h enum rt_scope_t */
export type RouteScope = 'global' | 'site' | 'link' | 'host' | 'nowhere';

export interface Nexthop {
  readonly dev: string | null;
  readonly via: Ipv4 | null;
  readonly onlink: boolean;
  readonly weight: number;
  readonly dead: boolean;
}

/** One route of one table, as `ip -d route show table all` prints it. */
export interface Route {
  readonly type: RouteType;
  readonly dst: Ipv4;
  readonly len: number;
  readonly tos: number;
  readonly metric: number;
  readonly scope: RouteScope;
  readonly protocol: string;
  /** The preferred source (`src`). */
  readonly src: Ipv4 | null;
  /** One for an ordinary route, several for multipath, none for blackhole and its like. */
  readonly nexthops: readonly Nexthop[];
  readonly mtuBytes: number | null;
  readonly mtuLocked: boolean;
  readonly advmss: number | null;
  /** Who wrote it, when a plug-in or agent of podwalk did. */
  readonly origin: string | null;
}

/** One routing table; order is the order of the dump, which look-ups do not depend on. */
export interface FibTable {
  readonly id: number;
  routes: readonly Route[];
}

export type RuleAction =
  | { readonly type: 'table'; readonly table: number }
  | { readonly type: 'goto'; readonly priority: number }
  | { readonly type: 'nop' }
  | { readonly type: 'blackhole' }
  | { readonly type: 'unreachable' }
  | { readonly type: 'prohibit' };

/** One policy rule, as `ip rule` prints it. */
export interface PolicyRule {
  readonly priority: number;
  readonly not: boolean;
  readonly from: { readonly addr: Ipv4; readonly len: number } | null;
  readonly to: { readonly addr: Ipv4; readonly len: number } | null;
  readonly iif: string | null;
  readonly oif: string | null;
  readonly fwmark: { readonly value: number; readonly mask: number } | null;
  readonly tos: number;
  readonly ipproto: number | null;
  readonly sport: { readonly from: number; readonly to: number } | null;
  readonly dport: { readonly from: number; readonly to: number } | null;
  readonly uidrange: { readonly from: number; readonly to: number } | null;
  readonly suppressPrefixlength: number | null;
  readonly suppressIfgroup: number | null;
  readonly action: RuleAction;
  readonly protocol: string;
}
