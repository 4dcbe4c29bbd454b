import { LOOPBACK, isLoopback, parseIpv4 } from '../../wire/ipv4.ts';
import { contains, parsePrefix } from '../../wire/prefix.ts';

/**
 * How kube-proxy tells a packet of a local pod from others.
 * @source pkg/proxy/util/localdetector.go
 */
export type LocalDetector =
  | { readonly mode: 'ClusterCIDR'; readonly cidr: string }
  /** The prefix is the node's own podCIDR. */
  | { readonly mode: 'NodeCIDR' }
  | { readonly mode: 'BridgeInterface'; readonly name: string }
  | { readonly mode: 'InterfaceNamePrefix'; readonly prefix: string }
  | { readonly mode: 'none' };

export interface KubeProxySettings {
  /** The mark as it is written into rules. */
  readonly masqueradeMark: string;
  readonly masqueradeAll: boolean;
  readonly localDetector: LocalDetector;
  /** `--iptables-localhost-nodeports`. */
  readonly localhostNodePorts: boolean;
  /** `--nodeport-addresses`, prefixes; empty means every local address. */
  readonly nodePortAddresses: readonly string[];
  /** Whether iptables (1.6.2 and later) knows `MASQUERADE --random-fully`. */
  readonly randomFully: boolean;
  /** Whether nf_conntrack_tcp_be_liberal was 1 when kube-proxy started. */
  readonly conntrackTcpLiberal: boolean;
  /** Whether nfacct counters could be made. */
  readonly nfacct: boolean;
}

/** kube-proxy's defaults on a node where the masquerade bit is 14. @source pkg/proxy/apis/config/v1alpha1/defaults.go */
export const DEFAULT_KUBE_PROXY_SETTINGS: KubeProxySettings = {
  masqueradeMark: '0x00004000',
  masqueradeAll: false,
  localDetector: { mode: 'none' },
  localhostNodePorts: true,
  nodePortAddresses: [],
  randomFully: true,
  conntrackTcpLiberal: false,
  nfacct: false,
};

/** What kube-proxy knows of the node that it runs on. Addresses are IPv4 text. */
export interface NodeView {
  readonly name: string;
  readonly ip: string;
  /** Every address of the node's interfaces, 127.0.0.1 too. */
  readonly addresses: readonly string[];
  readonly podCIDR: string | null;
  readonly zone: string | null;
}

/** The match that a local pod's packet meets and the one that any other meets; `null` when the detector cannot tell. */
export interface LocalMatch {
  readonly ifLocal: string;
  readonly ifNotLocal: string;
}

/** The detector's matches on a node. Without a podCIDR a NodeCIDR detector cannot tell. */
export function localMatch(detector: LocalDetector, node: NodeView): LocalMatch | null {
  switch (detector.mode) {
    case 'ClusterCIDR':
      return both(`-s ${detector.cidr}`);
    case 'NodeCIDR':
      return node.podCIDR === null ? null : both(`-s ${node.podCIDR}`);
    case 'BridgeInterface':
      return both(`-i ${detector.name}`);
    case 'InterfaceNamePrefix':
      return both(`-i ${detector.prefix}+`);
    case 'none':
      return null;
  }
}

function both(match: string): LocalMatch {
  return { ifLocal: match, ifNotLocal: `! ${match}` };
}

/** Whether `--nodeport-addresses` leaves every address in. */
export function matchesAllAddresses(settings: KubeProxySettings): boolean {
  return settings.nodePortAddresses.length === 0 || settings.nodePortAddresses.includes('0.0.0.0/0');
}

/**
 * Whether NodePorts work on loopback addresses: forced off when `--nodeport-addresses` holds no loopback address.
 * kube-proxy then leaves net.ipv4.conf.all.route_localnet alone; otherwise it sets it to 1.
 * @source pkg/proxy/iptables/proxier.go NewProxier
 */
export function hasLocalhostNodePorts(settings: KubeProxySettings): boolean {
  if (!settings.localhostNodePorts) return false;
  return (
    matchesAllAddresses(settings) ||
    settings.nodePortAddresses.some((text) => {
      const prefix = parsePrefix(text);
      return prefix !== null && (isLoopback(prefix.addr) || contains(prefix, LOOPBACK));
    })
  );
}

/** The node's addresses inside `--nodeport-addresses`, in the node's order. @source pkg/proxy/util/nodeport_addresses.go */
export function nodePortIPs(settings: KubeProxySettings, node: NodeView): string[] {
  const prefixes = settings.nodePortAddresses.flatMap((text) => parsePrefix(text) ?? []);
  return [...new Set(node.addresses)].filter((text) => {
    const address = parseIpv4(text);
    if (address === null || !prefixes.some((prefix) => contains(prefix, address))) return false;
    return !isLoopback(address) || hasLocalhostNodePorts(settings);
  });
}
