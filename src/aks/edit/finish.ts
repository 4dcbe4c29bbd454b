import { InvariantError } from '../../wire/invariant.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { reconcile } from '../reconcile.ts';
import { type Edited, together } from './result.ts';

/** The cluster of a World that has one. @throws InvariantError otherwise: who edits objects has looked for it */
export function clusterOf(world: World): Cluster {
  if (world.cluster === null) throw new InvariantError('there is no cluster to edit');
  return world.cluster;
}

/** Lets controllers and agents do what an edit calls for. */
export function finished(world: World, edited: Edited): Edited {
  const { forget, problems } = reconcile(world, { kind: 'objects' });
  return together(edited, { forget, problems: problems.map(({ message }) => message) });
}
