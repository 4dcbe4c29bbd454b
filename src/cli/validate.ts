import type { Command } from 'commander';
import { problemLines } from '../report/problems.ts';
import { printable } from '../report/printable.ts';
import { addressGaps } from '../scenario/address-gaps.ts';
import type { OpenedSnapshot } from '../scenario/snapshot/open.ts';
import { SourceError } from '../scenario/source/problem.ts';
import { ruleGaps, validateScenario } from '../scenario/validate.ts';
import { counted } from '../wire/counted.ts';
import type { World } from '../world/world.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { findSources, openSource } from './sources.ts';
import { standardOutput } from './terminal.ts';
import { readSnapshotAt } from './world.ts';

interface ValidateFlags {
  readonly root?: string;
  readonly lenient?: boolean;
}

/** `podwalk validate`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<path...>', 'scenario files or snapshot directories, or folders of them')
    .option('--lenient', 'unknown matches and targets of a snapshot make walks UNKNOWN instead of being errors')
    .option('--root <folder>', 'files may be included from here and below')
    .action(async (paths: readonly string[], flags: ValidateFlags) => finish(await validate(paths, flags)));
}

async function validate(paths: readonly string[], flags: ValidateFlags): Promise<Exit> {
  const output = standardOutput();
  const sources = findSources(paths);
  if (sources.length === 0) throw new UsageError(`there is no scenario in ${paths.join(', ')}`);
  let status: Exit = EXIT.OK;
  for (const { kind, file } of sources) {
    try {
      const lines = kind === 'snapshot' ? await snapshotLines(file, flags) : await scenarioLines(file, flags);
      for (const line of lines) output.write(`${printable(line)}\n`);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      process.stderr.write(problemLines(error.problems));
      status = EXIT.BAD_INPUT;
    }
  }
  return status;
}

async function scenarioLines(file: string, { root }: ValidateFlags): Promise<string[]> {
  const { checks, steps, unknown, notes } = validateScenario(await openSource(file, root));
  const wheres = unknown.map(({ place, text }) => (place === null ? text : `${place.file}:${place.line}:${place.col}: ${text}`));
  return [
    `ok   ${file}  ${counted(checks, 'check')}${steps === 0 ? '' : `, ${counted(steps, 'step')}`}`,
    ...notes.map((note) => `     note: ${note}`),
    ...wheres.map((text) => `     UNKNOWN ${text}`),
  ];
}

async function snapshotLines(folder: string, { lenient = false }: ValidateFlags): Promise<string[]> {
  const { world, notes, unsought, unread } = await readSnapshotAt(folder, lenient);
  const machines = Object.values(world.machines);
  const namespaces = machines.reduce((sum, { netns }) => sum + Object.keys(netns).length, 0);
  return [
    `ok   ${folder}  snapshot, ${counted(machines.length, 'machine')}, ${counted(namespaces, 'namespace')}`,
    ...[...notes, ...unread.map((part) => `${part} is not read: no part of a snapshot has this name`), ...unsoughtNotes(unsought)].map(
      (note) => `     note: ${note}`,
    ),
    ...gapLines(world),
    ...addressGaps(world.fabric).map((text) => `     UNKNOWN ${text}`),
    ...ruleGaps(world).map((text) => `     UNKNOWN ${text}`),
  ];
}

/** Namespaces with the same files missing are one note. */
function unsoughtNotes(unsought: OpenedSnapshot['unsought']): string[] {
  const places = new Map<string, string[]>();
  for (const [at, files] of unsought) places.set(files.join(', '), [...(places.get(files.join(', ')) ?? []), at]);
  return [...places].map(([files, [first = '', ...others]]) => {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return `${first}${more}: ${files}: not collected, so what they would list is taken not to be there`;
  });
}

/** What the fabric and each namespace lack, or hold that is not modelled. */
function gapLines({ machines, fabric }: World): string[] {
  const inFabric = (fabric?.gaps ?? []).map(({ reason, text }) => `     UNKNOWN fabric: ${reason} ${text}`);
  const onMachines = Object.entries(machines).flatMap(([machine, { netns }]) =>
    Object.entries(netns).flatMap(([name, { unmodelled }]) =>
      unmodelled.map(({ reason, dev, text }) => `     UNKNOWN ${machine}/${name}${dev === null ? '' : `/${dev}`}: ${reason} ${text}`),
    ),
  );
  return [...inFabric, ...onMachines];
}
