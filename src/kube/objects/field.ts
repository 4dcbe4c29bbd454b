import { type Located, type ObjectProblem, type Place, quoted } from './located.ts';

/** How many problems one reading collects before it only counts. */
export const MAX_PROBLEMS = 100;

/** Collects problems, the first {@link MAX_PROBLEMS} of them in full. */
export class Problems {
  readonly found: ObjectProblem[] = [];
  /** How many more there were. */
  dropped = 0;

  add(problem: ObjectProblem): void {
    if (this.found.length < MAX_PROBLEMS) this.found.push(problem);
    else this.dropped++;
  }
}

/**
 * One node of a foreign JSON value. Every reader returns a usable value whatever it finds and records a problem when what it found is
 * not what was expected, so that one pass reports everything that is wrong. Only own properties are ever read.
 */
export class Field {
  readonly value: unknown;
  readonly #doc: Located;
  readonly #problems: Problems;
  readonly #parent: Field | null;
  readonly #key: string | number;

  private constructor(doc: Located, problems: Problems, value: unknown, parent: Field | null, key: string | number) {
    this.#doc = doc;
    this.#problems = problems;
    this.value = value;
    this.#parent = parent;
    this.#key = key;
  }

  /** The root of a document. */
  static of(doc: Located, problems: Problems): Field {
    return new Field(doc, problems, doc.value, null, '');
  }

  /** Whether there is a value; YAML's empty value and JSON's null count as none. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get path(): (string | number)[] {
    return this.#parent === null ? [] : [...this.#parent.path, this.#key];
  }

  get place(): Place {
    const { line, col } = this.#doc.at(this.path);
    return { file: this.#doc.file, line, col };
  }

  /** Records a problem here. */
  fail(message: string, expected: string): void {
    this.#problems.add({ ...this.place, message, expected });
  }

  #wrong(expected: string): void {
    this.fail(`${this.#name()} is ${this.present ? quoted(this.value) : 'missing'}`, expected);
  }

  #name(): string {
    const path = this.path;
    if (path.length === 0) return 'the document';
    return path
      .map((key) => (typeof key === 'number' ? `[${key}]` : key))
      .join('.')
      .replaceAll('.[', '[');
  }

  /** The child of a mapping; absent when this is no mapping or has no such key of its own. */
  get(key: string): Field {
    const { value } = this;
    const child = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return new Field(this.#doc, this.#problems, child, this, key);
  }

  /** The mapping at `key`, recorded as wrong when something else stands there. */
  mapping(key: string): Field {
    const field = this.get(key);
    if (field.present && !isMapping(field.value)) field.#wrong('a mapping');
    return field;
  }

  /** The items of a list of at most `limit`; none when absent. */
  items(limit: number): Field[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) {
      this.#wrong('a list');
      return [];
    }
    const list: readonly unknown[] = this.value;
    if (list.length > limit) {
      this.fail(`${this.#name()} has ${list.length} items`, `at most ${limit}`);
      return [];
    }
    return list.map((item, index) => new Field(this.#doc, this.#problems, item, this, index));
  }

  /** The keys and values of a mapping of at most `limit` entries; none when absent. */
  entries(limit: number): [string, Field][] {
    if (!this.present) return [];
    if (!isMapping(this.value)) {
      this.#wrong('a mapping');
      return [];
    }
    const keys = Object.keys(this.value);
    if (keys.length > limit) {
      this.fail(`${this.#name()} has ${keys.length} entries`, `at most ${limit}`);
      return [];
    }
    return keys.map((key) => [key, this.get(key)]);
  }

  /** Text of at most `limit` characters without control characters, or `null` when absent or wrong. */
  text(limit = 4096): string | null {
    return this.matching(/^\P{C}*$/u, `text of at most ${limit} printable characters`, limit);
  }

  /** Text that `pattern` matches, or `null` when absent or wrong. */
  matching(pattern: RegExp, expected: string, limit = 253): string | null {
    if (!this.present) return null;
    if (typeof this.value === 'string' && this.value.length <= limit && pattern.test(this.value)) return this.value;
    this.#wrong(expected);
    return null;
  }

  /** What `parse` makes of the text here, or `null` when absent or when `parse` refuses it. */
  parsed<T>(parse: (text: string) => T | null, expected: string): T | null {
    if (!this.present) return null;
    const result = typeof this.value === 'string' && this.value.length <= 4096 ? parse(this.value) : null;
    if (result === null) this.#wrong(expected);
    return result;
  }

  /** A whole number from `min` to `max`, or `null` when absent or wrong. */
  int(min: number, max: number): number | null {
    if (!this.present) return null;
    if (typeof this.value === 'number' && Number.isInteger(this.value) && this.value >= min && this.value <= max) return this.value;
    this.#wrong(`a whole number from ${min} to ${max}`);
    return null;
  }

  bool(fallback: boolean): boolean {
    if (!this.present) return fallback;
    if (typeof this.value === 'boolean') return this.value;
    this.#wrong('true or false');
    return fallback;
  }

  oneOf<const T extends string>(choices: readonly T[], fallback: T): T {
    if (!this.present) return fallback;
    const chosen = choices.find((choice) => choice === this.value);
    if (chosen === undefined) this.#wrong(`one of ${choices.join(', ')}`);
    return chosen ?? fallback;
  }

  /** Records a problem unless something is present. */
  required(expected: string): this {
    if (!this.present) this.#wrong(expected);
    return this;
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
