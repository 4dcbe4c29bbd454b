import { InvariantError } from '../../wire/invariant.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { HookEnv } from '../netfilter/hook-env.ts';

/**
 * The address that MASQUERADE takes for a packet about to leave by `env.out`; null when the namespace has none.
 * @source net/netfilter/nf_nat_masquerade.c nf_nat_masquerade_ipv4
 */
export function masqueradeAddress(_env: HookEnv): Ipv4 | null {
  throw new InvariantError('NAT is not joined to the tables yet');
}
