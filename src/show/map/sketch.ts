import type { World } from '../../world/world.ts';
import { printable } from '../printable.ts';
import { Canvas, type MapStyle } from './canvas.ts';
import { ASCII, type Glyphs, UNICODE } from './glyphs.ts';
import { fitText, fitTextEnd, textWidth } from './text-width.ts';
import { podsOf } from './topology.ts';
import { type Visit, isAhead } from './visits.ts';

/** What a map is drawn from. */
export interface MapSubject {
  readonly world: World;
  readonly visits: readonly Visit[];
  /** The step that the reader is at; null: the walk as a whole. */
  readonly seq: number | null;
  readonly current: Visit | null;
}

/** A rectangle on the canvas. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One piece of text with its meaning. */
export interface Piece {
  readonly text: string;
  readonly style: MapStyle;
}

/** A canvas with the shapes that maps are made of. Every name that it writes is made printable. */
export class Sketch {
  readonly canvas: Canvas;
  readonly glyphs: Glyphs;
  readonly subject: MapSubject;
  readonly #isAscii: boolean;

  constructor(subject: MapSubject, width: number, height: number, isAscii: boolean) {
    this.subject = subject;
    this.canvas = new Canvas(width, height);
    this.glyphs = isAscii ? ASCII : UNICODE;
    this.#isAscii = isAscii;
  }

  /** A name as it may be written here. */
  name(text: string): string {
    const clean = printable(text);
    return this.#isAscii ? clean.replaceAll(/[^ -~]/gu, '?') : clean;
  }

  fit(text: string, columns: number): string {
    return fitText(text, Math.max(0, columns), this.glyphs.more);
  }

  /** A machine's name, with its address where there is room for both. */
  machineTitle(machine: string, address: string | null, columns: number): string {
    const name = this.name(machine);
    const both = address === null ? name : `${name} ${address}`;
    return textWidth(both) <= columns ? both : fitTextEnd(name, columns, this.glyphs.more);
  }

  /** What people call a namespace: its pod, or its own name. */
  placeName(at: string): string {
    return this.name(podsOf(this.subject.world).get(at) ?? at.slice(at.indexOf('/') + 1));
  }

  frame({ x, y, width, height }: Box, title: string, style: MapStyle = 'frame', isBus = false): void {
    const { glyphs, canvas } = this;
    const [topLeft, topRight, bottomLeft, bottomRight] = isBus ? glyphs.busCorners : glyphs.corners;
    const horizontal = isBus ? glyphs.busHorizontal : glyphs.horizontal;
    const vertical = isBus ? glyphs.busVertical : glyphs.vertical;
    const bar = horizontal.repeat(Math.max(0, width - 2));
    canvas.text(x, y, topLeft + bar + topRight, style);
    for (let row = y + 1; row < y + height - 1; row++) {
      canvas.text(x, row, vertical, style);
      canvas.text(x + width - 1, row, vertical, style);
    }
    canvas.text(x, y + height - 1, bottomLeft + bar + bottomRight, style);
    if (title !== '') canvas.text(x + 2, y, ` ${this.fit(title, width - 6)} `, style === 'frame' ? 'title' : style);
  }

  /** Pieces one after the other, cut off at a width. Returns the column behind them. */
  pieces(x: number, y: number, pieces: readonly Piece[], columns: number): number {
    let at = x;
    const end = x + columns;
    for (const { text, style } of pieces) {
      const room = end - at;
      if (room <= 0) break;
      at = this.canvas.text(at, y, this.fit(text, room), style);
    }
    return at;
  }

  /** The marks of the packets that were at a place: `1 r4 a1`, the current one in brackets, with how each ended. */
  marks(visits: readonly Visit[]): Piece[] {
    return visits.flatMap((visit, index) => [
      ...(index === 0 ? [] : [{ text: ' ', style: 'plain' } as const]),
      { text: this.mark(visit), style: this.styleOf(visit) },
    ]);
  }

  mark(visit: Visit): string {
    const text = `${visit.label}${this.#endMark(visit)}`;
    return visit === this.subject.current ? `[${text}]` : text;
  }

  #endMark({ end }: Visit): string {
    switch (end) {
      case 'dropped':
        return this.glyphs.dropped;
      case 'delivered':
        return this.glyphs.delivered;
      case 'unknown':
        return this.glyphs.unknown;
      case null:
        return '';
    }
  }

  styleOf(visit: Visit): MapStyle {
    const { current, seq } = this.subject;
    if (visit === current) return 'current';
    if (isAhead(visit, seq)) return 'ahead';
    if (visit.end === 'dropped') return 'dropped';
    if (visit.end === 'unknown') return 'unknown';
    return lineStyle(visit);
  }
}

/** The style of a packet's way. */
export function lineStyle({ kind, isCopy }: Visit): MapStyle {
  if (isCopy) return 'other';
  return kind === 'request' ? 'request' : kind === 'reply' ? 'reply' : 'other';
}

/** Columns that pieces take. */
export function piecesWidth(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + textWidth(text), 0);
}
