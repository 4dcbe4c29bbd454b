import { type Context, currentStep } from '../state/context.ts';
import { type Table, currentTable, listingsInSight, placeInSight, tableCursor } from '../state/tables.ts';
import { cellsOf } from '../text/cells.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { type Line, line, selected, span, wrap } from '../text/span.ts';
import { tabTitle } from './tabs.ts';

/** A table in its tool's notation, with the entry that decided pointed out among its neighbours. */
export function tablePane(context: Context, width: number, height: number): Content {
  const table = currentTable(context);
  const title = tabTitle(context, width);
  if (table === null) return { title, lines: emptyLines(context, width) };
  const names = context.twin.placeNames(context.state.edits.done);
  const head = line(span(names.get(table.at) ?? table.at, 'strong'), span('  $ ', 'dim'), table.listing.command);
  const cursor = tableCursor(context);
  return { title, lines: [head, ...rowsWithWhole(table, cursor, width, height - 1, context)], foot: footOf(table, cursor) };
}

/** Any table of any place: which, is chosen with ← → and enter. */
export function tablesPane(context: Context, width: number, height: number): Content {
  const { state, twin } = context;
  const table = currentTable(context);
  const title = tabTitle(context, width);
  const listings = listingsInSight(context);
  const at = placeInSight(context);
  const called = twin.placeNames(state.edits.done).get(at);
  const place = line(
    span('place  ', 'dim'),
    span(called === undefined ? at : `${called} (${at})`, 'strong'),
    span('  enter: another', 'dim'),
  );
  if (table === null) return { title, lines: [place, line(span('this place has no tables', 'dim'))] };
  const index = listings.findIndex(({ key }) => key === table.listing.key);
  const which = line(
    span('table  ', 'dim'),
    span(`← ${table.listing.command} →`, 'strong'),
    span(`  ${index + 1}/${listings.length}`, 'dim'),
  );
  const filter =
    state.filters.tables === ''
      ? []
      : [
          line(
            span('filter ', 'dim'),
            span(state.filters.tables, 'changed'),
            span(`  ${table.rows.length} rows`, table.rows.length === 0 ? 'bad' : 'good'),
          ),
        ];
  const head = [place, which, ...filter];
  const cursor = tableCursor(context);
  if (table.rows.length === 0)
    return { title, lines: [...head, line(span(filter.length > 0 ? 'no row holds the text; esc clears the filter' : 'empty', 'dim'))] };
  return { title, lines: [...head, ...rowsWithWhole(table, cursor, width, height - head.length, context)], foot: footOf(table, cursor) };
}

const MAX_WHOLE_LINES = 4;

/** The rows; below them the one under the cursor in full, where it is longer than a line. */
function rowsWithWhole(table: Table, cursor: number, width: number, height: number, context: Context): Line[] {
  const text = table.rows[cursor]?.text ?? '';
  if (context.state.focus !== 'view' || cellsOf(text) <= width - 2 || height < MIN_ROWS_WITH_WHOLE)
    return rowLines(table, cursor, height, context);
  const whole = wrap(text, width, 'strong').slice(0, MAX_WHOLE_LINES);
  const rows = rowLines(table, cursor, height - whole.length - 1, context);
  const gap = Array.from({ length: height - whole.length - 1 - rows.length }, () => line(''));
  return [...rows, ...gap, line(span('─'.repeat(width), 'dim')), ...whole];
}

const MIN_ROWS_WITH_WHOLE = 7;

function rowLines({ rows, decided }: Table, cursor: number, height: number, { state }: Context): Line[] {
  const isFocused = state.focus === 'view';
  const start = windowStart(rows.length, cursor, height);
  return rows.slice(start, start + height).map(({ text, id }, offset) => {
    const index = start + offset;
    const isDecided = index === decided;
    const mark = isDecided ? '▶' : isFocused && index === cursor ? '▸' : ' ';
    const content = span(text, isDecided ? 'strong' : id === null ? 'dim' : 'plain');
    return selected(line(span(mark, isDecided ? 'accent' : 'plain'), ' ', content), isFocused && index === cursor);
  });
}

function footOf({ rows, decided }: Table, cursor: number): string {
  const where = rows.length === 0 ? '' : `${cursor + 1}/${rows.length}`;
  return decided === null || decided === cursor ? where : `${where}  ▶ ${decided + 1}`;
}

function emptyLines(context: Context, width: number): Line[] {
  const moved = currentStep(context);
  if (moved === null) return [line(span('no step', 'dim'))];
  if (context.state.view === 'conntrack')
    return wrap(
      "This step is in Azure's fabric, which has no conntrack: flows are tracked on the machines before and after it.",
      width,
      'dim',
    );
  return [
    line(span('No entry of a table decided in this step:', 'dim')),
    ...wrap(moved.step.text, width),
    ...wrap('T looks into any table of any place.', width, 'dim'),
  ];
}
