import type { Command } from 'commander';
import { problemLines } from '../report/problems.ts';
import { printable } from '../report/printable.ts';
import { SourceError } from '../scenario/source/problem.ts';
import { validateScenario } from '../scenario/validate.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { findSources, loadSource } from './sources.ts';
import { standardOutput } from './terminal.ts';

/** `podwalk validate`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<path...>', 'scenario files, or folders of them')
    .option('--root <folder>', 'files may be included from here and below')
    .action((paths: readonly string[], flags: { readonly root?: string }) => finish(validate(paths, flags.root)));
}

function validate(paths: readonly string[], root: string | undefined): Exit {
  const output = standardOutput();
  const sources = findSources(paths);
  if (sources.length === 0) throw new UsageError(`there is no scenario in ${paths.join(', ')}`);
  let status: Exit = EXIT.OK;
  for (const { file } of sources) {
    try {
      const { checks, steps, unknown, notes } = validateScenario(loadSource(file, root));
      output.write(`ok   ${printable(file)}  ${checks} checks${steps === 0 ? '' : `, ${steps} steps`}\n`);
      for (const note of notes) output.write(`     note: ${printable(note)}\n`);
      for (const { place, text } of unknown) {
        const where = place === null ? '' : `${place.file}:${place.line}:${place.col}: `;
        output.write(`     UNKNOWN ${printable(where + text)}\n`);
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      process.stderr.write(problemLines(error.problems));
      status = EXIT.BAD_INPUT;
    }
  }
  return status;
}
