import type { Command } from 'commander';
import { printable } from '../report/printable.ts';
import { exportWorld } from '../scenario/snapshot/export.ts';
import { DirectoryRefused, writeDirectory } from '../snapshot/write-directory.node.ts';
import { counted } from '../wire/counted.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { standardOutput } from './terminal.ts';
import { openWorld } from './world.ts';

interface ExportFlags {
  readonly output: string;
  readonly force?: true;
  readonly lenient?: true;
  readonly root?: string;
}

/** `podwalk export`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<source>', 'a scenario file or a snapshot directory')
    .requiredOption('--output <folder>', 'the snapshot directory to write: a folder that does not exist, or is empty')
    .option('--force', 'also into a folder that is not empty; a snapshot in it is replaced')
    .option('--lenient', 'unknown matches and targets of a snapshot are written as they are, instead of being errors')
    .option('--root <folder>', 'files may be included from here and below')
    .action(async (source: string, flags: ExportFlags) => finish(await exportSource(source, flags)));
}

async function exportSource(source: string, flags: ExportFlags): Promise<Exit> {
  const { world, notes, seed, conntrack, counters } = await openWorld(source, flags);
  for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  const files = exportWorld(world, { conntrack, counters, seed });
  try {
    writeDirectory(flags.output, files, flags.force === true);
  } catch (error) {
    if (error instanceof DirectoryRefused) throw new UsageError(error.message);
    throw error;
  }
  const machines = Object.values(world.machines);
  const namespaces = machines.reduce((sum, { netns }) => sum + Object.keys(netns).length, 0);
  standardOutput().write(
    `${printable(flags.output)}: ${counted(machines.length, 'machine')}, ${counted(namespaces, 'namespace')}, ${counted(files.size, 'file')}\n`,
  );
  return EXIT.OK;
}
