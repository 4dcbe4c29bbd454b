import type { CniState } from '../cni/state.ts';
import type { CniResult } from '../cni/plugin.ts';
import type { MasqConfig } from '../kube/ip-masq-agent/config.ts';
import type { ProxyObjects } from '../kube/kube-proxy/view.ts';
import type { ClusterObjects } from '../kube/objects/cluster-objects.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Prefix } from '../wire/prefix.ts';

/** The mode of a cluster that was dumped: which plug-ins and agents it has is not known, so nobody plays them. */
export const OBSERVED = 'observed';

/**
 * A Kubernetes cluster on the machines of a World: its objects, and what the agents that turn objects into tables remember. `objects` is
 * what the API server holds; the rest is where they were put.
 */
export interface Cluster {
  readonly name: string;
  /** Which set of plug-ins and agents runs here. Only `aks/` reads it. */
  readonly mode: string;
  readonly network: ClusterNetwork;
  objects: ClusterObjects;
  /** By node name. */
  nodes: Record<string, ClusterNode>;
  /** By `namespace/name` of the pod. */
  sandboxes: Record<string, Sandbox>;
  /** How many sandboxes a pod of that name has had, where more than one: the next one gets other identifiers. */
  attempts: Record<string, number>;
  /** The file that AKS keeps for ip-masq-agent; null when somebody took it away. */
  masqConfig: MasqConfig | null;
  agents: AgentState;
}

/** The address spaces of a cluster. */
export interface ClusterNetwork {
  /** `VNET/SUBNET` where nodes live. */
  readonly subnet: string;
  readonly subnetPrefix: Prefix;
  readonly vnetPrefixes: readonly Prefix[];
  /** Null in modes whose pods have addresses of the virtual network. */
  readonly podCidr: Prefix | null;
  readonly serviceCidr: Prefix;
  readonly dnsServiceIp: Ipv4;
  readonly maxPods: number;
  readonly names: ClusterNames;
}

/** The names of the Azure resources of a cluster. */
export interface ClusterNames {
  readonly vmss: string;
  readonly nsg: string;
  readonly routeTable: string;
  readonly loadBalancer: string;
  readonly internalLoadBalancer: string;
  readonly overlay: string;
}

/** A machine that is a node, and what runs on it. */
export interface ClusterNode {
  readonly name: string;
  readonly machine: string;
  readonly nic: string;
  readonly addr: Ipv4;
  /** `spec.podCIDR`, where the mode gives every node one. */
  readonly podCidr: Prefix | null;
  /** Files and memory of the CNI plug-ins on this node. */
  cni: CniState;
  /** What kube-proxy on this node wrote last; null until its first sync. */
  proxied: ProxyObjects | null;
}

/** A pod's network as the container runtime remembers it. A pod on the host's network has the node's first namespace. */
export interface Sandbox {
  readonly node: string;
  readonly machine: string;
  readonly netns: string;
  readonly hostNetwork: boolean;
  /** The result that the runtime caches. Null for a pod on the host's network, and for one whose network could not be made. */
  readonly attachment: CniResult | null;
  /** What kubelet says of a pod whose network could not be made. */
  readonly error: string | null;
}

/** Who writes tables after an edit of cluster objects. */
export type AgentName = 'kube-proxy' | 'ip-masq-agent' | 'azure-routes' | 'azure-load-balancer' | 'azure-cns' | 'cni';

/** What is known of the agents themselves. */
export interface AgentState {
  /** `AGENT` everywhere, or `AGENT@NODE`. A paused agent repairs nothing. */
  paused: readonly string[];
}
