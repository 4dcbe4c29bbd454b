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
  /** The value that is wrong as its author wrote it, which tells where the error stands; null for the step as a whole. */
  readonly said: string | number | null;

  constructor(message: string, expected = '', said: string | number | null = null) {
    super(message);
    this.expected = expected;
    this.said = said;
  }
}

/** Where in the arguments of an operation a value stands: the first that is the same; empty where none is. */
export function placeWithin(args: unknown, said: string | number | null): readonly (string | number)[] {
  if (said === null) return [];
  return find(args, said) ?? [];
}

function find(value: unknown, said: string | number): readonly (string | number)[] | null {
  if (value === said) return [];
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, below] of Object.entries(value)) {
    const found = find(below, said);
    if (found !== null) return [Array.isArray(value) ? Number(key) : key, ...found];
  }
  return null;
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
