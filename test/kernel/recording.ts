import { parseProbeLine } from '../../src/scenario/probe-line.ts';
import type { SnapshotDirectory } from '../../src/snapshot/directory.ts';
import type { TruthHop, TruthProbe, TruthRule } from '../../src/snapshot/kernel/truth.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { sessionOf } from '../../src/snapshot/session.ts';
import type { Probe } from '../../src/walk/probe.ts';
import { freeze } from '../../src/world/freeze.ts';
import type { Session } from '../../src/world/session.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { recordedDirectory } from './recordings.ts';

/** A recorded topology with its probes and what the kernel did with them. */
export interface Recording {
  readonly name: string;
  readonly world: FrozenWorld;
  readonly session: Session;
  readonly probes: readonly Probe[];
  readonly truth: readonly TruthProbe[];
}

/** The machine to which all recorded namespaces belong. */
const MACHINE = 'lab';

/** @throws Error when the snapshot or a probe cannot be read */
export function readRecording(name: string): Recording {
  const directory = recordedDirectory(name);
  const snapshot = readSnapshot(directory);
  if (snapshot.problems.length > 0) throw new Error(`the snapshot cannot be read: ${JSON.stringify(snapshot.problems[0])}`);
  const world = freeze(snapshot.world);
  const lines = textOf(directory, 'probes.jsonl').split('\n').filter(Boolean);
  const probes = lines.map((line) => {
    const read = parseProbeLine(line, world);
    if (!('probe' in read)) throw new Error(read.message);
    return read.probe;
  });
  const { probes: truth } = JSON.parse(textOf(directory, 'truth.json')) as { probes: TruthProbe[] };
  return { name, world, session: sessionOf(snapshot, { cold: true }), probes, truth: truth.map(withMachine) };
}

function textOf(directory: SnapshotDirectory, file: string): string {
  const content = directory.read(file);
  if (content.kind !== 'text') throw new Error(`${directory.name}/${file} is ${content.kind}`);
  return content.text;
}

/** Recordings name a namespace without its machine. */
function withMachine(probe: TruthProbe): TruthProbe {
  const at = <T extends TruthHop | TruthRule>(row: T): T => ({ ...row, ns: `${MACHINE}/${row.ns}` });
  const keys = <T>(rows: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(rows).map(([ns, row]) => [`${MACHINE}/${ns}`, row]));
  return {
    ...probe,
    delivered: probe.delivered === null ? null : { ...probe.delivered, ns: `${MACHINE}/${probe.delivered.ns}` },
    hops: probe.hops.map(at),
    replyHops: probe.replyHops.map(at),
    trace: probe.trace.map(at),
    conntrack: keys(probe.conntrack),
    neigh: keys(probe.neigh),
  };
}
