import { NO_OBJECTS } from '../../kube/objects/cluster-objects.ts';
import { isEqual } from '../../kube/objects/equal.ts';
import type { CtRecord } from '../../linux/conntrack/record.ts';
import { memoryDirectory } from '../../snapshot/directory.ts';
import { type Snapshot, readSnapshot } from '../../snapshot/read-snapshot.ts';
import { writeSnapshot } from '../../snapshot/write-snapshot.ts';
import { OBSERVED } from '../../world/cluster.ts';
import type { FrozenWorld, World } from '../../world/world.ts';
import { SourceError } from '../source/problem.ts';
import { memoryOfCluster } from './cluster-memory.ts';
import { factsOf } from './fabric-facts.ts';
import { FACTS_FILE, type SnapshotFacts, factsText } from './facts.ts';
import { type HostMemory, memoryOfHost } from './host-memory.ts';

/** A World as the files of a snapshot directory: path → text. */
export type SnapshotFiles = ReadonlyMap<string, string>;

export interface ExportOptions {
  /** Connections to write along, by `MACHINE/NETNS`. */
  readonly conntrack?: ReadonlyMap<string, readonly CtRecord[]>;
  /** What rules have counted, likewise. */
  readonly counters?: Snapshot['counters'];
  readonly seed?: number;
  readonly name?: string;
}

/**
 * Writes a World as a snapshot directory. What dumps hold is in the dumps; what they do not hold is in podwalk.json, and nothing else is:
 * the dumps are read again, and only where that gives something else is it written down.
 * @throws SourceError when the World holds a name that no folder can have
 */
export function exportWorld(world: FrozenWorld, options: ExportOptions = {}): SnapshotFiles {
  const { files } = writeSnapshot(world, options.conntrack, options.counters);
  const read = readSnapshot(memoryDirectory('export', files));
  if (read.problems.length > 0) throw new SourceError(read.problems);
  const facts = factsOfWorld(world, read, options);
  return Object.keys(facts).length === 0 ? files : new Map([...files, [FACTS_FILE, factsText(facts)]]);
}

function factsOfWorld(world: World, read: Snapshot, { seed, name }: ExportOptions): SnapshotFacts {
  const machines = Object.entries(world.machines).flatMap(([key, host]): [string, HostMemory][] => {
    const same = read.world.machines[key];
    const memory = same === undefined ? null : memoryOfHost(host, same);
    return memory === null ? [] : [[key, memory]];
  });
  const { cluster } = world;
  // A cluster that was only observed is observed again.
  const remembered =
    cluster === null || (cluster.mode === OBSERVED && isEqual(cluster.network, read.world.cluster?.network)) ? null : cluster;
  const memory = {
    ...(machines.length === 0 ? {} : { machines: Object.fromEntries(machines) }),
    ...(remembered === null ? {} : { cluster: memoryOfCluster(remembered, read.world.cluster?.objects ?? NO_OBJECTS) }),
  };
  return {
    ...(name === undefined ? {} : { name }),
    ...(seed === undefined || seed === 1 ? {} : { seed }),
    ...(world.fabric === null ? {} : { fabric: factsOf(world.fabric) }),
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
  };
}
