import { Problems } from '../kube/objects/field.ts';
import type { ObjectProblem } from '../kube/objects/located.ts';
import type { CtRecord } from '../linux/conntrack/record.ts';
import { DEFAULT_KERNEL_PROFILE } from '../linux/kernel-profile.ts';
import { withOrigins } from '../kube/iptables/origins.ts';
import type { Service } from '../kube/objects/service.ts';
import { type Host, type Netns, ROOT } from '../linux/netns.ts';
import { type Progress, type Sliced, atOnce } from '../wire/sliced.ts';
import type { World } from '../world/world.ts';
import { joinNics } from './azure/join-nics.ts';
import { readFabric } from './azure/read-fabric.ts';
import type { SnapshotDirectory } from './directory.ts';
import { observedCluster } from './kube/observe.ts';
import { type YamlReader, readKube } from './kube/read-kube.ts';
import { type MachineEntry, readManifest } from './read/manifest.ts';
import { readNames } from './read/names.ts';
import { type NetnsCounters, readNetns } from './read/namespace.ts';
import { Source } from './read/source.ts';
import { readRelease } from './read/uname.ts';
import { unreadParts } from './read/unread.ts';
import { joinWires, leadOut } from './read/wires.ts';

/** What is wrong with a file of a snapshot, where, and what was expected. */
export type SnapshotProblem = ObjectProblem;

export interface SnapshotOptions {
  /** Unknown matches and targets of rules make the walks UNKNOWN that meet them, instead of being a problem. */
  readonly lenient?: boolean;
  /** Reads the YAML files of `kube/`; without it they are a problem. */
  readonly yaml?: YamlReader;
}

export interface Snapshot {
  /** Not frozen yet. Complete only where there is no problem. */
  readonly world: World;
  /** The connections that conntrack.txt lists, by `MACHINE/NETNS`; learned neighbours and forwarding entries are in the World. */
  readonly conntrack: ReadonlyMap<string, readonly CtRecord[]>;
  /** What rules have counted, by `MACHINE/NETNS`, where they have. */
  readonly counters: ReadonlyMap<string, NetnsCounters>;
  /** What nobody looked for, by `MACHINE/NETNS`: files that list only what is not modelled, and without which there is taken to be none. */
  readonly unsought: ReadonlyMap<string, readonly string[]>;
  /** Files and keys that a snapshot does not have: misspelt, perhaps. */
  readonly unread: readonly string[];
  readonly problems: readonly SnapshotProblem[];
  /** How many more problems there were than are listed. */
  readonly droppedProblems: number;
}

/**
 * Reads a snapshot directory: dumps of real machines become a World and the flow state to start from. Never throws on what a file
 * holds; whoever goes on with a snapshot that has problems goes on with less than was dumped.
 */
export function readSnapshot(directory: SnapshotDirectory, options: SnapshotOptions = {}): Snapshot {
  return atOnce(readingSnapshot(directory, options));
}

/** {@link readSnapshot} in slices. */
export function* readingSnapshot(directory: SnapshotDirectory, options: SnapshotOptions = {}): Sliced<Snapshot> {
  const problems = new Problems();
  const source = new Source(directory, problems, options.lenient ?? false);
  const manifest = readManifest(source);
  const beside: Beside = { conntrack: new Map(), counters: new Map(), unsought: new Map() };
  const entries = manifest?.machines ?? [];
  const hosts: [string, Host][] = [];
  for (const [done, entry] of entries.entries()) {
    const progress: Progress = { what: 'dumped machines', done, of: entries.length };
    hosts.push([entry.name, yield* readingMachine(source, entry, beside, progress)]);
  }
  const machines = Object.fromEntries(hosts);
  joinWires(machines, manifest?.wires ?? []);
  leadOut(machines);
  const fabric = readFabric(source);
  if (fabric !== null) joinNics(machines, fabric);
  const objects = readKube(source, options.yaml ?? noYaml);
  const world: World = { machines, fabric, cluster: null };
  if (objects !== null) {
    world.cluster = observedCluster(world, objects);
    nameAuthors(world, objects.services);
  }
  return {
    world,
    ...beside,
    unread: manifest === null ? [] : unreadParts(source, manifest),
    problems: problems.found,
    droppedProblems: problems.dropped,
  };
}

function noYaml({ file }: { readonly file: string }): ReturnType<YamlReader> {
  return { documents: [], problems: [{ file, line: 1, col: 1, message: 'YAML is not read here', expected: 'a .json file' }] };
}

/** Rules of nodes tell who wrote them, once the services of the cluster are known. */
function nameAuthors({ machines, cluster }: World, services: readonly Service[]): void {
  const nodes = new Set(Object.values(cluster?.nodes ?? {}).map(({ machine }) => machine));
  for (const machine of nodes) {
    const root = machines[machine]?.netns[ROOT];
    if (root === undefined) continue;
    root.iptables = withOrigins(root.iptables, services);
    if (root.iptablesLegacy !== null) root.iptablesLegacy = withOrigins(root.iptablesLegacy, services);
  }
}

/** What is read beside the World. */
interface Beside {
  readonly conntrack: Map<string, readonly CtRecord[]>;
  readonly counters: Map<string, NetnsCounters>;
  readonly unsought: Map<string, readonly string[]>;
}

function* readingMachine(source: Source, entry: MachineEntry, { conntrack, counters, unsought }: Beside, progress: Progress): Sliced<Host> {
  const names = readNames(source, entry.name);
  const namespaces: [string, Netns][] = [];
  for (const name of entry.namespaces) {
    yield progress;
    const dump = readNetns(source, entry.name, name, names);
    namespaces.push([name, dump.netns]);
    const at = `${entry.name}/${name}`;
    if (dump.conntrack.length > 0) conntrack.set(at, dump.conntrack);
    if (dump.counters.iptables.size + dump.counters.legacy.size > 0) counters.set(at, dump.counters);
    if (dump.unsought.length > 0) unsought.set(at, dump.unsought);
  }
  return {
    name: entry.name,
    kind: entry.kind,
    kernel: DEFAULT_KERNEL_PROFILE,
    release: readRelease(source.lines(`${entry.name}/uname.txt`) ?? []),
    netns: Object.fromEntries(namespaces),
  };
}
