import type { CtRecord } from '../../linux/conntrack/record.ts';
import type { SnapshotDirectory } from '../../snapshot/directory.ts';
import { type Snapshot, readingSnapshot } from '../../snapshot/read-snapshot.ts';
import { sessionOf } from '../../snapshot/session.ts';
import { type Sliced, atOnce } from '../../wire/sliced.ts';
import { freezing } from '../../world/freeze.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld, World } from '../../world/world.ts';
import { updateHealth } from '../session.ts';
import { type Problem, SourceError, sorted } from '../source/problem.ts';
import { parseYaml } from '../source/yaml.ts';
import { Composition } from './compose.ts';
import { readFacts } from './facts.ts';

/** A snapshot directory that packets can be sent through. */
export interface OpenedSnapshot {
  readonly world: FrozenWorld;
  /** The connections that the dumps list, by `MACHINE/NETNS`. */
  readonly conntrack: ReadonlyMap<string, readonly CtRecord[]>;
  /** What rules have counted, by `MACHINE/NETNS`. */
  readonly counters: Snapshot['counters'];
  readonly seed: number;
  /**
   * The flow state that the snapshot was taken in.
   * @param options.cold forget what was learned: connections, and neighbours and forwarding entries that are not permanent
   */
  readonly start: (options?: { readonly seed?: number; readonly cold?: boolean }) => Session;
  /** Things that the user should know and that are no errors. */
  readonly notes: readonly string[];
  /** What nobody looked for, by `MACHINE/NETNS`; nothing in an export, which remembers what it holds. */
  readonly unsought: Snapshot['unsought'];
  /** Files and keys that a snapshot does not have: misspelt, perhaps. */
  readonly unread: readonly string[];
}

/**
 * Reads a snapshot directory with everything in it: machines, cluster objects, the lists of Azure, and podwalk.json.
 * @throws SourceError with everything that is wrong with its files
 */
export function openSnapshot(directory: SnapshotDirectory, options: { readonly lenient?: boolean } = {}): OpenedSnapshot {
  return atOnce(openingSnapshot(directory, options));
}

/** {@link openSnapshot} in slices. */
export function* openingSnapshot(directory: SnapshotDirectory, options: { readonly lenient?: boolean } = {}): Sliced<OpenedSnapshot> {
  const snapshot = yield* readingSnapshot(directory, { ...options, yaml: parseYaml });
  const problems: Problem[] = [...snapshot.problems];
  const loaded = readFacts(directory, problems);
  if (problems.length > 0) throw new SourceError(problems);
  const world: World = snapshot.world;
  const composition = new Composition(world, loaded, problems);
  composition.compose();
  if (problems.length > 0) throw new SourceError(sorted(problems));
  const frozen = yield* freezing(world);
  const seed = loaded?.facts.seed ?? 1;
  return {
    world: frozen,
    conntrack: snapshot.conntrack,
    counters: snapshot.counters,
    seed,
    start: (options = {}) => {
      const session = sessionOf(snapshot, { seed, ...options });
      updateHealth(frozen, session);
      return session;
    },
    notes: composition.notes,
    unread: snapshot.unread,
    unsought: loaded?.facts.memory === undefined ? snapshot.unsought : new Map(),
  };
}
