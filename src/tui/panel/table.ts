import { type Context, currentStep } from '../state/context.ts';
import { type Table, currentTable, listingsInSight, placeInSight, tableCursor } from '../state/tables.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { type Line, line, selected, span } from '../text/span.ts';
import { tabTitle } from './tabs.ts';

/** A table in its tool's notation, with the entry that decided pointed out among its neighbours. */
export function tablePane(context: Context, width: number, height: number): Content {
  const table = currentTable(context);
  const title = tabTitle(context, width);
  if (table === null) return { title, lines: emptyLines(context) };
  const names = context.twin.placeNames(context.state.edits.done);
  const head = line(span(names.get(table.at) ?? table.at, 'strong'), span('  $ ', 'dim'), table.listing.command);
  const cursor = tableCursor(context);
  return { title, lines: [head, ...rowLines(table, cursor, height - 1, context)], foot: footOf(table, cursor) };
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
  return { title, lines: [...head, ...rowLines(table, cursor, height - head.length, context)], foot: footOf(table, cursor) };
}

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

function emptyLines(context: Context): Line[] {
  const moved = currentStep(context);
  if (moved === null) return [line(span('no step', 'dim'))];
  if (context.state.view === 'conntrack')
    return [line(span('the fabric keeps its flows to itself; on a host there would be conntrack -L', 'dim'))];
  return [
    line(span('No entry of a table decided in this step:', 'dim')),
    line(span(moved.step.text, 'dim')),
    line(span('T looks into any table of any place.', 'dim')),
  ];
}
