import type { Weighted } from './dice.ts';
import type { TableName } from '../../linux/netfilter/rule.ts';
import type { RouteKind, Flow, FlowKind } from './scene.ts';

/** How often each thing is drawn. Everything has a weight above 0: what never comes up is not tested. */

export const FLOW_PROTOCOLS: Weighted<Flow['proto']> = [
  ['tcp', 4],
  ['udp', 5],
  ['icmp', 3],
];

export const FLOW_KINDS: Weighted<FlowKind> = [
  ['host', 48],
  ['router', 10],
  ['virtual', 12],
  ['absent', 4],
  ['outside', 4],
  ['own', 3],
  ['broadcast', 3],
  ['loopback', 2],
];

/** The odds that something changes between probes that share a state. */
export const EDITED = 0.4;

export const STATES: Weighted<'cold' | 'fresh' | 'shared'> = [
  ['cold', 5],
  ['fresh', 2],
  ['shared', 5],
];

/** The odds that a namespace with rules has each table. */
export const TABLES: readonly (readonly [TableName, odds: number])[] = [
  ['raw', 0.25],
  ['mangle', 0.45],
  ['nat', 0.65],
  ['filter', 0.6],
  ['security', 0.08],
];

/** Namespaces whose rules are iptables-legacy's. */
export const LEGACY = 0.12;

/** Those of them that have rules of iptables-nft as well. Which back end is asked first may decide, which the twin does not know. */
export const BOTH_BACK_ENDS = 0.15;

/** Rules in a built-in chain; a user chain has one more. */
export const RULES_IN_CHAIN: Weighted<number> = [
  [0, 5],
  [1, 4],
  [2, 3],
  [3, 2],
  [5, 1],
];

/** Namespaces with rules. */
export const RULED: Weighted<number> = [
  [0, 3],
  [1, 6],
  [2, 4],
  [3, 1],
];

export const ROUTE_KINDS: Weighted<RouteKind> = [
  ['gateway', 8],
  ['device', 5],
  ['multipath', 3],
  ['blackhole', 2],
  ['unreachable', 2],
  ['prohibit', 2],
  ['throw', 2],
  ['local', 2],
  ['source', 3],
  ['mtu', 3],
  ['onlink', 2],
  ['delete', 2],
];

/** How many of each thing a network gets beside its rules. A network is about a few of them, not a little of everything. */
export const AMOUNTS: Record<'routes' | 'appended' | 'policies' | 'neighbours' | 'proxies' | 'sysctls', Weighted<number>> = {
  routes: [
    [0, 6],
    [1, 3],
    [2, 2],
    [4, 1],
  ],
  appended: [
    [0, 12],
    [1, 1],
  ],
  policies: [
    [0, 7],
    [1, 3],
    [2, 1],
  ],
  neighbours: [
    [0, 8],
    [1, 2],
    [2, 1],
  ],
  proxies: [
    [0, 8],
    [1, 2],
  ],
  sysctls: [
    [0, 5],
    [1, 3],
    [2, 2],
    [4, 1],
  ],
};
