import type { Context } from '../state/context.ts';
import type { Pane } from '../state/state.ts';
import { type Content, framed } from '../text/frame.ts';
import { type Line, fitLine, line, span } from '../text/span.ts';
import { type Theme, paint } from '../text/theme.ts';
import { basePane } from './base.ts';
import { checksPane } from './checks.ts';
import { footerLine } from './footer.ts';
import { type Layout, MIN_COLUMNS, MIN_ROWS, type Room, layoutOf } from './layout.ts';
import { mapPane } from './map.ts';
import { matrixPane } from './matrix.ts';
import { overlayOf } from './overlay.ts';
import { packetLine, packetPane } from './packet.ts';
import { stepPane } from './step.ts';
import { tablePane, tablesPane } from './table.ts';
import { walkPane } from './walk.ts';
import { whyPane } from './why.ts';

/** A block of painted text and where it lies. */
export interface Block {
  readonly key: string;
  readonly left: number;
  readonly top: number;
  readonly text: string;
}

/** One screen: blocks side by side, the overlay last. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly blocks: readonly Block[];
}

/** Draws the state. What it needs and is not known yet (verdicts, cells) it asks the twin for. */
export function frameOf(context: Context, theme: Theme): Frame {
  const { columns, rows } = context.state.size;
  context.twin.forgetAsked();
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) return tooSmall(columns, rows, theme);
  const layout = layoutOf(context.state);
  const blocks = [...top(context, layout, theme), ...body(context, layout, theme), ...overlay(context, theme)];
  blocks.push(block('footer', 0, rows - 1, [fitLine(footerLine(context, columns), columns)], theme));
  return { columns, rows, blocks };
}

function tooSmall(columns: number, rows: number, theme: Theme): Frame {
  const text = line(span(`podwalk needs ${MIN_COLUMNS}x${MIN_ROWS}, this is ${columns}x${rows}: make it larger, or q`, 'warn'));
  return { columns, rows, blocks: [block('small', 0, 0, [fitLine(text, columns)], theme)] };
}

function block(key: string, left: number, at: number, lines: readonly Line[], theme: Theme): Block {
  return { key, left, top: at, text: lines.map((one) => paint(one, theme)).join('\n') };
}

function top(context: Context, { packet, columns }: Layout, theme: Theme): Block[] {
  if (packet === null) return [block('packet', 0, 0, [fitLine(packetLine(context), columns)], theme)];
  const room = { ...packet, focused: context.state.focus === 'packet' };
  return [block('packet', 0, 0, framed(packetPane(context, packet.width - 2), room), theme)];
}

function body(context: Context, { packet, left, right, map }: Layout, theme: Theme): Block[] {
  const begin = packet?.height ?? 1;
  const blocks: Block[] = [];
  let x = 0;
  for (const column of [left, right]) {
    let y = begin;
    for (const { pane, room } of column) {
      blocks.push(
        block(pane, x, y, framed(contentOf(context, pane, room, theme), { ...room, focused: context.state.focus === pane }), theme),
      );
      y += room.height;
    }
    x += column[0]?.room.width ?? 0;
  }
  if (map !== null)
    blocks.push(
      block(
        'map',
        x,
        begin,
        framed(
          { ...mapPane(context, map.width - 2, map.height - 2, theme.ascii), title: 'map', foot: 'M: nearer' },
          { ...map, focused: false },
        ),
        theme,
      ),
    );
  return blocks;
}

function contentOf(context: Context, pane: Pane, room: Room, theme: Theme): Content {
  const width = room.width - 2;
  const height = room.height - 2;
  switch (pane) {
    case 'packet':
      return packetPane(context, width);
    case 'walk':
      return walkPane(context, height);
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

function overlay(context: Context, theme: Theme): Block[] {
  const over = overlayOf(context);
  if (over === null) return [];
  return [block('overlay', over.left, over.top, framed(over.content, { width: over.width, height: over.height, focused: true }), theme)];
}
