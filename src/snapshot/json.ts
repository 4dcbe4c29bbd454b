import type { Located } from '../kube/objects/located.ts';

/** Where a JSON text stops being JSON. */
export interface JsonFault {
  readonly line: number;
  readonly col: number;
  readonly message: string;
  readonly expected: string;
}

/** Values nested deeper than this are refused. */
const MAX_DEPTH = 200;
/** Values of one text: each costs memory many times its characters. */
const MAX_VALUES = 8_000_000;

/**
 * Reads one JSON text. Places are looked up in the text again when somebody asks, which is only when something is wrong.
 * @returns the document, or the first fault.
 */
export function parseJson(text: string, file: string): { readonly doc: Located } | { readonly fault: JsonFault } {
  const excess = tooMuch(text);
  if (excess !== null) return { fault: excess };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const scan = new Scan(text);
    scan.document();
    const { line, col } = lineAndColumn(text, scan.offset);
    const found = scan.offset >= text.length ? 'the text ends here' : 'this is not JSON';
    return { fault: { line, col, message: found, expected: scan.expected } };
  }
  const places = new Places(text);
  return { doc: { value, file, at: (path) => places.at(path) } };
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** Where a text, JSON or not, opens more lists and mappings inside each other than are read, or holds more values. */
function tooMuch(text: string): JsonFault | null {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
      continue;
    }
    if (code === QUOTE) inString = true;
    else if (code === COMMA) values++;
    // The codes of [ and {, ] and } differ in one bit.
    else if ((code & 0xdf) === 0x5b) {
      values++;
      if (++depth > MAX_DEPTH)
        return { ...lineAndColumn(text, i), message: 'this is nested too deep', expected: `at most ${MAX_DEPTH} levels (MAX_DEPTH)` };
    } else if ((code & 0xdf) === 0x5d) depth--;
    if (values > MAX_VALUES)
      return { ...lineAndColumn(text, i), message: 'the text has too many values', expected: `at most ${MAX_VALUES} (MAX_VALUES)` };
  }
  return null;
}

