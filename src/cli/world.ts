import { statSync } from 'node:fs';
import { SourceError } from '../scenario/source/problem.ts';
import type { Snapshot } from '../snapshot/read-snapshot.ts';
import { freeze } from '../world/freeze.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { UsageError } from './exit.ts';

export interface WorldFlags {
  readonly root?: string;
  readonly lenient?: boolean;
  readonly cold?: boolean;
}

/** A world to send probes through. */
export interface OpenedWorld {
  readonly world: FrozenWorld;
  /** The seed that the source asks for. */
  readonly seed: number;
  /** A session in the state of the source. */
  readonly start: (seed: number) => Session;
  readonly notes: readonly string[];
}

/** Opens a scenario file or a snapshot directory. @throws SourceError with everything that is wrong with it */
export async function openWorld(source: string, flags: WorldFlags): Promise<OpenedWorld> {
  return isFolder(source) ? openSnapshot(source, flags) : openScenario(source, flags);
}

function isFolder(source: string): boolean {
  try {
    return statSync(source).isDirectory();
  } catch {
    return false;
  }
}

async function openScenario(source: string, { root }: WorldFlags): Promise<OpenedWorld> {
  const { loadSource } = await import('./sources.ts');
  const { startSession } = await import('../scenario/session.ts');
  const { buildScenario } = await import('../scenario/build.ts');
  const loaded = loadSource(source, root);
  const { world, notes } = buildScenario(loaded);
  return { world, start: (seed) => startSession(world, seed), seed: loaded.scenario.seed ?? 1, notes: [...loaded.notes, ...notes] };
}

async function openSnapshot(source: string, { lenient = false, cold = false }: WorldFlags): Promise<OpenedWorld> {
  const { sessionOf } = await import('../snapshot/session.ts');
  const { isSnapshot } = await import('./sources.ts');
  if (!isSnapshot(source))
    throw new UsageError(`${source} is a folder without snapshot.json; a scenario file or a snapshot directory is expected`);
  const snapshot = await readSnapshotAt(source, lenient);
  return { world: freeze(snapshot.world), start: (seed) => sessionOf(snapshot, { seed, cold }), seed: 1, notes: [] };
}

/** Reads a snapshot directory. @throws SourceError with everything that is wrong with it */
export async function readSnapshotAt(source: string, lenient: boolean): Promise<Snapshot> {
  const { openDirectory } = await import('../snapshot/directory.node.ts');
  const { readSnapshot } = await import('../snapshot/read-snapshot.ts');
  const directory = openDirectory(source);
  if (directory === null) throw new UsageError(`${source} can not be opened`);
  const snapshot = readSnapshot(directory, { lenient });
  if (snapshot.problems.length > 0) throw new SourceError(snapshot.problems);
  return snapshot;
}
