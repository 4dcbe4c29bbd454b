import { Field, MAX_PROBLEMS, type Problems } from '../../kube/objects/field.ts';
import type { Located } from '../../kube/objects/located.ts';
import type { SnapshotDirectory } from '../directory.ts';
import { parseJson } from '../json.ts';

/** All files of one snapshot together. */
const MAX_SNAPSHOT_CHARACTERS = 512 * 2 ** 20;
/** Lines of one text dump. */
const MAX_LINES = 1_000_000;
/** Characters of a line of a text dump; a list of reserved ports is the longest that the tools print. */
const MAX_LINE_CHARACTERS = 1_048_576;
/** Rows of one table of one namespace. */
export const MAX_ROWS = 500_000;

/** A line of a text dump, without its line end. */
export class Line {
  readonly text: string;
  readonly number: number;
  readonly #file: string;
  readonly #problems: Problems;

  constructor(text: string, number: number, file: string, problems: Problems) {
    this.text = text;
    this.number = number;
    this.#file = file;
    this.#problems = problems;
  }

  /** Records that something is wrong at a 0-based offset of the line. */
  fail(message: string, expected: string, offset = 0): void {
    this.#problems.add({ file: this.#file, line: this.number, col: offset + 1, message, expected });
  }

  /** The blank-separated words of the line. */
  words(): string[] {
    return this.text.split(/[ \t]+/).filter((word) => word !== '');
  }
}

/** A snapshot while it is being read: where files come from, where problems go, how much may still be read. */
export class Source {
  readonly directory: SnapshotDirectory;
  readonly problems: Problems;
  /** Unknown matches and targets of rules become UNKNOWN for the walks that meet them, and are no problem. */
  readonly lenient: boolean;
  #charactersLeft = MAX_SNAPSHOT_CHARACTERS;
  readonly #asked = new Set<string>();

  constructor(directory: SnapshotDirectory, problems: Problems, lenient: boolean) {
    this.directory = directory;
    this.problems = problems;
    this.lenient = lenient;
  }

  /** The files of a folder that nobody has asked for. */
  unread(folder: string): string[] {
    return this.directory.list(folder).flatMap((name) => {
      const path = `${folder}/${name}`;
      return this.#asked.has(path) || this.directory.read(path).kind !== 'text' ? [] : [path];
    });
  }

  fileName(path: string): string {
    return `${this.directory.name}/${path}`;
  }

  /** The text of a file, or null when it is absent or (a problem) cannot be read. */
  text(path: string): string | null {
    this.#asked.add(path);
    const content = this.directory.read(path);
    switch (content.kind) {
      case 'absent':
        return null;
      case 'refused':
        this.#fail(path, content.message, content.expected);
        return null;
      case 'text':
        this.#charactersLeft -= content.text.length;
        if (this.#charactersLeft >= 0) return content.text.replace(/^\uFEFF/, '');
        this.#fail(
          path,
          'the snapshot is too large',
          `at most ${MAX_SNAPSHOT_CHARACTERS} characters in all files (MAX_SNAPSHOT_CHARACTERS)`,
        );
        return null;
    }
  }

  /** A JSON file, or null when it is absent or no JSON. An empty file is an empty list, as some versions of the tools print it. */
  json(path: string): Field | null {
    const text = this.text(path);
    if (text === null) return null;
    const file = this.fileName(path);
    const parsed = parseJson(text.trim() === '' ? '[]' : text, file);
    if ('doc' in parsed) return this.#root(parsed.doc);
    this.problems.add({ file, ...parsed.fault });
    return null;
  }

  /** The rows of a JSON list; rows that the tools leave empty are skipped. */
  rows(path: string): Field[] | null {
    return (
      this.json(path)
        ?.required('a list')
        .items(MAX_ROWS)
        .filter((row) => !isEmpty(row.value)) ?? null
    );
  }

  /** The rows of JSON lists that stand one after another, each on a line of its own: what a tool prints that is run for each device. */
  rowsOfLines(path: string): Field[] | null {
    const lines = this.lines(path, Number.POSITIVE_INFINITY);
    if (lines === null) return null;
    const rows: Field[] = [];
    for (const line of lines) {
      const parsed = parseJson(line.text, this.fileName(path));
      if ('fault' in parsed) {
        line.fail(parsed.fault.message, parsed.fault.expected, parsed.fault.col - 1);
        return rows;
      }
      const at = (steps: readonly (string | number)[]) => ({ line: line.number, col: parsed.doc.at(steps).col });
      for (const row of this.#root({ ...parsed.doc, at }).items(MAX_ROWS)) if (!isEmpty(row.value)) rows.push(row);
      if (rows.length > MAX_ROWS) {
        line.fail('the file has too many rows', `at most ${MAX_ROWS} (MAX_ROWS)`);
        return rows;
      }
    }
    return rows;
  }

  /** The lines of a text file that are not blank. */
  lines(path: string, maxCharacters: number = MAX_LINE_CHARACTERS): Line[] | null {
    const text = this.text(path);
    if (text === null) return null;
    const lines: Line[] = [];
    const file = this.fileName(path);
    let number = 0;
    for (let start = 0; start < text.length;) {
      if (++number > MAX_LINES) {
        this.problems.add({
          file,
          line: number,
          col: 1,
          message: 'the file is too long',
          expected: `at most ${MAX_LINES} lines (MAX_LINES)`,
        });
        return null;
      }
      const next = text.indexOf('\n', start);
      const end = next < 0 ? text.length : next;
      const line = new Line(text.slice(start, text[end - 1] === '\r' ? end - 1 : end), number, file, this.problems);
      if (line.text.length > maxCharacters)
        line.fail(`this line has ${line.text.length} characters`, `at most ${maxCharacters} (MAX_LINE_CHARACTERS)`);
      else if (line.text.trim() !== '') lines.push(line);
      start = end + 1;
    }
    return lines;
  }

  /** Places cost time to find: beyond the problems that are listed, nobody asks for them. */
  #root(doc: Located): Field {
    const { problems } = this;
    const at: Located['at'] = (path) => (problems.found.length < MAX_PROBLEMS ? doc.at(path) : { line: 1, col: 1 });
    return Field.of({ ...doc, at }, problems);
  }

  #fail(path: string, message: string, expected: string): void {
    this.problems.add({ file: this.fileName(path), line: 1, col: 1, message, expected });
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
