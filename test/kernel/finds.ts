import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { explicitSysctls } from '../../src/linux/sysctl.ts';
import { parseProbeLine } from '../../src/scenario/probe-line.ts';
import { memoryDirectory } from '../../src/snapshot/directory.ts';
import type { TruthProbe } from '../../src/snapshot/kernel/truth.ts';
import type { RandomCase } from '../../src/snapshot/random/case.ts';
import type { Edit } from '../../src/snapshot/kernel/edits.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { sessionOf } from '../../src/snapshot/session.ts';
import { writeSnapshot } from '../../src/snapshot/write-snapshot.ts';
import type { Probe } from '../../src/walk/probe.ts';
import { formatIpv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { freeze } from '../../src/world/freeze.ts';

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'finds');
const ENDING = '.json.br';

/** What the kernel did with a probe, and when it got it, in milliseconds since the first. */
export interface Answer {
  readonly truth: TruthProbe;
  readonly atMs: number;
}

/** A random network in which the twin once did something else than the kernel, with what the kernel did. */
export interface Find extends RandomCase {
  readonly name: string;
  readonly answers: readonly Answer[];
}

/** As it lies in the folder: a snapshot directory, the lines of a probe file. */
interface Stored {
  readonly seed: number;
  readonly state: RandomCase['state'];
  readonly files: Readonly<Record<string, string>>;
  readonly probes: readonly string[];
  readonly edits: readonly Edit[];
  readonly answers: readonly Answer[];
}

export function findNames(): string[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();
}

/** @throws Error when what is stored cannot be read */
export function readFind(name: string): Find {
  const text = brotliDecompressSync(readFileSync(path.join(FOLDER, `${name}${ENDING}`))).toString('utf8');
  const { seed, state, files, probes, edits, answers } = JSON.parse(text) as Stored;
  const snapshot = readSnapshot(memoryDirectory(name, new Map(Object.entries(files))));
  if (snapshot.problems.length > 0) throw new Error(`${name} cannot be read: ${JSON.stringify(snapshot.problems[0])}`);
  const world = freeze(snapshot.world);
  const parsed = probes.map((line) => {
    const read = parseProbeLine(line, world);
    if (!('probe' in read)) throw new Error(`${name}: ${read.message}`);
    return read.probe;
  });
  return { name, seed, world, session: sessionOf(snapshot, { cold: state === 'cold' }), probes: parsed, state, edits, answers };
}

/** @returns the size of what was written, in bytes */
export function writeFind(name: string, { seed, world, probes, state, edits }: RandomCase, answers: readonly Answer[]): number {
  const files = new Map(writeSnapshot(world).files);
  // What is not said of a sysctl is the kernel's default.
  for (const host of Object.values(world.machines)) {
    for (const netns of Object.values(host.netns)) {
      files.set(
        `${host.name}/${netns.name}/sysctl.txt`,
        explicitSysctls(netns.sysctls)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join(''),
      );
    }
  }
  const stored: Stored = { seed, state, files: Object.fromEntries(files), probes: probes.map(probeLine), edits, answers };
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_LGWIN]: 22 } };
  const packed = brotliCompressSync(JSON.stringify(stored), options);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, `${name}${ENDING}`), packed);
  return packed.length;
}

function probeLine(probe: Probe): string {
  const { id, label, proto, dport, sport, ttl, df, mark, tos, bindDev, sizeBytes: size } = probe;
  const text = (address: Ipv4 | undefined): string | undefined => (address === undefined ? undefined : formatIpv4(address));
  const line = { id, from: label, proto, dst: text(probe.dst), dport, sport, ttl, size, df, mark, tos, bindDev };
  return JSON.stringify({ ...line, src: text(probe.src), spoof: text(probe.spoof) });
}
