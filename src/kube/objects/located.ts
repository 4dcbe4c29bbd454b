/** A place in an input file, 1-based, as compilers print it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/** A parsed document and the way from a JSON path inside it back to the text it came from. */
export interface Located {
  readonly value: unknown;
  readonly file: string;
  /** The place of the node at `path`; of its nearest existing ancestor when the node is absent. */
  at(path: readonly (string | number)[]): { readonly line: number; readonly col: number };
}

/** What is wrong with an object that somebody wrote, where, and what was expected instead. */
export interface ObjectProblem extends Place {
  readonly message: string;
  readonly expected: string;
}

/** A document with no text behind it (a value that the program itself built): every place is line 1, column 1. */
export function unplaced(value: unknown, file: string): Located {
  return { value, file, at: () => ({ line: 1, col: 1 }) };
}

const SHOWN_CHARACTERS = 60;

/** Quotes a foreign value for a message: one line, printable ASCII and Latin letters only, at most 60 characters of it. */
export function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a mapping';
  if (typeof value !== 'string') return String(value);
  const shown = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
  return `"${shown.replaceAll(/[^\u0020-\u007e\u00c0-\u024f\u2026]|["\\]/gu, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
