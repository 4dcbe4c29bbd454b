import type { KernelProfile } from '../linux/kernel-profile.ts';
import type { ClusterObjects } from '../kube/objects/cluster-objects.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Prefix } from '../wire/prefix.ts';

/**
 * A cluster and what surrounds it, as somebody describes it. Whatever is left out has the default of `az aks create`.
 * @source AKS transcripts, `az aks show --query networkProfile`
 */
export interface ClusterSpec {
  readonly name?: string;
  /** A name of `NETWORK_MODES`. */
  readonly mode: string;
  readonly vnet?: { readonly name?: string; readonly prefixes?: readonly Prefix[]; readonly subnets?: readonly SubnetSpec[] };
  /** Where the nodes live. */
  readonly subnet?: { readonly name?: string; readonly prefix?: Prefix };
  readonly podCidr?: Prefix;
  readonly serviceCidr?: Prefix;
  readonly dnsServiceIp?: Ipv4;
  readonly maxPods?: number;
  readonly nodePool?: string;
  /** The eight digits in the names of the scale set, the security group and the route table. */
  readonly resourceSuffix?: string;
  readonly nodes: readonly NodeSpec[];
  readonly objects?: ClusterObjects;
  /** Ports on which pods listen, beyond those that the objects declare. */
  readonly listens?: readonly PodListenSpec[];
  readonly outboundIps?: readonly Ipv4[];
  readonly kernel?: KernelProfile;
  /** The file that AKS keeps for ip-masq-agent; what is left out is the mode's. */
  readonly masq?: { readonly nonMasqueradeCidrs?: readonly Prefix[]; readonly masqLinkLocal?: boolean };
  readonly mssDeltaBytes?: 0 | 42 | 50;
  /** Further virtual networks. */
  readonly vnets?: readonly VNetSpec[];
  readonly peerings?: readonly PeeringSpec[];
  readonly outside?: readonly OutsideSpec[];
}

export interface NodeSpec {
  readonly name?: string;
  readonly addr?: Ipv4;
  readonly podCidr?: Prefix;
  readonly labels?: Readonly<Record<string, string>>;
  readonly listens?: readonly ListenSpec[];
}

export interface ListenSpec {
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
}

export interface PodListenSpec extends ListenSpec {
  /** `namespace/name`. */
  readonly pod: string;
}

export interface SubnetSpec {
  readonly name: string;
  readonly prefix: Prefix;
}

export interface VNetSpec {
  readonly name: string;
  readonly prefixes: readonly Prefix[];
  readonly subnets: readonly SubnetSpec[];
}

/** One half of a peering, or both. What is left out is as `az network vnet peering create` makes it, forwarded traffic allowed. */
export interface PeeringSpec {
  readonly vnet: string;
  readonly remote: string;
  /** Also the other half, with the same settings; default true. */
  readonly both?: boolean;
  readonly state?: 'Initiated' | 'Connected' | 'Disconnected';
  readonly allowVirtualNetworkAccess?: boolean;
  readonly allowForwardedTraffic?: boolean;
  readonly allowGatewayTransit?: boolean;
  readonly useRemoteGateways?: boolean;
}

/** A host that is no node of the cluster. */
export type OutsideSpec =
  | {
      readonly kind: 'vm';
      readonly name: string;
      /** `VNET/SUBNET`; the nodes' subnet when left out. */
      readonly subnet?: string;
      readonly addr?: Ipv4;
      readonly publicIp?: Ipv4;
      /** Forwards packets for others: on in the guest and on the NIC. */
      readonly forwards?: boolean;
      readonly listens: readonly ListenSpec[];
    }
  | { readonly kind: 'internet'; readonly name: string; readonly addrs: readonly Ipv4[]; readonly listens: readonly ListenSpec[] }
  | {
      readonly kind: 'onprem';
      readonly name: string;
      readonly addrs: readonly Ipv4[];
      /** The virtual network whose gateway leads there; the cluster's when left out. */
      readonly vnet?: string;
      /** What the gateway advertises; the /24 of the first address when left out. */
      readonly prefix?: Prefix;
      readonly listens: readonly ListenSpec[];
    };
