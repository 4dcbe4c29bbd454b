import type { Mac } from '../../wire/mac.ts';
import type { Link, LinkKind, WireId } from '../link.ts';
import type { Host, Netns } from '../netns.ts';
import { addOwnEntry } from './bridge.ts';
import { isDeviceName, linkOf, netnsOf, nextIfindex } from './edit.ts';
import { type OpResult, FILE_EXISTS, INVALID_ARGUMENT, NOT_SUPPORTED } from './result.ts';

/** A link to make. Left out: the next ifindex, an MTU of 1500. */
export interface LinkSpec {
  readonly name: string;
  readonly kind: Exclude<LinkKind, { type: 'loopback' | 'veth' }>;
  readonly mac: Mac;
  readonly mtuBytes?: number;
  readonly ifindex?: number;
}

/**
 * `ip link add NAME type …`, or a NIC that appears. The link starts down. A bridge made with `macSet` in its kind keeps its address.
 * @source net/core/rtnetlink.c rtnl_newlink
 */
export function addLink(netns: Netns, spec: LinkSpec): OpResult {
  const { name, kind, mac } = spec;
  const refused = nameRefused(netns, name);
  if (refused !== null) return refused;
  if (spec.ifindex !== undefined && netns.links.some((link) => link.ifindex === spec.ifindex)) return FILE_EXISTS;
  if (kind.type === 'vlan' && linkOf(netns, kind.lower) === null) return INVALID_ARGUMENT;
  const link = newLink(name, spec.ifindex ?? nextIfindex(netns), kind, mac, Math.min(spec.mtuBytes ?? 1500, largestMtu(netns, kind)));
  // A dummy asks nobody for addresses. @source drivers/net/dummy.c dummy_setup
  netns.links = netns.links.concat({ ...link, carrier: kind.type !== 'bridge', noarp: kind.type === 'dummy' });
  if (kind.type === 'bridge' && kind.macSet === true) addOwnEntry(netns, name, name, mac);
  return 'ok';
}

/** What a tunnel puts around a frame: IPv4 20, UDP 8, VXLAN 8, Ethernet 14. */
const VXLAN_HEADROOM_BYTES = 50;
const MAX_MTU_BYTES = 65_535;

/** A tunnel over a named device takes no more than fits it. @source drivers/net/vxlan/vxlan_core.c vxlan_config_apply */
function largestMtu(netns: Netns, kind: LinkKind): number {
  const lower = kind.type === 'vxlan' && kind.dev !== null ? linkOf(netns, kind.dev) : null;
  return lower === null ? MAX_MTU_BYTES : lower.mtuBytes - VXLAN_HEADROOM_BYTES;
}

/** One end of a veth to make. */
export interface VethEnd {
  readonly netns: string;
  readonly name: string;
  readonly mac: Mac;
  readonly mtuBytes?: number;
}

/**
 * `ip link add NAME type veth peer name PEER`. The kernel makes the peer first, so it has the lower ifindex and comes earlier in the
 * device list.
 * @param wire names the pair; left out: made from the machine's and the ends' names
 * @source drivers/net/veth.c veth_newlink
 */
export function addVethPair(host: Host, end: VethEnd, peer: VethEnd, wire?: WireId): OpResult {
  const here = netnsOf(host, end.netns);
  const there = netnsOf(host, peer.netns);
  if (here === null || there === null) return `Error: argument "${here === null ? end.netns : peer.netns}" is wrong: Invalid "netns" value`;
  const refused = nameRefused(there, peer.name) ?? nameRefused(here, end.name);
  if (refused !== null) return refused;
  if (here === there && end.name === peer.name) return FILE_EXISTS;
  const kind: LinkKind = { type: 'veth', wire: wire ?? freeWire(host, `${host.name}/${end.netns}/${end.name}`) };
  there.links = there.links.concat(newLink(peer.name, nextIfindex(there), kind, peer.mac, peer.mtuBytes ?? 1500));
  here.links = here.links.concat(newLink(end.name, nextIfindex(here), kind, end.mac, end.mtuBytes ?? 1500));
  return 'ok';
}

/** A wire's name that no link of the machine bears yet. */
function freeWire(host: Host, base: string): WireId {
  const taken = new Set<string>();
  for (const { links } of Object.values(host.netns)) {
    for (const { kind } of links) if (kind.type === 'veth' && kind.wire !== null) taken.add(kind.wire);
  }
  let wire = base;
  for (let n = 2; taken.has(wire); n++) wire = `${base}#${n}`;
  return wire;
}

/** Why a name cannot be given to a new or renamed link; null when it can. */
export function nameRefused(netns: Netns, name: string): OpResult | null {
  if (!isDeviceName(name)) return `Error: argument "${name}" is wrong: "name" not a valid ifname`;
  if (name === 'all' || name === 'default') return NOT_SUPPORTED;
  return linkOf(netns, name) === null ? null : FILE_EXISTS;
}

const NO_ADDRESSES: Link['addresses'] = Object.freeze([]);

function newLink(name: string, ifindex: number, kind: LinkKind, mac: Mac, mtuBytes: number): Link {
  return {
    name,
    ifindex,
    kind,
    mac,
    mtuBytes,
    up: false,
    carrier: false,
    promisc: false,
    noarp: false,
    multicast: true,
    addresses: NO_ADDRESSES,
    master: null,
    port: null,
  };
}
