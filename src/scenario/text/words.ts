/** A text that is no command line of its tool. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly expected: string;

  constructor(message: string, expected: string) {
    super(message);
    this.expected = expected;
  }
}

/** The words of a command line, taken one by one. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.trim().split(/\s+/).filter(Boolean);
  }

  get done(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word, left where it is. */
  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** The next word. @throws TextError at the end */
  take(expected: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new TextError('the line ends too early', expected);
    return word;
  }

  /** What `parse` makes of the next word. @throws TextError when it makes nothing of it */
  as<T>(parse: (word: string) => T | null, expected: string): T {
    const word = this.take(expected);
    const value = parse(word);
    if (value === null) throw new TextError(`"${word}"`, expected);
    return value;
  }

  /** A whole number up to 2^32 − 1, decimal or hexadecimal. */
  number(expected: string): number {
    return this.as((word) => {
      const value = /^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(word) ? Number(word) : Number.NaN;
      return value <= 0xffff_ffff ? value : null;
    }, expected);
  }
}
