import * as z from 'zod';
import { isEqual } from '../../kube/objects/equal.ts';
import type { KernelProfile } from '../../linux/kernel-profile.ts';
import type { Link } from '../../linux/link.ts';
import type { HookName } from '../../linux/netfilter/rule.ts';
import type { Host, Netns, Part, Unmodelled } from '../../linux/netns.ts';
import { section } from '../schema/section.ts';
import { type Authors, authorsIn, authorsSchema, putAuthors } from './authors.ts';
import { type Codec, ipv4Text, line, rangeText } from './text.ts';

/** What the dumps of a namespace do not hold. What is left out is as they are read. */
export interface NetnsMemory {
  /** The kernel's order of devices, where it is not that of their numbers. */
  readonly devices?: string[];
  /** Bridges whose Ethernet address or MTU somebody chose, so that it no longer follows the ports. */
  readonly macSet?: string[];
  readonly mtuSet?: string[];
  /** The names of wires, by the device at this end. */
  readonly wires?: Record<string, string>;
  /** Sockets, counted from 1, that take datagrams and never answer; or that answer although a dump would be taken to say otherwise. */
  readonly silent?: number[];
  readonly answering?: number[];
  readonly authors?: Authors;
  /** What is not modelled or was not collected. */
  readonly gaps?: readonly Unmodelled[];
}

export interface HostMemory {
  readonly kernel?: KernelProfile;
  readonly namespaces?: Record<string, NetnsMemory>;
}

const PARTS = [
  'link',
  'addr',
  'route',
  'rule',
  'neigh',
  'fdb',
  'brlink',
  'sysctl',
  'iptables',
  'ebtables',
  'ipset',
  'sockets',
  'conntrack',
] as const satisfies readonly Part[];
const REASONS = [
  'NFT',
  'TC_FILTER',
  'BPF',
  'IPVS',
  'XFRM',
  'LINK_TYPE',
  'NOT_COLLECTED',
  'NOT_MODELLED',
  'POLICY',
  'SERVICE_PROXY',
] as const satisfies readonly Unmodelled['reason'][];
const MEETS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING', 'BRIDGE', 'ARP'] as const satisfies readonly (
  HookName | 'BRIDGE' | 'ARP'
)[];

const gap: Codec<Unmodelled> = section({
  reason: z.enum(REASONS),
  text: line,
  dev: line.nullable(),
  part: z.enum(PARTS).nullable(),
  meets: z.array(z.enum(MEETS)).max(16).exactOptional(),
  opening: z.enum(['in', 'out']).exactOptional(),
  to: ipv4Text.exactOptional(),
  prefix: rangeText.exactOptional(),
});

const devices = z.array(line).max(20_000).exactOptional();
const rows = z.array(z.int().min(1).max(1_000_000)).max(100_000).exactOptional();

const netnsMemory: Codec<NetnsMemory> = section({
  devices,
  macSet: devices,
  mtuSet: devices,
  wires: z.record(line, line).exactOptional(),
  silent: rows,
  answering: rows,
  authors: authorsSchema.exactOptional(),
  gaps: z.array(gap).max(100_000).exactOptional(),
});

export const hostMemory: Codec<HostMemory> = section({
  kernel: section({ brPromiscConntrack: z.enum(['old', 'fixed']) }).exactOptional(),
  namespaces: z.record(line, netnsMemory).exactOptional(),
});

/** Puts what is remembered of a machine into it; it is still being built. */
export function recallHost(host: Host, memory: HostMemory): void {
  if (memory.kernel !== undefined) host.kernel = memory.kernel;
  for (const [name, one] of Object.entries(memory.namespaces ?? {})) {
    const netns = Object.hasOwn(host.netns, name) ? host.netns[name] : undefined;
    if (netns !== undefined) host.netns[name] = recalled(netns, one);
  }
}

