/** Characters that take two columns: East Asian wide and full-width forms, emoji. @source Unicode EastAsianWidth.txt, W and F */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** Characters that take none: they sit on the one before. */
const COMBINING = /[\p{Mn}\p{Me}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/** How many columns of a terminal a printable text takes. */
export function cellsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOfCharacter(character);
  return cells;
}

function cellsOfCharacter(character: string): number {
  if (character < '\u0300') return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const ELLIPSIS = '…';

/** A text in at most so many columns; what was cut off is an ellipsis. */
export function clip(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  return cells <= 0 ? '' : take(text, cells - 1) + ELLIPSIS;
}

/** A text in at most so many columns that keeps its end: names of one kind differ there. */
export function clipStart(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  return cells <= 0
    ? ''
    : ELLIPSIS +
        Array.from(text)
          .slice(-(cells - 1))
          .join('');
}

/** As much of a text as so many columns hold. */
export function take(text: string, cells: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, cells));
  let taken = '';
  let used = 0;
  for (const character of text) {
    used += cellsOfCharacter(character);
    if (used > cells) break;
    taken += character;
  }
  return taken;
}

/** A text in exactly so many columns. */
export function fit(text: string, cells: number): string {
  const clipped = clip(text, cells);
  return clipped + ' '.repeat(Math.max(0, cells - cellsOf(clipped)));
}
