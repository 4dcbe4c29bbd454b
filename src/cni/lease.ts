import type { Ipv4 } from '../wire/ipv4.ts';

/** An address that an IPAM plug-in gave to a container. */
export interface Lease {
  readonly addr: Ipv4;
  /** The container's namespace. Files name the container id instead, which follows from it. */
  readonly netns: string;
  readonly ifName: string;
}

/** The lease of a container's interface. */
export function leaseOf(leases: readonly Lease[], netns: string, ifName: string): Lease | undefined {
  return leases.find((lease) => lease.netns === netns && lease.ifName === ifName);
}

/** The lease of an address. */
export function leaseFor(leases: readonly Lease[], addr: Ipv4): Lease | undefined {
  return leases.find((lease) => lease.addr === addr);
}
