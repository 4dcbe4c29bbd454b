import type { Weighted } from './dice.ts';
import type { Flow, FlowKind } from './scene.ts';

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

export const STATES: Weighted<'cold' | 'fresh' | 'shared'> = [
  ['cold', 5],
  ['fresh', 2],
  ['shared', 5],
];
