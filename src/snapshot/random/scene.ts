import type { Netns } from '../../linux/netns.ts';
import { formatIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix, lastAddress, prefixOf } from '../../wire/prefix.ts';
import type { Dice } from './dice.ts';
import type { Lab } from './lab.ts';

/** A network with nothing in it yet but links, addresses and the routes that join them. */
export interface Network {
  readonly lab: Lab;
  /** Who sends, and mostly who is asked. */
  readonly hosts: readonly Netns[];
  /** Who forwards between them. */
  readonly routers: readonly Netns[];
}

/** A packet that somebody will send; rules are made with these in mind, so that packets meet them. */
export interface Flow {
  readonly from: Netns;
  readonly proto: 'tcp' | 'udp' | 'icmp';
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

/** Whom a packet is meant for. */
export type FlowKind = 'host' | 'router' | 'virtual' | 'absent' | 'outside' | 'own' | 'broadcast' | 'loopback';

/** What a route is about. */
export type RouteKind =
  | 'gateway'
  | 'device'
  | 'multipath'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'local'
  | 'source'
  | 'mtu'
  | 'onlink'
  | 'delete';

/** What whoever writes tables and probes chooses from. */
export interface Scene extends Network {
  readonly dice: Dice;
  /** Addresses that somebody has, without loopbacks. */
  readonly owned: readonly string[];
  /** Addresses inside connected subnets that nobody has. */
  readonly absent: readonly string[];
  /** Broadcast addresses of connected subnets. */
  readonly broadcasts: readonly string[];
  /** `10.0.1.0/24` of every connected subnet. */
  readonly subnets: readonly string[];
  readonly flows: readonly Flow[];
}

/** Addresses that routes lead to and nobody has: only a rule can make something of them. */
export const VIRTUAL: readonly string[] = ['10.96.0.1', '10.96.0.10', '10.96.0.53'];
/** Addresses that no route but a default one leads to. */
export const OUTSIDE: readonly string[] = ['192.0.2.9', '198.51.100.7', '172.16.9.9'];

export const PORTS = { tcp: [80, 8080], udp: [53, 5353], closed: [9, 81, 4444] } as const;

/** The addresses of a namespace apart from 127.0.0.0/8. */
export function addressesOf(netns: Netns): string[] {
  return netns.links
    .filter(({ kind }) => kind.type !== 'loopback')
    .flatMap(({ addresses }) => addresses.map(({ local }) => formatIpv4(local)));
}

/** The devices of a namespace apart from `lo`. */
export function devicesOf(netns: Netns): string[] {
  return netns.links.filter(({ kind }) => kind.type !== 'loopback').map(({ name }) => name);
}

/** A network and what can be chosen from it; flows come later. */
export function sceneOf(network: Network, dice: Dice): Scene {
  const owned = new Set(network.lab.all.flatMap(addressesOf));
  const subnets = new Set<string>();
  const absent = new Set<string>();
  const broadcasts = new Set<string>();
  for (const { links } of network.lab.all) {
    for (const { kind, addresses } of links) {
      if (kind.type === 'loopback') continue;
      for (const { local, peer, len } of addresses) {
        const subnet = prefixOf(peer ?? local, len);
        subnets.add(formatPrefix(subnet));
        if (len > 30) continue;
        broadcasts.add(formatIpv4(lastAddress(subnet)));
        for (const offset of [3, 77]) {
          const addr = formatIpv4(offsetIpv4(subnet.addr, offset));
          if (offset < 2 ** (32 - len) - 1 && !owned.has(addr)) absent.add(addr);
        }
      }
    }
  }
  return { ...network, dice, owned: [...owned], absent: [...absent], broadcasts: [...broadcasts], subnets: [...subnets], flows: [] };
}
