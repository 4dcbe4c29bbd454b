import { Problems } from '../kube/objects/field.ts';
import type { ObjectProblem } from '../kube/objects/located.ts';
import type { CtRecord } from '../linux/conntrack/record.ts';
import { DEFAULT_KERNEL_PROFILE } from '../linux/kernel-profile.ts';
import type { Host, Netns } from '../linux/netns.ts';
import type { World } from '../world/world.ts';
import type { SnapshotDirectory } from './directory.ts';
import { type MachineEntry, readManifest } from './read/manifest.ts';
import { readNames } from './read/names.ts';
import { readNetns } from './read/namespace.ts';
import { Source } from './read/source.ts';
import { readRelease } from './read/uname.ts';
import { joinWires } from './read/wires.ts';

/** What is wrong with a file of a snapshot, where, and what was expected. */
export type SnapshotProblem = ObjectProblem;

export interface SnapshotOptions {
  /** Unknown matches and targets of rules make the walks UNKNOWN that meet them, instead of being a problem. */
  readonly lenient?: boolean;
}

export interface Snapshot {
  /** Not frozen yet. Complete only where there is no problem. */
  readonly world: World;
  /** The connections that conntrack.txt lists, by `MACHINE/NETNS`; learned neighbours and forwarding entries are in the World. */
  readonly conntrack: ReadonlyMap<string, readonly CtRecord[]>;
  readonly problems: readonly SnapshotProblem[];
  /** How many more problems there were than are listed. */
  readonly droppedProblems: number;
  /** Files of the cluster and the fabric that are there: `kube/…`, `azure/…`, `podwalk.json`. */
  readonly objectFiles: readonly string[];
}

/**
 * Reads a snapshot directory: dumps of real machines become a World and the flow state to start from. Never throws on what a file
 * holds; whoever goes on with a snapshot that has problems goes on with less than was dumped.
 */
export function readSnapshot(directory: SnapshotDirectory, options: SnapshotOptions = {}): Snapshot {
  const problems = new Problems();
  const source = new Source(directory, problems, options.lenient ?? false);
  const manifest = readManifest(source);
  const conntrack = new Map<string, readonly CtRecord[]>();
  const machines = Object.fromEntries((manifest?.machines ?? []).map((entry) => [entry.name, readMachine(source, entry, conntrack)]));
  joinWires(machines, manifest?.wires ?? []);
  return {
    world: { machines, fabric: null, cluster: null },
    conntrack,
    problems: problems.found,
    droppedProblems: problems.dropped,
    objectFiles: objectFiles(directory),
  };
}

function readMachine(source: Source, entry: MachineEntry, conntrack: Map<string, readonly CtRecord[]>): Host {
  const names = readNames(source, entry.name);
  const namespaces: [string, Netns][] = [];
  for (const name of entry.namespaces) {
    const dump = readNetns(source, entry.name, name, names);
    namespaces.push([name, dump.netns]);
    if (dump.conntrack.length > 0) conntrack.set(`${entry.name}/${name}`, dump.conntrack);
  }
  return {
    name: entry.name,
    kind: entry.kind,
    kernel: DEFAULT_KERNEL_PROFILE,
    release: readRelease(source.lines(`${entry.name}/uname.txt`) ?? []),
    netns: Object.fromEntries(namespaces),
  };
}

function objectFiles(directory: SnapshotDirectory): string[] {
  const files = ['kube', 'azure'].flatMap((folder) => directory.list(folder).map((name) => `${folder}/${name}`));
  return directory.list('').includes('podwalk.json') ? [...files, 'podwalk.json'] : files;
}
