import { InvariantError } from '../wire/invariant.ts';
import type { Sliced } from '../wire/sliced.ts';
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

/** {@link freeze} in slices. */
export function* freezing(world: World): Sliced<FrozenWorld> {
  const machines = Object.values(world.machines);
  for (const [done, machine] of machines.entries()) {
    yield { what: 'machines', done, of: machines.length };
    freezeDeep(machine);
  }
  return freeze(world);
}

function isFrozenWorld(world: World): world is FrozenWorld {
  return Object.isFrozen(world);
}

/** Freezes a plain value to the bottom. Iterative, so that depth costs no stack, and without iterators: there are millions of parts. */
export function freezeDeep(root: object): void {
  const todo: object[] = [root];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (Object.isFrozen(next)) continue;
    Object.freeze(next);
    if (Array.isArray(next)) {
      const list: readonly unknown[] = next;
      for (let i = 0; i < list.length; i++) add(todo, list[i]);
    } else if (isRecord(next)) {
      for (const key in next) add(todo, next[key]);
    }
  }
}

function isRecord(value: object): value is Readonly<Record<string, unknown>> {
  return !Array.isArray(value);
}

function add(todo: object[], value: unknown): void {
  if (typeof value === 'object' && value !== null) todo.push(value);
}
