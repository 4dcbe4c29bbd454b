import type { Ipv4 } from '../wire/ipv4.ts';
import type { Ebtables } from './netfilter/ebtables.ts';
import type { Ipset } from './netfilter/ipset/ipset.ts';
import type { HookName, Iptables } from './netfilter/rule.ts';
import type { FdbEntry, Neighbour, ProxyNeighbour } from './neighbour.ts';
import type { Link } from './link.ts';
import type { FibTable, PolicyRule } from './route.ts';
import type { Socket } from './socket.ts';
import type { Sysctls } from './sysctl.ts';
import type { KernelProfile } from './kernel-profile.ts';

/** A part of a namespace that was not collected: a walk that needs it is UNKNOWN(NOT_COLLECTED). */
export type Part =
  'link' | 'addr' | 'route' | 'rule' | 'neigh' | 'fdb' | 'brlink' | 'sysctl' | 'iptables' | 'ebtables' | 'ipset' | 'sockets' | 'conntrack';

/** Something found in a namespace that packets would meet and podwalk does not model. */
export interface Unmodelled {
  readonly reason:
    'NFT' | 'TC_FILTER' | 'BPF' | 'IPVS' | 'XFRM' | 'LINK_TYPE' | 'NOT_COLLECTED' | 'NOT_MODELLED' | 'POLICY' | 'SERVICE_PROXY';
  readonly text: string;
  /** The device it sits on; null for the whole namespace. */
  readonly dev: string | null;
  readonly part: Part | null;
  /** What takes packets (`part` null) says at which netfilter hooks, or that it takes bridged frames or ARP; absent: at every hook. */
  readonly meets?: readonly (HookName | 'BRIDGE' | 'ARP')[];
  /** Takes only packets that open a connection: into the namespace, or out of it. What answers them passes. */
  readonly opening?: 'in' | 'out';
  /** Takes only packets to this address. */
  readonly to?: Ipv4;
  /** The prefix of a route that is not modelled; absent: it could be any. */
  readonly prefix?: { readonly addr: Ipv4; readonly len: number };
}

/** The tables of one network namespace: everything a packet's fate depends on, apart from flow state. */
export interface Netns {
  readonly name: string;
  /** In the kernel's device-list order: registration, or arrival in the namespace. */
  links: Link[];
  fib: FibTable[];
  /** In ascending priority. */
  rules: readonly PolicyRule[];
  neighbours: readonly Neighbour[];
  proxyNeighbours: readonly ProxyNeighbour[];
  fdb: readonly FdbEntry[];
  /** Differences from the kernel profile's defaults. */
  sysctls: Sysctls;
  iptables: Iptables;
  /** The legacy back end's tables, where a dump holds both. */
  iptablesLegacy: Iptables | null;
  ipsets: readonly Ipset[];
  ebtables: Ebtables | null;
  sockets: readonly Socket[];
  unmodelled: readonly Unmodelled[];
}

export type HostKind = 'node' | 'vm' | 'onprem' | 'internet' | 'router';

/** One machine: a kernel and its namespaces. `root` is the name of its first namespace. */
export interface Host {
  readonly name: string;
  readonly kind: HostKind;
  kernel: KernelProfile;
  /** `uname -r`, where known. */
  readonly release: string | null;
  netns: Record<string, Netns>;
  /** The next free ifindex; the kernel counts per namespace, a clash on moving picks the next free. */
}

export const ROOT = 'root';
