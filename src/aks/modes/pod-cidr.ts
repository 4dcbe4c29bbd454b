import type { ClusterNetwork } from '../../world/cluster.ts';
import { InvariantError } from '../../wire/invariant.ts';
import type { Prefix } from '../../wire/prefix.ts';

/** The pod range of a mode that has one. @throws InvariantError in a mode that has none (a bug) */
export function podCidrOf(network: ClusterNetwork): Prefix {
  if (network.podCidr === null) throw new InvariantError('this network mode has no pod range');
  return network.podCidr;
}
