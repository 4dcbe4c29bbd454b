import type { Pane, State } from '../state/state.ts';

/** A pane's place in the frame: size with its edge. */
export interface Room {
  readonly width: number;
  readonly height: number;
}

/**
 * How the screen is shared.
 *
 * ```
 * ┌ 1 packet, verdict, why ───────────────────────┐
 * ├ 2 time line ──┬ 4 step ───────────┬ map ──────┤
 * │               ├ 5 table, why not… │ (from 160 │
 * ├ 3 checks ─────┤                   │  columns) │
 * └ keys, status ─┴───────────────────┴───────────┘
 * ```
 */
export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Null where another pane has the whole screen; one line of it stays. */
  readonly packet: Room | null;
  readonly left: readonly { readonly pane: Pane; readonly room: Room }[];
  readonly right: readonly { readonly pane: Pane; readonly room: Room }[];
  /** The map beside everything else, where there is room for it. */
  readonly map: Room | null;
}

export const MIN_COLUMNS = 60;
export const MIN_ROWS = 16;
/** The sentence takes two lines where lines are short. */
const PACKET_ROWS = 5;
const PACKET_ROWS_NARROW = 6;
const NARROW_COLUMNS = 120;
const FOOTER_ROWS = 1;
const WIDE_COLUMNS = 160;
const SPLIT_STEP = 8;
const STACKED_ROWS = 14;

/** Shares the screen among the panes. */
export function layoutOf({ size, focus, zoomed, split, view }: State): Layout {
  const { columns, rows } = size;
  if (zoomed) {
    const pane = { pane: focus, room: { width: columns, height: rows - FOOTER_ROWS - 1 } };
    return { columns, rows, packet: null, left: [pane], right: [], map: null };
  }
  const packetRows = columns < NARROW_COLUMNS ? PACKET_ROWS_NARROW : PACKET_ROWS;
  const body = rows - packetRows - FOOTER_ROWS;
  const isWide = columns >= WIDE_COLUMNS && view !== 'map';
  const mapWidth = isWide ? Math.floor(columns * 0.32) : 0;
  const shared = columns - mapWidth;
  const third = Math.floor(shared * (isWide ? 0.42 : 0.44)) + split * SPLIT_STEP;
  const leftWidth = Math.max(24, Math.min(third, shared - 30));
  const checks = Math.max(5, Math.min(Math.floor(body * 0.33), 16));
  const step = Math.max(9, Math.min(Math.floor(body * 0.42), 18));
  const rightWidth = shared - leftWidth;
  const packet = { width: columns, height: packetRows };
  const map = isWide ? { width: mapWidth, height: body } : null;
  if (body < STACKED_ROWS) {
    // Two panes do not fit above each other: the focused one of the two is there.
    const left = { pane: focus === 'checks' ? focus : 'walk', room: { width: leftWidth, height: body } } as const;
    const right = { pane: focus === 'view' ? focus : 'step', room: { width: rightWidth, height: body } } as const;
    return { columns, rows, packet, left: [left], right: [right], map };
  }
  return {
    columns,
    rows,
    packet,
    left: [
      { pane: 'walk', room: { width: leftWidth, height: body - checks } },
      { pane: 'checks', room: { width: leftWidth, height: checks } },
    ],
    right: [
      { pane: 'step', room: { width: rightWidth, height: step } },
      { pane: 'view', room: { width: rightWidth, height: body - step } },
    ],
    map,
  };
}
