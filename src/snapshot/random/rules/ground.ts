import type { HookName, TableName } from '../../../linux/netfilter/rule.ts';
import type { IpsetType } from '../../../linux/netfilter/ipset/ipset.ts';
import type { Netns } from '../../../linux/netns.ts';
import { addressesOf, type Flow, OUTSIDE, type Scene, VIRTUAL } from '../scene.ts';

/** A set that rules of a namespace may ask. */
export interface DrawnSet {
  readonly name: string;
  readonly type: IpsetType;
  /** How many ends of the packet a rule must name. */
  readonly dimensions: number;
}

/** Where a rule is to stand, and the packet that it is made for. */
export interface Ground {
  readonly scene: Scene;
  readonly netns: Netns;
  readonly table: TableName;
  /** The hooks from which packets come to the chain. */
  readonly hooks: readonly HookName[];
  readonly isBuiltin: boolean;
  /** Chains that the rule may lead to. */
  readonly below: readonly string[];
  readonly sets: readonly DrawnSet[];
  /** What `-p` says; null where the rule takes every protocol. */
  readonly proto: 'tcp' | 'udp' | 'icmp' | null;
  /** The packet as it probably is where the rule stands: there or back. */
  readonly flow: Flow;
}

/** Whether every hook from which packets come is one of these. */
export function onlyAt(ground: Ground, ...hooks: readonly HookName[]): boolean {
  return ground.hooks.every((hook) => hooks.includes(hook));
}

/** Any address that may stand in a header. */
export function anyAddress({ scene, netns }: Ground): string {
  const { dice, owned, absent } = scene;
  const list = dice.weighted<readonly string[]>([
    [owned, 10],
    [addressesOf(netns), 3],
    [VIRTUAL, 2],
    [absent, 1],
    [OUTSIDE, 1],
  ]);
  return dice.pickOrNull(list) ?? dice.pick(owned);
}

/** An address of the packet, mostly. */
export function likelyAddress(ground: Ground, side: 'src' | 'dst'): string {
  return ground.scene.dice.chance(0.75) ? ground.flow[side] : anyAddress(ground);
}

/** An address, or a network around it. */
export function around({ scene: { dice } }: Ground, address: string): string {
  const [a, b, c] = address.split('.');
  return dice.weighted([
    [address, 6],
    [`${a}.${b}.${c}.0/24`, 4],
    [`${a}.${b}.0.0/16`, 1],
    [`${a}.0.0.0/8`, 2],
    ['10.0.0.0/9', 1],
    [`0.0.0.${Number(address.split('.')[3])}/0.0.0.255`, 1],
  ]);
}

/** `! ` now and then. */
export function perhapsNot({ scene: { dice } }: Ground, odds = 0.12): string {
  return dice.chance(odds) ? '! ' : '';
}

/** A port, or a range around it. */
export function portsAround({ scene: { dice } }: Ground, port: number): string {
  return dice.weighted([
    [String(port), 6],
    [`${Math.max(0, port - 20)}:${Math.min(65_535, port + 20)}`, 2],
    [`0:${port}`, 1],
    [`${port}:65535`, 1],
    [String(dice.pick([9, 53, 80, 8080, 5353, 40_000])), 2],
  ]);
}

export function mark(dice: Scene['dice']): string {
  return `0x${dice.pick([0, 1, 2, 3, 4, 0x10, 0x4000, 0xffff_ffff]).toString(16)}`;
}

export function markMask(dice: Scene['dice']): string {
  return `0x${dice.pick([1, 3, 4, 0xf, 0xff, 0x4000, 0xffff_ffff]).toString(16)}`;
}
