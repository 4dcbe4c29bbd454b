import type * as z from 'zod';
import type { Bench } from './bench.ts';

/** A named edit or fault: what a step of a scenario may do to the world. */
export interface Operation {
  /** As a step spells it: `delete-route`. */
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
  /**
   * Does it to the world on the bench.
   * @param args what the schema has accepted
   * @throws OperationError when the world does not have what is to be changed
   */
  readonly run: (args: unknown, bench: Bench) => void;
}

/** Something that a step asks for and this world does not have: the author's error, reported at the step. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly expected: string;

  constructor(message: string, expected = '') {
    super(message);
    this.expected = expected;
  }
}

/** Joins an operation's schema with the function that takes its arguments. */
export function operation<Args>(
  name: string,
  description: string,
  schema: z.ZodType<Args>,
  apply: (args: Args, bench: Bench) => void,
): Operation {
  return { name, description, schema: schema.describe(description), run: (args, bench) => apply(schema.parse(args), bench) };
}
