import type { World } from '../../world/world.ts';

/** (Filled in with the measurement of large clusters.) */
export function internParts(_world: World): void {}