function recalled(netns: Netns, memory: NetnsMemory): Netns {
  const { gaps, authors } = memory;
  const silent = new Set(memory.silent);
  const answering = new Set(memory.answering);
  const sockets = netns.sockets.map((socket, i) => {
    if (silent.has(i + 1)) return { ...socket, answers: false };
    return answering.has(i + 1) ? { ...socket, answers: true } : socket;
  });
  const next: Netns = { ...netns, sockets, unmodelled: gaps ?? netns.unmodelled, links: inOrder(netns.links, memory.devices) };
  for (const link of next.links) link.kind = kindOf(link, memory);
  if (authors !== undefined) putAuthors(next, authors);
  return next;
}

function inOrder(links: Link[], order: readonly string[] | undefined): Link[] {
  if (order === undefined) return links;
  const named = order.flatMap((name) => links.find((link) => link.name === name) ?? []);
  return [...new Set([...named, ...links])];
}

function kindOf({ name, kind }: Link, { macSet, mtuSet, wires }: NetnsMemory): Link['kind'] {
  if (kind.type === 'bridge') {
    return {
      ...kind,
      ...(macSet?.includes(name) === true ? { macSet: true } : {}),
      ...(mtuSet?.includes(name) === true ? { mtuSet: true } : {}),
    };
  }
  const wire = wires !== undefined && Object.hasOwn(wires, name) ? wires[name] : undefined;
  return wire !== undefined && (kind.type === 'veth' || kind.type === 'end') ? { ...kind, wire } : kind;
}

/** What has to be remembered of a machine. @param read the machine as its dumps are read; null where nothing is to be said */
export function memoryOfHost(host: Host, read: Host): HostMemory | null {
  const namespaces = Object.entries(host.netns).flatMap(([name, netns]): [string, NetnsMemory][] => {
    const same = read.netns[name];
    const memory = same === undefined ? {} : memoryOfNetns(netns, same);
    return Object.keys(memory).length === 0 ? [] : [[name, memory]];
  });
  const kernel = isEqual(host.kernel, read.kernel) ? {} : { kernel: host.kernel };
  if (namespaces.length === 0 && !('kernel' in kernel)) return null;
  return { ...kernel, ...(namespaces.length === 0 ? {} : { namespaces: Object.fromEntries(namespaces) }) };
}

function memoryOfNetns(netns: Netns, read: Netns): NetnsMemory {
  const names = netns.links.map((link) => link.name);
  const chosen = (flag: 'macSet' | 'mtuSet'): string[] =>
    netns.links.flatMap(({ name, kind }) => (kind.type === 'bridge' && kind[flag] === true ? [name] : []));
  const wires = netns.links.flatMap(({ name, kind }): [string, string][] => {
    const wire = wireOf(kind);
    const other = read.links.find((link) => link.name === name);
    return wire === null || other === undefined || wireOf(other.kind) === wire ? [] : [[name, wire]];
  });
  const turned = (answers: boolean): number[] =>
    netns.sockets.flatMap((socket, i) => (socket.answers === answers && read.sockets[i]?.answers !== answers ? [i + 1] : []));
  const [macSet, mtuSet, silent, answering] = [chosen('macSet'), chosen('mtuSet'), turned(false), turned(true)];
  const authors = authorsIn(netns, read);
  return {
    ...(isEqual(
      names,
      read.links.map((link) => link.name),
    )
      ? {}
      : { devices: names }),
    ...(macSet.length === 0 ? {} : { macSet }),
    ...(mtuSet.length === 0 ? {} : { mtuSet }),
    ...(wires.length === 0 ? {} : { wires: Object.fromEntries(wires) }),
    ...(silent.length === 0 ? {} : { silent }),
    ...(answering.length === 0 ? {} : { answering }),
    ...(Object.keys(authors).length === 0 ? {} : { authors }),
    ...(isEqual(netns.unmodelled, read.unmodelled) ? {} : { gaps: netns.unmodelled }),
  };
}

function wireOf(kind: Link['kind']): string | null {
  return kind.type === 'veth' || kind.type === 'end' ? kind.wire : null;
}
