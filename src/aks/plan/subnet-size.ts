import { type Prefix, formatPrefix, sizeOf } from '../../wire/prefix.ts';

/** Azure keeps the first four addresses of a subnet and the last. @source virtual-networks-faq */
const RESERVED_PER_SUBNET = 5;

/** Addresses of a subnet that machines can have. */
export function usableAddresses(subnet: Prefix): number {
  return Math.max(0, sizeOf(subnet) - RESERVED_PER_SUBNET);
}

/** How many /24 a pod range gives, one for each node; Azure reserves nothing in it. */
export function podPrefixes(podCidr: Prefix): number {
  return podCidr.len > 24 ? 0 : 2 ** (24 - podCidr.len);
}

/**
 * Addresses of the subnet that one node of the node-subnet mode takes: its own and `maxPods − 2` for pods.
 * @source AKS transcripts: "Pre-allocated IPs 498" for two nodes of 250 pods, 28 pod addresses for the default 30
 */
export function nodeSubnetAddresses(maxPods: number): number {
  return Math.max(1, maxPods - 1);
}

/** The resource provider's error text when a subnet is too small. @source AKS transcripts */
export function insufficientSubnetSize(need: number, have: number, cidr: Prefix, name: string, countsMaximum: boolean): string {
  const theoretical = countsMaximum
    ? 'If Autoscaler is enabled, the max-count from each nodepool is counted towards this total (which means that pre-allocated IPs count represents a theoretical max value, not the actual number of IPs requested). '
    : '';
  return `Pre-allocated IPs ${need} exceeds IPs available ${have} in Subnet Cidr ${formatPrefix(cidr)}, Subnet Name ${name}. ${theoretical}http://aka.ms/aks/insufficientsubnetsize`;
}
