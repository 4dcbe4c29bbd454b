import type { Command } from 'commander';
import { printableJson } from '../report/printable.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { standardOutput } from './terminal.ts';

interface SchemaFlags {
  readonly trace?: true;
  readonly snapshot?: true;
}

/** `podwalk schema`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .option('--trace', 'of a trace instead of a scenario file')
    .option('--snapshot', 'of podwalk.json in a snapshot directory instead of a scenario file')
    .action(async (flags: SchemaFlags) => {
      standardOutput().write(`${printableJson(await schemaOf(flags), 2)}\n`);
      finish(EXIT.OK);
    });
}

async function schemaOf({ trace, snapshot }: SchemaFlags): Promise<object> {
  if (trace === true && snapshot === true) throw new UsageError('--trace or --snapshot, not both');
  if (trace === true) return (await import('../report/trace/schema.ts')).traceJsonSchema();
  if (snapshot === true) return (await import('../scenario/snapshot/facts.ts')).factsJsonSchema();
  return (await import('../scenario/schema/json-schema.ts')).scenarioJsonSchema();
}
