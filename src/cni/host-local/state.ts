import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Lease } from '../lease.ts';

/** The files below /var/lib/cni/networks/NAME: one for each address, and `last_reserved_ip.0`. */
export interface HostLocalState {
  leases: readonly Lease[];
  lastReserved: Ipv4 | null;
}

export function newHostLocalState(): HostLocalState {
  return { leases: [], lastReserved: null };
}
