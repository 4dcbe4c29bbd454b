/** A small fast random source: the same seed, the same inputs. @source Marsaglia's xorshift32 */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995) | 1;
  }

  /** A whole number from 0 up to, not including, `n`. */
  below(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % Math.max(1, n);
  }

  of<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('an empty list');
    return item;
  }
}

/** What readers tend to trip over, whatever they read. */
const NASTY: readonly string[] = [
  '\0',
  '\u001b[2J',
  '\uFEFF',
  '\uFFFD',
  '\u2028',
  '\r\n',
  '\n',
  '\n\n',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ';',
  '!',
  '-',
  '/',
  '%',
  '#',
  '=',
  '*',
  '..',
  '../..',
  '0',
  '-1',
  '1e999',
  '4294967296',
  '99999999999999999999',
  '0x',
  '0xffffffff',
  'null',
  'true',
  '__proto__',
  'constructor',
  '0.0.0.0/0',
  '255.255.255.255',
  '256.1.1.1',
  '10.0.0.0/33',
  '::1',
  '0.0.0.0-255.255.255.255',
  '0-65535',
];

/**
 * One input: a seed with one to four changes, as damaged files and clumsy editors make them.
 * @param seeds texts of the kind that is read
 * @param tokens words of the kind
 */
export function mutant(dice: Dice, seeds: readonly string[], tokens: readonly string[]): string {
  let text = dice.of(seeds);
  for (let changes = 1 + dice.below(4); changes > 0; changes--) text = changed(dice, text, seeds, tokens);
  return text;
}

function changed(dice: Dice, text: string, seeds: readonly string[], tokens: readonly string[]): string {
  const at = dice.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + dice.below(24));
  const cut = (insert: string, to = at): string => text.slice(0, at) + insert + text.slice(to);
  switch (dice.below(11)) {
    case 0:
      return cut(String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << dice.below(8))), at + 1);
    case 1:
      return cut('', end);
    case 2:
      return cut(dice.of(NASTY));
    case 3:
      return cut(dice.of(tokens.length === 0 ? NASTY : tokens), end);
    case 4:
      return cut(text.slice(at, end).repeat(1 + dice.below(8)));
    case 5:
      return text.slice(0, at);
    case 6:
      return withNumber(dice, text);
    case 7:
      return withWord(dice, text, tokens);
    case 8:
      return withLineTwice(dice, text);
    case 9: {
      const other = dice.of(seeds);
      return text.slice(0, at) + other.slice(dice.below(other.length + 1));
    }
    default:
      return cut(String.fromCharCode(dice.below(dice.below(4) === 0 ? 0x1_0000 : 0x100)), at + dice.below(2));
  }
}

/** Another number in place of one of the text's. */
function withNumber(dice: Dice, text: string): string {
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return text;
  const { index, 0: old } = dice.of(found);
  const value = dice.of(['0', '1', '31', '32', '33', '64', '255', '256', '65535', '65536', '2147483648', '4294967295', '4294967296', '-1']);
  return text.slice(0, index) + value + text.slice(index + old.length);
}

/** A word of the kind in place of one of the text's. */
function withWord(dice: Dice, text: string, tokens: readonly string[]): string {
  const found = [...text.matchAll(/[\w.:/-]+/g)];
  if (found.length === 0 || tokens.length === 0) return text;
  const { index, 0: old } = dice.of(found);
  return text.slice(0, index) + dice.of(tokens) + text.slice(index + old.length);
}

function withLineTwice(dice: Dice, text: string): string {
  const lines = text.split('\n');
  const line = dice.of(lines);
  lines.splice(dice.below(lines.length + 1), 0, line);
  return lines.join('\n');
}
