import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compare } from '../../src/snapshot/kernel/compare.ts';
import { factsOf } from '../../src/snapshot/kernel/facts.ts';
import { sceneOf } from '../../src/snapshot/kernel/scene.ts';
import { Twin } from '../../src/snapshot/kernel/twin.ts';
import { readRecording } from '../kernel/recording.ts';
import { recordedCases } from '../kernel/recordings.ts';

/** Probes that twin and kernel were both asked, and how many of those that met a fact agreed in every tier. */
export interface Tally {
  readonly networks: number;
  readonly probes: number;
  readonly differences: number;
  readonly facts: ReadonlyMap<string, number>;
}

/** What `podwalk verify --random N --format json` printed of its longest run. */
export interface RandomRun extends Tally {
  /** `uname -r` of the kernel that was asked. */
  readonly kernel: string;
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** Probes to which the twin said UNKNOWN, or that such a one came before. */
  readonly unknown: number;
  /** Probes that differed when the kernel was first asked, and agree since. */
  readonly once: number;
}

const RANDOM_RUN = path.resolve(import.meta.dirname, 'random-run.json');
/** About how long the recorder took for a probe. */
const PROBE_MS = 3;

/** Walks every recorded probe and counts what those that agree have met. */
export function tallyRecordings(): Tally {
  const facts = new Map<string, number>();
  const names = recordedCases();
  let probes = 0;
  let differences = 0;
  for (const name of names) {
    const { world, session, probes: sent, truth } = readRecording(name);
    const twin = new Twin(session, 'cold');
    const scene = sceneOf(world);
    for (const [index, kernel] of truth.entries()) {
      const run = twin.send(world, sent[index]!, { atMs: PROBE_MS * (index + 1) }, (one) => compare(kernel, one, scene, 'recorded').length);
      probes++;
      if (compare(kernel, run, scene, 'recorded').length > 0) differences++;
      else for (const fact of factsOf(run.trace, world)) facts.set(fact, (facts.get(fact) ?? 0) + 1);
    }
  }
  return { networks: names.length, probes, differences, facts };
}

/** What the run's JSON says of it. */
interface VerifyJson {
  readonly kernel: string;
  readonly seed: number;
  readonly cases: number;
  readonly compared: number;
  readonly unknown: number;
  readonly differing: number;
  /** Older runs do not tell. */
  readonly once?: readonly string[];
  readonly met: Readonly<Record<string, number>>;
  readonly notBuilt: readonly string[];
}

/** The last long random run; null where none was written. */
export function readRandomRun(): RandomRun | null {
  if (!existsSync(RANDOM_RUN)) return null;
  const {
    kernel,
    seed,
    cases,
    compared,
    unknown,
    differing,
    once = [],
    met,
    notBuilt,
  } = JSON.parse(readFileSync(RANDOM_RUN, 'utf8')) as VerifyJson;
  return {
    kernel,
    firstSeed: seed,
    lastSeed: seed + cases - 1,
    networks: cases - notBuilt.length,
    probes: compared,
    unknown,
    once: once.length,
    differences: differing,
    facts: new Map(Object.entries(met)),
  };
}
