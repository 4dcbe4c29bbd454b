import { cellsOf, clip } from './cells.ts';
import { EMPTY, type Line, type Span, fitLine, span } from './span.ts';

/** What a pane shows inside its frame. */
export interface Content {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Written into the lower edge: where one is in a long list. */
  readonly foot?: string;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  /** The pane that keys go to has a heavy edge. */
  readonly focused: boolean;
}

const LIGHT = { h: '─', v: '│', tl: '┌', tr: '┐', bl: '└', br: '┘' };
const HEAVY = { h: '━', v: '┃', tl: '┏', tr: '┓', bl: '┗', br: '┛' };

/** A pane with its edge, in exactly `width` × `height` columns and lines. */
export function framed({ title, lines, foot = '' }: Content, { width, height, focused }: Frame): Line[] {
  const edge = focused ? HEAVY : LIGHT;
  const tone = focused ? 'accent' : 'dim';
  const inner = width - 2;
  const out: Line[] = [labelled(edge.tl, edge.h, edge.tr, title, width, focused)];
  for (let row = 0; row < height - 2; row++) {
    const fitted = fitLine(lines[row] ?? EMPTY, inner);
    out.push(insideEdges(fitted, { text: edge.v, tone }));
  }
  out.push(labelled(edge.bl, edge.h, edge.br, foot, width, focused, 'end'));
  return out;
}

/** The cursor's line is inverse between the edges. */
function insideEdges(one: Line, edge: Span): Line {
  const spans = one.selected ? one.spans.map((piece) => ({ ...piece, inverse: true as const })) : one.spans;
  return { spans: [edge, ...spans, edge], selected: false };
}

function labelled(left: string, fill: string, right: string, label: string, width: number, focused: boolean, side = 'start'): Line {
  const tone = focused ? 'accent' : 'dim';
  const text = label === '' ? '' : ` ${clip(span(label).text, width - 6)} `;
  const rest = Math.max(0, width - 3 - cellsOf(text));
  const fillText = fill.repeat(rest);
  const name: Span = { text, tone: focused ? 'strong' : 'plain' };
  const spans: Span[] =
    side === 'start'
      ? [{ text: left + fill, tone }, name, { text: fillText + right, tone }]
      : [{ text: left + fillText, tone }, name, { text: fill + right, tone }];
  return { spans, selected: false };
}

/** The first row that a window of so many rows shows, so that the cursor stays in sight with some rows around it. */
export function windowStart(count: number, cursor: number, rows: number, before: number = Math.floor(rows / 3)): number {
  return Math.max(0, Math.min(cursor - before, count - rows));
}
