import type { Dice, Weighted } from '../dice.ts';
import type { Network } from '../scene.ts';
import { chain } from './chain.ts';
import { lan } from './lan.ts';
import { node } from './node.ts';
import { ring } from './ring.ts';
import { bridged } from './switch.ts';
import { bridgedTunnel, routedTunnel } from './tunnel.ts';

/** The kinds of networks, each with how often it is drawn. */
export const TOPOLOGIES: Weighted<(dice: Dice) => Network> = [
  [chain, 6],
  [bridged, 5],
  [lan, 4],
  [node, 5],
  [ring, 3],
  [routedTunnel, 3],
  [bridgedTunnel, 2],
];
