import type { Ipv4 } from '../../wire/ipv4.ts';

/**
 * Where NAT may map to: an address range, a port range, and how a port is picked.
 * @source include/uapi/linux/netfilter/nf_nat.h struct nf_nat_range2
 */
export interface NatRange {
  /** null keeps the packet's own address. */
  readonly minAddr: Ipv4 | null;
  readonly maxAddr: Ipv4 | null;
  /** 0 keeps the port. */
  readonly minPort: number;
  readonly maxPort: number;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}
