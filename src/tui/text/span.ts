import { characterWidth } from '../../show/map/text-width.ts';
import { printable } from '../../show/printable.ts';
import { cellsOf, take } from './cells.ts';

/** What a text is, which a theme makes visible. `good`, `bad` and `warn` always come with a word or a sign that says the same. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'bad' | 'warn' | 'accent' | 'changed';

/** A piece of a line in one style. Its text is printable: see {@link span}. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
  /** Under the cursor. */
  readonly inverse?: true;
}

/** One line of a pane. */
export interface Line {
  readonly spans: readonly Span[];
  /** The line under the cursor. */
  readonly selected: boolean;
}

/** A piece of text; what could drive the terminal is made visible instead. */
export function span(text: string, tone: Tone = 'plain'): Span {
  return { text: printable(text), tone };
}

/** A line of pieces; bare text is plain. */
export function line(...parts: readonly (Span | string)[]): Line {
  return { spans: parts.map((part) => (typeof part === 'string' ? span(part) : part)), selected: false };
}

export const EMPTY: Line = { spans: [], selected: false };

export function selected(one: Line, isSelected = true): Line {
  return isSelected ? { ...one, selected: true } : one;
}

/** A line in exactly so many columns. */
export function fitLine(one: Line, cells: number): Line {
  let room = cells;
  const spans: Span[] = [];
  for (const [index, { text, tone }] of one.spans.entries()) {
    const used = cellsOf(text);
    const isLast = one.spans.slice(index + 1).every((rest) => rest.text === '');
    if (used < room || (used === room && isLast)) {
      spans.push({ text, tone });
      room -= used;
      continue;
    }
    // The ellipsis needs a column of its own.
    const cut = `${take(text, room - 1)}…`;
    if (room > 0) spans.push({ text: cut, tone });
    room -= room > 0 ? cellsOf(cut) : 0;
    break;
  }
  if (room > 0) spans.push({ text: ' '.repeat(room), tone: 'plain' });
  return { spans, selected: one.selected };
}

/** What a line shows from one column to another; of a wide character that is cut in half a blank stays. */
export function sliceLine({ spans }: Line, from: number, to: number): Span[] {
  const kept: Span[] = [];
  let at = 0;
  for (const piece of spans) {
    const width = cellsOf(piece.text);
    const [start, end] = [Math.max(0, from - at), Math.min(width, to - at)];
    if (start === 0 && end === width) kept.push(piece);
    else if (start < end) kept.push({ ...piece, text: sliceText(piece.text, start, end) });
    at += width;
  }
  return kept;
}

function sliceText(text: string, from: number, to: number): string {
  let kept = '';
  let at = 0;
  for (const character of text) {
    const end = at + characterWidth(character);
    kept += at >= from && end <= to ? character : ' '.repeat(Math.max(0, Math.min(end, to) - Math.max(at, from)));
    at = end;
  }
  return kept;
}

/** A text broken into lines of at most so many columns, at blanks where there are some. */
export function wrap(text: string, cells: number, tone: Tone = 'plain', indent = ''): Line[] {
  const lines: Line[] = [];
  let current = '';
  for (const word of printable(text).split(' ')) {
    let rest = word;
    const room = (): number => cells - cellsOf(lines.length === 0 ? '' : indent);
    if (current !== '' && cellsOf(current) + 1 + cellsOf(rest) <= room()) {
      current += ` ${rest}`;
      continue;
    }
    if (current !== '') lines.push({ spans: [{ text: (lines.length === 0 ? '' : indent) + current, tone }], selected: false });
    while (cellsOf(rest) > room() && room() > 0) {
      const head = take(rest, room());
      if (head === '') break;
      lines.push({ spans: [{ text: (lines.length === 0 ? '' : indent) + head, tone }], selected: false });
      rest = rest.slice(head.length);
    }
    current = rest;
  }
  lines.push({ spans: [{ text: (lines.length === 0 ? '' : indent) + current, tone }], selected: false });
  return lines;
}
