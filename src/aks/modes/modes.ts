import { InvariantError } from '../../wire/invariant.ts';
import type { Cluster } from '../../world/cluster.ts';
import { azure } from './azure.ts';
import { kubenet } from './kubenet.ts';
import type { NetworkMode } from './mode.ts';
import { overlay } from './overlay.ts';

/** Every network mode that a cluster can be built in. */
export const NETWORK_MODES: readonly NetworkMode[] = [kubenet, azure, overlay];

/** The mode of that name, or `undefined`. */
export function findMode(name: string): NetworkMode | undefined {
  return NETWORK_MODES.find((mode) => mode.name === name);
}

/** The network mode of a cluster. @throws InvariantError when there is no such mode (a bug: no cluster is built in one) */
export function modeOf(cluster: Cluster): NetworkMode {
  const mode = findMode(cluster.mode);
  if (mode === undefined) throw new InvariantError(`no network mode ${cluster.mode}`);
  return mode;
}
