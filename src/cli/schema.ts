import type { Command } from 'commander';
import { printableJson } from '../report/printable.ts';
import { EXIT, type Exit } from './exit.ts';
import { standardOutput } from './terminal.ts';

/** `podwalk schema`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command.option('--trace', 'of a trace instead of a scenario file').action(async ({ trace }: { trace?: true }) => {
    const schema =
      trace === true
        ? (await import('../report/trace/schema.ts')).traceJsonSchema()
        : (await import('../scenario/schema/json-schema.ts')).scenarioJsonSchema();
    standardOutput().write(`${printableJson(schema, 2)}\n`);
    finish(EXIT.OK);
  });
}