/** The 1-based line and column of an offset. */
function lineAndColumn(text: string, offset: number): { line: number; col: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, col: offset - start + 1 };
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Control characters have to be escaped in a JSON string.
// oxlint-disable-next-line eslint/no-control-regex -- that is what is looked for
const STRING_RUN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const PLAIN_RUN = /[^"[\]{}]*/y;

/** A strict reader of JSON that only finds out where a text of bounded depth is wrong. Every method says whether all was well so far. */
class Scan {
  readonly #text: string;
  offset = 0;
  expected = 'a JSON value';

  constructor(text: string) {
    this.#text = text;
  }

  document(): boolean {
    if (!this.#value()) return false;
    this.#space();
    return this.offset === this.#text.length || this.#fail('the end of the file');
  }

  #fail(expected: string): false {
    this.expected = expected;
    return false;
  }

  #space(): void {
    this.#take(SPACE);
  }

  #take(pattern: RegExp): number {
    pattern.lastIndex = this.offset;
    const length = pattern.exec(this.#text)?.[0].length ?? 0;
    this.offset += length;
    return length;
  }

  #mark(text: string): boolean {
    if (!this.#text.startsWith(text, this.offset)) return false;
    this.offset += text.length;
    return true;
  }

  #value(): boolean {
    this.#space();
    if (this.#mark('{')) return this.#members('}', 'a comma or a closing brace', true);
    if (this.#mark('[')) return this.#members(']', 'a comma or a closing bracket', false);
    if (this.#text[this.offset] === '"') return this.#string();
    if (this.#mark('true') || this.#mark('false') || this.#mark('null') || this.#take(NUMBER) > 0) return true;
    return this.#fail('a JSON value');
  }

  #members(close: string, separator: string, keyed: boolean): boolean {
    this.#space();
    if (this.#mark(close)) return true;
    for (;;) {
      if (keyed && !this.#key()) return false;
      if (!this.#value()) return false;
      this.#space();
      if (this.#mark(close)) return true;
      if (!this.#mark(',')) return this.#fail(separator);
    }
  }

  #key(): boolean {
    this.#space();
    if (this.#text[this.offset] !== '"') return this.#fail('a key in double quotes');
    if (!this.#string()) return false;
    this.#space();
    return this.#mark(':') || this.#fail('a colon');
  }

  #string(): boolean {
    this.offset++;
    for (;;) {
      this.#take(STRING_RUN);
      if (this.#mark('"')) return true;
      if (this.#take(ESCAPE) === 0) return this.#fail('a character of a string, or its closing quote');
    }
  }
}

interface Mark {
  readonly index: number;
  readonly offset: number;
}

/**
 * Finds places in a text that is known to be JSON. Questions about a long list come in its order: the last answer is where the next
 * search begins, so that a file full of faults is read once and not once for each.
 */
class Places {
  readonly #text: string;
  readonly #last = new Map<string, Mark>();
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The place of the value at a path; of its nearest ancestor where it is absent. */
  at(path: readonly (string | number)[]): { line: number; col: number } {
    let offset = skipSpace(this.#text, 0);
    for (const [depth, key] of path.entries()) {
      const child =
        typeof key === 'number' ? this.#item(offset, key, JSON.stringify(path.slice(0, depth))) : member(this.#text, offset, key);
      if (child === null) break;
      offset = child;
    }
    if (offset < this.#lineStart) [this.#line, this.#lineStart] = [1, 0];
    for (let end = this.#text.indexOf('\n', this.#lineStart); end >= 0 && end < offset; end = this.#text.indexOf('\n', this.#lineStart)) {
      this.#line++;
      this.#lineStart = end + 1;
    }
    return { line: this.#line, col: offset - this.#lineStart + 1 };
  }

  #item(list: number, key: number, memo: string): number | null {
    if (this.#text[list] !== '[') return null;
    const last = this.#last.get(memo);
    let { index, offset } = last !== undefined && last.index <= key ? last : { index: 0, offset: skipSpace(this.#text, list + 1) };
    for (; index < key; index++) {
      if (this.#text[offset] === ']') return null;
      offset = skipSpace(this.#text, skipValue(this.#text, offset));
      if (this.#text[offset] === ',') offset = skipSpace(this.#text, offset + 1);
    }
    if (this.#text[offset] === ']') return null;
    this.#last.set(memo, { index, offset });
    return offset;
  }
}

/** The offset of a member's value; of the last of equal keys, as JSON.parse has it. */
function member(text: string, object: number, key: string): number | null {
  if (text[object] !== '{') return null;
  let found: number | null = null;
  let offset = skipSpace(text, object + 1);
  while (text[offset] !== '}') {
    const end = skipString(text, offset);
    const name: unknown = JSON.parse(text.slice(offset, end));
    offset = skipSpace(text, skipSpace(text, end) + 1);
    if (name === key) found = offset;
    offset = skipSpace(text, skipValue(text, offset));
    if (text[offset] === ',') offset = skipSpace(text, offset + 1);
  }
  return found;
}

function skipSpace(text: string, offset: number): number {
  return skip(SPACE, text, offset);
}

function skip(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return offset + (pattern.exec(text)?.[0].length ?? 0);
}

function skipString(text: string, offset: number): number {
  let end = offset + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

function skipValue(text: string, offset: number): number {
  const first = text[offset];
  if (first === '"') return skipString(text, offset);
  if (first !== '{' && first !== '[') return skip(/[^,\]} \t\r\n]*/y, text, offset);
  let depth = 0;
  let at = offset;
  do {
    const character = text[at];
    if (character === '"') at = skipString(text, at);
    else {
      if (character === '{' || character === '[') depth++;
      if (character === '}' || character === ']') depth--;
      at = depth === 0 ? at + 1 : skip(PLAIN_RUN, text, at + 1);
    }
  } while (depth > 0);
  return at;
}
