/** Characters that take no room of their own: combining marks and format characters. */
const ZERO = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** Two columns wide. @source Unicode 15 EastAsianWidth.txt (W and F), and pictures that terminals draw wide */
const WIDE: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];
const FIRST_WIDE = 0x1100;
const FIRST_ZERO = 0x300;

/** Terminal columns of one character. */
export function characterWidth(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code < FIRST_ZERO) return 1;
  if (ZERO.test(character)) return 0;
  return code >= FIRST_WIDE && WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Terminal columns of a text. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** A text in at most so many columns, its end cut off and marked where it is longer. */
export function fitText(text: string, columns: number, mark: string): string {
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(mark);
  if (room < 0) return '';
  let fitted = '';
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > room) break;
    fitted += character;
  }
  return fitted + mark;
}

/** As {@link fitText}, its beginning cut off: names of one kind differ at their end. */
export function fitTextEnd(text: string, columns: number, mark: string): string {
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(mark);
  if (room < 0) return '';
  let fitted = '';
  let width = 0;
  for (const character of Array.from(text).toReversed()) {
    width += characterWidth(character);
    if (width > room) break;
    fitted = character + fitted;
  }
  return mark + fitted;
}
