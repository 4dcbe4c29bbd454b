/** What a tool prints for one object in its JSON. */
export type JsonRow = { readonly [key: string]: JsonCell };
type JsonCell = string | number | boolean | null | readonly JsonCell[] | JsonRow;

/** The text of a dump: a row a line. */
export function rowsText(rows: readonly JsonRow[]): string {
  return rows.length === 0 ? '[]\n' : `[${rows.map((row) => JSON.stringify(row)).join(',\n')}]\n`;
}

/** `0x10`, as iproute2 prints marks and types of service. */
export function hexText(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
