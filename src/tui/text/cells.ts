import { characterWidth, textWidth } from '../../show/map/text-width.ts';

const ASCII = /^[\x20-\x7e]*$/;
/** Texts of which every character takes one column: ASCII, Latin, arrows, lines and boxes, ticks. */
const NARROW = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713-\u2718]*$/;

/** How many columns of a terminal a printable text takes. */
export function cellsOf(text: string): number {
  return NARROW.test(text) ? text.length : textWidth(text);
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
  if (cells <= 0) return '';
  let kept = '';
  let used = cellsOf(ELLIPSIS);
  for (const character of Array.from(text).toReversed()) {
    used += characterWidth(character);
    if (used > cells) break;
    kept = character + kept;
  }
  return ELLIPSIS + kept;
}

/** As much of a text as so many columns hold. */
export function take(text: string, cells: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, cells));
  let taken = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
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
