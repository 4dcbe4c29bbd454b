import { type Row, row } from './listing.ts';

/** One row of `az … -o table` with the name by which a trace knows it. */
export interface AzRow {
  readonly cells: readonly string[];
  readonly id: string;
}

/** A table as `az … -o table` prints it: a heading, a rule under it, columns two blanks apart. @source knack TableOutput, tabulate "simple" */
export function azTable(heading: readonly string[], rows: readonly AzRow[]): readonly Row[] {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join('  ');
  return [
    row(line(heading), null),
    row(widths.map((width) => '-'.repeat(width)).join('  '), null),
    ...rows.map(({ cells, id }) => row(line(cells), id)),
  ];
}
