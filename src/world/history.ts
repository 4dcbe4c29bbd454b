import { type Draft, type Patch, applyPatches, enablePatches, produceWithPatches, setAutoFreeze } from 'immer';
import { freeze } from './freeze.ts';
import type { FrozenWorld, World } from './world.ts';

enablePatches();
setAutoFreeze(true);

export type { Patch } from 'immer';

/** One edit of a World: the World it gave, what it changed, and how to take it back. */
export interface Edit {
  readonly label: string;
  readonly before: FrozenWorld;
  readonly world: FrozenWorld;
  readonly patches: readonly Patch[];
  readonly inverse: readonly Patch[];
}

/**
 * Runs an edit over a draft of a frozen World. The World itself stays as it is; parts that the edit does not touch are shared by
 * identity, so what was compiled from them stays valid.
 * @param recipe changes the draft in place; what it throws leaves the World as it was.
 */
export function edit(world: FrozenWorld, label: string, recipe: (draft: World) => void): Edit {
  const [next, patches, inverse] = produceWithPatches<World, Draft<World>>(world, (draft) => {
    recipe(draft);
  });
  return { label, before: world, world: freeze(next), patches, inverse };
}

/** The World that an edit's patches, or their inverse, lead to. */
export function patch(world: FrozenWorld, patches: readonly Patch[]): FrozenWorld {
  return freeze(applyPatches<World>(world, [...patches]));
}

/** A World with the edits that led to it and the edits that were taken back, all immutable. */
export interface History {
  readonly world: FrozenWorld;
  readonly done: readonly Edit[];
  readonly undone: readonly Edit[];
}

/** A history without any edit. */
export function begin(world: FrozenWorld): History {
  return { world, done: [], undone: [] };
}

/** Edits the present World; what had been undone can not be redone any more. */
export function record(history: History, label: string, recipe: (draft: World) => void): History {
  const entry = edit(history.world, label, recipe);
  return { world: entry.world, done: [...history.done, entry], undone: [] };
}

/** Takes the last edit back, to the identical World; the same history when there is none. */
export function undo(history: History): History {
  const last = history.done.at(-1);
  if (last === undefined) return history;
  return { world: last.before, done: history.done.slice(0, -1), undone: [...history.undone, last] };
}

/** Makes the last undone edit again; the same history when there is none. */
export function redo(history: History): History {
  const last = history.undone.at(-1);
  if (last === undefined) return history;
  return { world: last.world, done: [...history.done, last], undone: history.undone.slice(0, -1) };
}
