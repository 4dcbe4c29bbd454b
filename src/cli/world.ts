import { statSync } from 'node:fs';
import type { CtRecord } from '../linux/conntrack/record.ts';
import type { OpenedSnapshot } from '../scenario/snapshot/open.ts';
import type { BuiltScenario } from '../scenario/build.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { type Sliced, atOnce } from '../wire/sliced.ts';
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
  /** The connections that the source begins with, by `MACHINE/NETNS`. */
  readonly conntrack: ReadonlyMap<string, readonly CtRecord[]>;
  /** What rules have counted, likewise. */
  readonly counters: OpenedSnapshot['counters'];
  /** The scenario as it was read; null for a snapshot. */
  readonly loaded: LoadedScenario | null;
}

/** Opens a scenario file or a snapshot directory. @throws SourceError with everything that is wrong with it */
export async function openWorld(source: string, flags: WorldFlags): Promise<OpenedWorld> {
  return isFolder(source) ? atOnce(await openingSnapshot(source, flags)) : openScenario(source, flags);
}

function isFolder(source: string): boolean {
  try {
    return statSync(source).isDirectory();
  } catch {
    return false;
  }
}

async function openScenario(source: string, { root }: WorldFlags): Promise<OpenedWorld> {
  const { openSource } = await import('./sources.ts');
  return atOnce(await buildingWorld(await openSource(source, root)));
}

/** The world of a scenario that was read. */
export async function buildingWorld(loaded: LoadedScenario): Promise<Sliced<OpenedWorld>> {
  const { buildingScenario } = await import('../scenario/build.ts');
  return opened(loaded, buildingScenario(loaded));
}

function* opened(loaded: LoadedScenario, building: Sliced<BuiltScenario>): Sliced<OpenedWorld> {
  const { world, start, notes } = yield* building;
  const { seed = 1, conntrack = new Map(), counters = new Map() } = loaded.snapshot ?? {};
  return {
    world,
    start,
    seed: loaded.scenario.seed ?? seed,
    notes: [...loaded.notes, ...notes],
    conntrack,
    counters,
    loaded,
  };
}

/** Opens a snapshot directory. */
export async function openingSnapshot(source: string, flags: WorldFlags): Promise<Sliced<OpenedWorld>> {
  const { isSnapshot } = await import('./sources.ts');
  if (!isSnapshot(source))
    throw new UsageError(`${source} is a folder without snapshot.json; a scenario file or a snapshot directory is expected`);
  return started(await readingSnapshotAt(source, flags.lenient ?? false), flags);
}

function* started(reading: Sliced<OpenedSnapshot>, flags: WorldFlags): Sliced<OpenedWorld> {
  const snapshot = yield* reading;
  const { world, seed, notes, conntrack, counters } = snapshot;
  return {
    world,
    start: (chosen) => snapshot.start({ seed: chosen, cold: flags.cold ?? false }),
    seed,
    notes,
    conntrack,
    counters,
    loaded: null,
  };
}

/** Reads a snapshot directory. @throws SourceError with everything that is wrong with it */
export async function readSnapshotAt(source: string, lenient: boolean): Promise<OpenedSnapshot> {
  return atOnce(await readingSnapshotAt(source, lenient));
}

async function readingSnapshotAt(source: string, lenient: boolean): Promise<Sliced<OpenedSnapshot>> {
  const { openDirectory } = await import('../snapshot/directory.node.ts');
  const { openingSnapshot: opening } = await import('../scenario/snapshot/open.ts');
  const directory = openDirectory(source);
  if (directory === null) throw new UsageError(`${source} can not be opened`);
  return opening(directory, { lenient });
}
