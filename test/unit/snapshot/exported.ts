import { buildScenario } from '../../../src/scenario/build.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { exportWorld } from '../../../src/scenario/snapshot/export.ts';
import { type OpenedSnapshot, openSnapshot } from '../../../src/scenario/snapshot/open.ts';
import { NO_FILES } from '../../../src/scenario/source/files.ts';
import { SourceError, problemLine } from '../../../src/scenario/source/problem.ts';
import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { probeOf } from '../../../src/scenario/probe.ts';
import { runProbe } from '../../../src/walk/run-probe.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';

export type Files = Map<string, string>;

/** A scenario's world. */
export function worldOf(text: string): FrozenWorld {
  return buildScenario(loadScenario({ file: 'scenario.yaml', text }, NO_FILES)).world;
}

/** A scenario's world as the files of a snapshot directory. */
export function filesOf(text: string): Files {
  return new Map(exportWorld(worldOf(text)));
}

/** The same as the dumps of a cluster that nobody knows: without podwalk.json. */
export function dumpsOf(text: string): Files {
  const files = filesOf(text);
  files.delete('podwalk.json');
  return files;
}

export function open(files: Files): OpenedSnapshot {
  return openSnapshot(memoryDirectory('snap', files));
}

/** What is wrong with a snapshot, a line each. */
export function problemsOf(files: Files): string[] {
  try {
    open(files);
    return [];
  } catch (error) {
    if (error instanceof SourceError) return error.problems.map(problemLine);
    throw error;
  }
}

/** One walk through a snapshot, from its own state. */
export function walk(snapshot: OpenedSnapshot, from: string, to: string, proto: 'tcp' | 'udp' | 'icmp' | null = null): Trace {
  const probe = probeOf({ from, to, proto, send: {} }, snapshot.world);
  if ('field' in probe) throw new Error(`${probe.field}: ${probe.message}; expected ${probe.expected}`);
  return runProbe(snapshot.world, snapshot.start(), probe, { record: 'detailed' });
}

/** Changes the JSON of one file. */
export function change(files: Files, file: string, recipe: (value: unknown) => unknown): Files {
  const text = files.get(file);
  if (text === undefined) throw new Error(`there is no ${file}`);
  return new Map([...files, [file, `${JSON.stringify(recipe(JSON.parse(text)), null, 1)}\n`]]);
}
