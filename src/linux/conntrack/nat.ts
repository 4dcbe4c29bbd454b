import { InvariantError } from '../../wire/invariant.ts';
import type { HookEnv, TableVerdict } from '../netfilter/hook-env.ts';
import type { NatRange } from './nat-range.ts';

/**
 * Binds the packet's connection to a new source or destination and translates the packet.
 * @source net/netfilter/nf_nat_core.c nf_nat_setup_info
 */
export function setupNat(_env: HookEnv, _manip: 'src' | 'dst', _range: NatRange): TableVerdict {
  throw new InvariantError('NAT is not joined to the tables yet');
}
