import type { Context } from '../state/context.ts';
import type { Pane } from '../state/state.ts';
import { type Content, framed } from '../text/frame.ts';
import { EMPTY, type Line, fitLine, line, sliceLine, wrap } from '../text/span.ts';
import { type Theme, paint } from '../text/theme.ts';
import { basePane } from './base.ts';
import { checksPane } from './checks.ts';
import { footerLine } from './footer.ts';
import { type Layout, MIN_COLUMNS, MIN_ROWS, type Room, layoutOf } from './layout.ts';
import { mapPane } from './map.ts';
import { matrixPane } from './matrix.ts';
import { type Overlay, overlayOf } from './overlay.ts';
import { packetLine, packetPane } from './packet.ts';
import { stepPane } from './step.ts';
import { tablePane, tablesPane } from './table.ts';
import { walkPane } from './walk.ts';
import { whyPane } from './why.ts';

/** One screen: painted lines, each as wide as the screen. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly lines: readonly string[];
}

/** Draws the state. What it needs and is not known yet (verdicts, cells) it asks the twin for. */
export function frameOf(context: Context, theme: Theme): Frame {
  const { columns, rows } = context.state.size;
  context.twin.forgetAsked();
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) return tooSmall(columns, rows, theme);
  const layout = layoutOf(context.state);
  const panes = [...top(context, layout), ...body(context, layout, theme), fitLine(footerLine(context, columns), columns)];
  const lines = overlaid(panes, overlayOf(context));
  return { columns, rows, lines: lines.map((one) => paint(one, theme)) };
}

function tooSmall(columns: number, rows: number, theme: Theme): Frame {
  const needs = `podwalk needs ${MIN_COLUMNS}x${MIN_ROWS}`;
  const texts = [`${needs}, this is ${columns}x${rows}: make it larger, or q`, `${needs}: q quits`, 'q quits'];
  // As much as there is room for.
  const said = texts.map((text) => wrap(text, columns, 'warn')).find(({ length }) => length <= rows) ?? [];
  const lines = Array.from({ length: rows }, (_, row) => fitLine(said[row] ?? EMPTY, columns));
  return { columns, rows, lines: lines.map((one) => paint(one, theme)) };
}

function top(context: Context, { packet, columns }: Layout): readonly Line[] {
  if (packet === null) return [fitLine(packetLine(context), columns)];
  return framed(packetPane(context, packet.width - 2), { ...packet, focused: context.state.focus === 'packet' });
}

/** The columns of panes, side by side. */
function body(context: Context, { left, right, map }: Layout, theme: Theme): readonly Line[] {
  const columns = [left, right].map((column) =>
    column.flatMap(({ pane, room }) => framed(contentOf(context, pane, room, theme), { ...room, focused: context.state.focus === pane })),
  );
  if (map !== null) {
    const content = { ...mapPane(context, map.width - 2, map.height - 2, theme.ascii), title: 'map', foot: 'M: nearer' };
    columns.push(framed(content, { ...map, focused: false }));
  }
  const [first = []] = columns;
  return first.map((_, row) => line(...columns.flatMap((column) => column[row]?.spans ?? [])));
}

function overlaid(lines: readonly Line[], overlay: Overlay | null): readonly Line[] {
  if (overlay === null) return lines;
  const { content, width, height, left, top: begin } = overlay;
  const over = framed(content, { width, height, focused: true });
  return lines.map((one, row) => {
    const shown = over[row - begin];
    return shown === undefined ? one : line(...sliceLine(one, 0, left), ...shown.spans, ...sliceLine(one, left + width, Infinity));
  });
}

function contentOf(context: Context, pane: Pane, room: Room, theme: Theme): Content {
  const width = room.width - 2;
  const height = room.height - 2;
  switch (pane) {
    case 'packet':
      return packetPane(context, width);
    case 'walk':
      return walkPane(context, width, height);
    case 'checks':
      return checksPane(context, height);
    case 'step':
      return stepPane(context, width);
    case 'view':
      return viewContent(context, width, height, theme);
  }
}

function viewContent(context: Context, width: number, height: number, theme: Theme): Content {
  switch (context.state.view) {
    case 'table':
    case 'conntrack':
      return tablePane(context, width, height);
    case 'tables':
      return tablesPane(context, width, height);
    case 'why':
      return whyPane(context, width);
    case 'base':
      return basePane(context, width);
    case 'map':
      return mapPane(context, width, height, theme.ascii);
    case 'matrix':
      return matrixPane(context, width, height);
  }
}
