import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Prefix } from '../../wire/prefix.ts';
import type { Lease } from '../lease.ts';

/**
 * A network container: the addresses that this machine may give to pods. `type` and `assignmentMode` are those of the
 * NodeNetworkConfig that CNS read.
 * @source crd/nodenetworkconfig/api/v1alpha/nodenetworkconfig.go
 */
export interface NetworkContainer {
  readonly id: string;
  readonly type: 'overlay' | 'vnet' | 'vnetblock';
  readonly assignmentMode: 'static' | 'dynamic';
  /** Its own address; the first of the prefix in overlay, the node's in blocks. */
  readonly primaryIp: Ipv4;
  /** Every address of these is for pods, first and last included. */
  readonly pool: readonly Prefix[];
  /** What a pod's address counts as part of: the whole pod range or pod subnet. */
  readonly subnetAddressSpace: Prefix;
  /** Null: pods use the virtual gateway 169.254.1.1. */
  readonly defaultGateway: Ipv4 | null;
  /** `NCUpdateSuccess`, or why there are no more addresses. */
  readonly status: string;
}

/** What the azure-cns daemon remembers. Without a network container it has nothing to give. */
export interface AzureCnsState {
  nc: NetworkContainer | null;
  /** Addresses in state Assigned; the others of the pool are Available. */
  assigned: readonly Lease[];
}
