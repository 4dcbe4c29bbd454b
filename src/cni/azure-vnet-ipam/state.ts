import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Prefix } from '../../wire/prefix.ts';
import type { Lease } from '../lease.ts';

/**
 * What /var/run/azure-vnet-ipam.json says of the one pool that a NIC gives: its range, and the addresses in use. The free ones are in the
 * file as well; they are whatever the wireserver lists and nobody uses.
 */
export interface AzureVnetIpamState {
  readonly subnet: Prefix;
  readonly gateway: Ipv4;
  leases: readonly Lease[];
}
