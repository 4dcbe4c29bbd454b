import type { Listing, Row } from '../../show/listing.ts';
import { rowsOfStep } from '../../show/step-rows.ts';
import { type Command, type Context, clampTo, currentStep } from './context.ts';
import type { State } from './state.ts';

/** A table on the screen. */
export interface Table {
  readonly at: string;
  readonly listing: Listing;
  readonly rows: readonly Row[];
  /** The row that decided in the step under the cursor of the time line. */
  readonly decided: number | null;
}

/** The table in which the entry stands that decided in the current step; null where nothing of the kind did. */
function decidingTable(context: Context): Table | null {
  const { state, twin } = context;
  const moved = currentStep(context);
  if (moved === null) return null;
  const { world } = twin.at(state.edits.done);
  const { at } = moved.hop;
  const listings = twin.listings(at, state.request, state.edits.done);
  for (const ref of rowsOfStep(moved.step, at, world)) {
    const listing = listings.find(({ key }) => key === ref.listing);
    if (listing === undefined) continue;
    const rows = listing.rows();
    const decided = rows.findIndex(({ id }) => id === ref.row);
    return { at, listing, rows, decided: decided < 0 ? null : decided };
  }
  return null;
}

/** The place whose tables are looked into: the one that was chosen, else that of the step. */
export function placeInSight(context: Context): string {
  return context.state.tables.at ?? currentStep(context)?.hop.at ?? firstPlace(context);
}

function firstPlace({ state, twin }: Context): string {
  const [machine, host] = Object.entries(twin.at(state.edits.done).world.machines)[0] ?? [];
  return host === undefined ? '' : `${machine}/${Object.keys(host.netns)[0] ?? ''}`;
}

/** The tables of the place that is looked into. */
export function listingsInSight(context: Context): readonly Listing[] {
  return context.twin.listings(placeInSight(context), context.state.request, context.state.edits.done);
}

/** The table that is looked into, narrowed by the filter. */
function browsedTable(context: Context): Table | null {
  const { state } = context;
  const listings = listingsInSight(context);
  const listing = listings[clampTo(state.tables.table, listings.length)];
  if (listing === undefined) return null;
  const at = placeInSight(context);
  const moved = currentStep(context);
  const refs = moved?.hop.at === at ? rowsOfStep(moved.step, at, context.twin.at(state.edits.done).world) : [];
  const wanted = refs.find((ref) => ref.listing === listing.key)?.row;
  const rows = narrowed(listing.rows(), state.filters.tables);
  const decided = wanted === undefined ? -1 : rows.findIndex(({ id }) => id === wanted);
  return { at, listing, rows, decided: decided < 0 ? null : decided };
}

const lastNarrowed = new WeakMap<readonly Row[], { filter: string; rows: readonly Row[] }>();

function narrowed(rows: readonly Row[], filter: string): readonly Row[] {
  if (filter === '') return rows;
  const before = lastNarrowed.get(rows);
  if (before?.filter === filter) return before.rows;
  const wanted = filter.toLowerCase();
  const kept = rows.filter(({ text }) => text.toLowerCase().includes(wanted));
  lastNarrowed.set(rows, { filter, rows: kept });
  return kept;
}

/** The table that the last pane shows; null where it shows none. */
export function currentTable(context: Context): Table | null {
  switch (context.state.view) {
    case 'table':
      return decidingTable(context);
    case 'conntrack':
      return connections(context);
    case 'tables':
      return browsedTable(context);
    default:
      return null;
  }
}

function connections(context: Context): Table | null {
  const moved = currentStep(context);
  if (moved === null) return null;
  const { state, twin } = context;
  const { at } = moved.hop;
  const listing = twin.listings(at, state.request, state.edits.done).find(({ key }) => key === 'conntrack');
  if (listing === undefined) return null;
  const rows = listing.rows();
  const ref = rowsOfStep(moved.step, at, twin.at(state.edits.done).world).find((one) => one.listing === 'conntrack');
  const decided = rows.findIndex(({ id }) => id !== null && id === ref?.row);
  return { at, listing, rows, decided: decided < 0 ? null : decided };
}

/** The row under the cursor: where it was moved to, else the one that decided. */
export function tableCursor(context: Context): number {
  const { state } = context;
  const table = currentTable(context);
  if (table === null) return 0;
  const cursor = state.view === 'tables' ? state.tables.cursor : (state.table.cursor ?? table.decided ?? 0);
  return clampTo(cursor, table.rows.length);
}

/** Looks into another place. */
export function atPlace(state: State, at: string): State {
  return { ...state, tables: { at, table: 0, cursor: 0 }, filters: { ...state.filters, tables: '' }, view: 'tables', focus: 'view' };
}

function moveBy(by: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: (context) => {
      const table = currentTable(context);
      if (table === null) return 'no entry of a table decided here';
      return table.rows.length === 0 ? 'the table is empty' : null;
    },
    run: (context) => {
      const { state } = context;
      const cursor = clampTo(tableCursor(context) + by, currentTable(context)?.rows.length ?? 0);
      return state.view === 'tables' ? { ...state, tables: { ...state.tables, cursor } } : { ...state, table: { cursor } };
    },
  };
}

function tableBy(by: number): Command['run'] {
  return (context) => {
    const { length } = listingsInSight(context);
    const { tables } = context.state;
    return { ...context.state, tables: { ...tables, table: length === 0 ? 0 : (tables.table + by + length) % length, cursor: 0 } };
  };
}

export const TABLES: Readonly<
  Record<'up' | 'down' | 'first' | 'last' | 'pageDown' | 'pageUp' | 'nextTable' | 'previousTable' | 'openHere', Command>
> = {
  up: { help: 'previous row', ...moveBy(-1) },
  down: { help: 'next row', ...moveBy(1) },
  first: { help: 'first row', ...moveBy(-Infinity) },
  last: { help: 'last row', ...moveBy(Infinity) },
  pageDown: { help: 'a page down', ...moveBy(20) },
  pageUp: { help: 'a page up', ...moveBy(-20) },
  nextTable: { help: 'next table of this place', short: 'table', run: tableBy(1) },
  previousTable: { help: 'previous table of this place', run: tableBy(-1) },
  openHere: {
    help: 'look into this table with a filter and all its neighbours',
    short: 'open',
    blocked: (context) => (currentTable(context) === null ? 'no entry of a table decided here' : null),
    run: (context) => {
      const table = currentTable(context);
      if (table === null) return context.state;
      const index = context.twin
        .listings(table.at, context.state.request, context.state.edits.done)
        .findIndex(({ key }) => key === table.listing.key);
      return { ...atPlace(context.state, table.at), tables: { at: table.at, table: Math.max(0, index), cursor: tableCursor(context) } };
    },
  },
};
