import * as z from 'zod';
import { OPERATIONS } from '../operation/operations.ts';
import { type CheckEntry, checkEntry } from './check.ts';
import { duration, prose } from './field.ts';
import { type MatrixEntry, matrixEntry } from './matrix.ts';
import { section } from './section.ts';

/** One step: first what it does (at most one operation, then the clock), then what must hold. */
export interface StepEntry {
  readonly name?: string;
  readonly description?: string;
  readonly undo?: number;
  readonly advance?: string;
  readonly walk?: CheckEntry;
  readonly checks?: CheckEntry[];
  readonly matrix?: MatrixEntry[];
  /** Operations by name, with their arguments. */
  readonly [operation: string]: unknown;
}

const names = OPERATIONS.map(({ name }) => name);

/** The names of the operations that a step does, in the order of the registry. */
export function operationsOf(step: StepEntry): string[] {
  return names.filter((name) => Object.hasOwn(step, name));
}

export const stepEntry: z.ZodType<StepEntry> = z.lazy(() =>
  section({
    name: prose.exactOptional().describe('what happens, in words, for reports'),
    description: prose.exactOptional().describe('more about it, for its readers'),
    ...Object.fromEntries(OPERATIONS.map(({ name, schema }) => [name, schema.exactOptional()])),
    undo: z
      .int()
      .min(1)
      .max(1000)
      .exactOptional()
      .describe('takes back the last so many operations and advances; what packets left behind stays, and the time'),
    advance: duration.exactOptional().describe('moves the clock; what agents do by the clock happens'),
    walk: checkEntry.exactOptional(),
    checks: z.array(checkEntry).exactOptional().describe('what must hold now, in order: each walk finds what those before it left'),
    matrix: z.array(matrixEntry).exactOptional().describe('truth tables of who reaches whom now'),
  })
    .refine((step) => operationsOf(step).length <= 1, { error: 'one operation in a step' })
    .refine((step) => Object.keys(step).some((key) => key !== 'name' && key !== 'description'), {
      error: 'an operation, undo, advance, walk, checks or matrix',
      // A step of nothing but an unknown field has been complained about.
      when: ({ issues }) => issues.length === 0,
    }),
);
