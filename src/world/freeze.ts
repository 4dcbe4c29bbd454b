import { InvariantError } from '../wire/invariant.ts';
import type { FrozenWorld, World } from './world.ts';

/**
 * Freezes a World with everything in it, once: parts that are frozen already are taken as frozen to the bottom and skipped, so shared
 * tables cost nothing the second time. Walks and caches take only the result.
 */
export function freeze(world: World): FrozenWorld {
  freezeDeep(world);
  if (!isFrozenWorld(world)) throw new InvariantError('a World that was frozen is not frozen');
  return world;
}

function isFrozenWorld(world: World): world is FrozenWorld {
  return Object.isFrozen(world);
}

/** Freezes a plain value to the bottom. Iterative, so that depth costs no stack. */
export function freezeDeep(root: object): void {
  const todo: object[] = [root];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (Object.isFrozen(next)) continue;
    Object.freeze(next);
    const values: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    for (const value of values) if (typeof value === 'object' && value !== null) todo.push(value);
  }
}
