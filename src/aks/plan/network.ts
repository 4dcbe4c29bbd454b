import type { ClusterNetwork } from '../../world/cluster.ts';
import { offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, prefix } from '../../wire/prefix.ts';
import type { NetworkMode } from '../modes/mode.ts';
import type { ClusterSpec } from '../spec.ts';

/** What `az aks create` takes when nothing is said. @source AKS transcripts */
export const DEFAULTS: {
  readonly name: string;
  readonly vnetPrefix: Prefix;
  readonly subnetName: string;
  readonly subnetPrefix: Prefix;
  readonly podCidr: Prefix;
  readonly serviceCidr: Prefix;
  readonly nodePool: string;
  readonly resourceSuffix: string;
} = {
  name: 'aks',
  vnetPrefix: prefix('10.224.0.0/12'),
  subnetName: 'aks-subnet',
  subnetPrefix: prefix('10.224.0.0/16'),
  podCidr: prefix('10.244.0.0/16'),
  serviceCidr: prefix('10.0.0.0/16'),
  nodePool: 'nodepool1',
  resourceSuffix: '12345678',
};

/** The name of the cluster's virtual network. */
export function vnetName(spec: ClusterSpec): string {
  return spec.vnet?.name ?? `aks-vnet-${spec.resourceSuffix ?? DEFAULTS.resourceSuffix}`;
}

/** The address spaces and resource names of a cluster, defaults filled in. */
export function clusterNetwork(spec: ClusterSpec, mode: NetworkMode): ClusterNetwork {
  const suffix = spec.resourceSuffix ?? DEFAULTS.resourceSuffix;
  const serviceCidr = spec.serviceCidr ?? DEFAULTS.serviceCidr;
  return {
    subnet: `${vnetName(spec)}/${spec.subnet?.name ?? DEFAULTS.subnetName}`,
    subnetPrefix: spec.subnet?.prefix ?? DEFAULTS.subnetPrefix,
    vnetPrefixes: spec.vnet?.prefixes ?? [DEFAULTS.vnetPrefix],
    podCidr: mode.podAddresses === 'node-prefix' ? (spec.podCidr ?? DEFAULTS.podCidr) : null,
    serviceCidr,
    dnsServiceIp: spec.dnsServiceIp ?? offsetIpv4(serviceCidr.addr, 10),
    maxPods: spec.maxPods ?? mode.defaultMaxPods,
    names: {
      vmss: `aks-${spec.nodePool ?? DEFAULTS.nodePool}-${suffix}-vmss`,
      nsg: `aks-agentpool-${suffix}-nsg`,
      routeTable: `aks-agentpool-${suffix}-routetable`,
      loadBalancer: 'kubernetes',
      internalLoadBalancer: 'kubernetes-internal',
      overlay: 'aks-overlay',
    },
  };
}

/** The name that a scale set gives to an instance: its number in base 36, six digits. */
export function instanceName(vmss: string, instance: number): string {
  return `${vmss}${instance.toString(36).padStart(6, '0')}`;
}
