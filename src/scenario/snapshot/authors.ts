import * as z from 'zod';
import type { Ebtables } from '../../linux/netfilter/ebtables.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';
import type { Netns } from '../../linux/netns.ts';
import { section } from '../schema/section.ts';
import { type Codec, line } from './text.ts';

/** Who wrote the rows of a list: `"3"` or `"3-17"`, counted from 1, to the author; null where the dump would be taken to name one and nobody did. */
export type RowAuthors = Readonly<Record<string, string | null>>;

/** Who wrote what in a namespace, where the dumps do not tell. */
export interface Authors {
  /** By `TABLE:CHAIN`. */
  readonly iptables?: Readonly<Record<string, RowAuthors>>;
  readonly iptablesLegacy?: Readonly<Record<string, RowAuthors>>;
  readonly ebtables?: Readonly<Record<string, RowAuthors>>;
  /** By the number of the routing table. */
  readonly routes?: Readonly<Record<string, RowAuthors>>;
  readonly neighbours?: RowAuthors;
}

const rowAuthors = z.record(z.string().regex(/^[1-9]\d{0,6}(?:-[1-9]\d{0,6})?$/), line.nullable());
const byChain = z.record(z.string().max(80), rowAuthors);

export const authorsSchema: Codec<Authors> = section({
  iptables: byChain.exactOptional(),
  iptablesLegacy: byChain.exactOptional(),
  ebtables: byChain.exactOptional(),
  routes: z.record(z.string().regex(/^\d{1,10}$/), rowAuthors).exactOptional(),
  neighbours: rowAuthors.exactOptional(),
});

interface Row {
  readonly origin: string | null;
}

/** The rows with their authors; the same list where nothing is said of it. */
function withAuthors<T extends Row>(rows: readonly T[], authors: RowAuthors | undefined): readonly T[] {
  if (authors === undefined) return rows;
  const next = [...rows];
  for (const [range, origin] of Object.entries(authors)) {
    const [first = 1, last = first] = range.split('-').map(Number);
    for (let i = first - 1; i < Math.min(last, rows.length); i++) {
      const row = next[i];
      if (row !== undefined) next[i] = { ...row, origin };
    }
  }
  return next;
}

/** Who wrote rows that another reading names differently; undefined where none differs. */
function authorsOf(rows: readonly Row[], read: readonly Row[] | undefined): RowAuthors | undefined {
  const authors: Record<string, string | null> = {};
  for (let i = 0; i < rows.length; i++) {
    const origin = rows[i]?.origin ?? null;
    if (origin === (read?.[i]?.origin ?? null)) continue;
    const first = i;
    while (i + 1 < rows.length && rows[i + 1]?.origin === origin && (read?.[i + 1]?.origin ?? null) !== origin) i++;
    authors[first === i ? String(first + 1) : `${first + 1}-${i + 1}`] = origin;
  }
  return Object.keys(authors).length === 0 ? undefined : authors;
}

type AnyTables = Partial<
  Record<string, { readonly name: string; readonly chains: readonly { readonly name: string; readonly rules: readonly Row[] }[] }>
>;

function chainAuthors(tables: AnyTables, read: AnyTables): Readonly<Record<string, RowAuthors>> | undefined {
  const found: [string, RowAuthors][] = [];
  for (const table of Object.values(tables)) {
    const same = new Map(read[table?.name ?? '']?.chains.map((chain) => [chain.name, chain.rules]));
    for (const { name, rules } of table?.chains ?? []) {
      const authors = authorsOf(rules, same.get(name));
      if (authors !== undefined) found.push([`${table?.name}:${name}`, authors]);
    }
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** What dumps do not tell of authors. @param read the namespace as its dumps are read */
export function authorsIn(netns: Netns, read: Netns): Authors {
  const routes = netns.fib.flatMap(({ id, routes: rows }): [string, RowAuthors][] => {
    const authors = authorsOf(rows, read.fib.find((table) => table.id === id)?.routes);
    return authors === undefined ? [] : [[String(id), authors]];
  });
  return {
    ...given('iptables', chainAuthors(netns.iptables, read.iptables)),
    ...given('iptablesLegacy', chainAuthors(netns.iptablesLegacy ?? {}, read.iptablesLegacy ?? {})),
    ...given('ebtables', chainAuthors(netns.ebtables ?? {}, read.ebtables ?? {})),
    ...given('routes', routes.length === 0 ? undefined : Object.fromEntries(routes)),
    ...given('neighbours', authorsOf(netns.neighbours, read.neighbours)),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const field: { [P in K]?: V } = {};
  if (value !== undefined) field[key] = value;
  return field;
}

/** Writes authors into the tables of a namespace that is still being built. */
export function putAuthors(netns: Netns, authors: Authors): void {
  if (authors.iptables !== undefined) netns.iptables = iptablesWith(netns.iptables, authors.iptables);
  if (authors.iptablesLegacy !== undefined && netns.iptablesLegacy !== null)
    netns.iptablesLegacy = iptablesWith(netns.iptablesLegacy, authors.iptablesLegacy);
  if (authors.ebtables !== undefined && netns.ebtables !== null) netns.ebtables = ebtablesWith(netns.ebtables, authors.ebtables);
  for (const table of netns.fib) {
    const rows = own(authors.routes, String(table.id));
    if (rows !== undefined) table.routes = withAuthors(table.routes, rows);
  }
  netns.neighbours = withAuthors(netns.neighbours, authors.neighbours);
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function iptablesWith(tables: Iptables, authors: NonNullable<Authors['iptables']>): Iptables {
  const next: Iptables = {};
  for (const { name, chains } of Object.values(tables)) {
    next[name] = {
      name,
      chains: chains.map((chain) => ({ ...chain, rules: withAuthors(chain.rules, own(authors, `${name}:${chain.name}`)) })),
    };
  }
  return next;
}

function ebtablesWith(tables: Ebtables, authors: NonNullable<Authors['ebtables']>): Ebtables {
  const next: Ebtables = {};
  for (const { name, chains } of Object.values(tables)) {
    next[name] = {
      name,
      chains: chains.map((chain) => ({ ...chain, rules: withAuthors(chain.rules, own(authors, `${name}:${chain.name}`)) })),
    };
  }
  return next;
}
