import * as z from 'zod';

/** Marks the message of an unknown field, which lists the fields there are. */
export const KNOWN_FIELDS = 'known fields: ';

/** A mapping whose fields are all known: any other is an error that names these. */
export function section<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `${KNOWN_FIELDS}${Object.keys(shape).join(', ')}` : undefined),
  });
}

/** Marks the message of a value that is no text, which says what the text was to be. */
export const TEXT_THAT = 'text: ';

/**
 * Text that `accepts` takes; `expected` says what that is, e.g. `an IPv4 address such as 10.224.0.4`.
 * @param words one of which a text like it was meant to be
 */
export function textThat(accepts: (text: string) => boolean, expected: string, words: readonly string[] = []): z.ZodString {
  const error: z.core.$ZodErrorMap = ({ code }) => (code === 'invalid_type' ? `${TEXT_THAT}${expected}` : undefined);
  return z.string({ error }).max(4096).refine(accepts, { error: expected, params: { words } });
}

/** One value, or a list of at least one. */
export function oneOrMore<T>(item: z.ZodType<T>): z.ZodType<T | T[]> {
  return z.union([item, z.array(item).min(1)]);
}
