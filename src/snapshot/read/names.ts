import type { Field } from '../../kube/objects/field.ts';
import type { Source } from './source.ts';
import { numberOf } from './scalar.ts';

/** Numbers and their names, both ways, as the name files of iproute2 give them. */
export class NameTable {
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(known: readonly (readonly [number, string])[]) {
    for (const [number, name] of known) this.add(number, name);
  }

  add(number: number, name: string): void {
    this.#numbers.set(name, number);
    this.#names.set(number, name);
  }

  number(name: string): number | null {
    return this.#numbers.get(name) ?? null;
  }

  name(number: number): string | null {
    return this.#names.get(number) ?? null;
  }
}

/** What the name files of one machine say. */
export interface IprouteNames {
  readonly tables: NameTable;
  readonly protocols: NameTable;
  readonly scopes: NameTable;
  readonly dsfield: NameTable;
  readonly groups: NameTable;
}

type NameFile = keyof IprouteNames;

const FILES: Readonly<Record<NameFile, string>> = {
  tables: 'rt_tables',
  protocols: 'rt_protos',
  scopes: 'rt_scopes',
  dsfield: 'rt_dsfield',
  groups: 'group',
};

/** The names that iproute2 has without any file. @source iproute2 lib/rt_names.c */
function builtinNames(): IprouteNames {
  return {
    tables: new NameTable([
      [253, 'default'],
      [254, 'main'],
      [255, 'local'],
    ]),
    protocols: new NameTable([
      [0, 'unspec'],
      [1, 'redirect'],
      [2, 'kernel'],
      [3, 'boot'],
      [4, 'static'],
      [8, 'gated'],
      [9, 'ra'],
      [10, 'mrt'],
      [11, 'zebra'],
      [12, 'bird'],
      [13, 'dnrouted'],
      [14, 'xorp'],
      [15, 'ntk'],
      [16, 'dhcp'],
      [17, 'mrouted'],
      [18, 'keepalived'],
      [42, 'babel'],
      [84, 'ovn'],
      [99, 'openr'],
      [186, 'bgp'],
      [187, 'isis'],
      [188, 'ospf'],
      [189, 'rip'],
      [192, 'eigrp'],
    ]),
    scopes: new NameTable([
      [0, 'global'],
      [200, 'site'],
      [253, 'link'],
      [254, 'host'],
      [255, 'nowhere'],
    ]),
    dsfield: new NameTable([]),
    groups: new NameTable([[0, 'default']]),
  };
}

/** Reads `MACHINE/iproute2/rt_tables` and its likes, and the `*.conf` files of the folders beside them. */
export function readNames(source: Source, machine: string): IprouteNames {
  const names = builtinNames();
  const folder = `${machine}/iproute2`;
  for (const kind of Object.keys(FILES).filter(isNameFile)) {
    const base = FILES[kind];
    readFile(source, `${folder}/${base}`, names[kind]);
    for (const file of source.directory.list(`${folder}/${base}.d`)) {
      if (/^[\w-]{1,64}\.conf$/.test(file)) readFile(source, `${folder}/${base}.d/${file}`, names[kind]);
    }
  }
  return names;
}

function isNameFile(key: string): key is NameFile {
  return Object.hasOwn(FILES, key);
}

function readFile(source: Source, path: string, table: NameTable): void {
  for (const line of source.lines(path) ?? []) {
    const hash = line.text.indexOf('#');
    const text = (hash < 0 ? line.text : line.text.slice(0, hash)).trim();
    if (text === '') continue;
    const match = /^(0x[0-9a-fA-F]{1,8}|\d{1,10})[ \t]+([^\s]{1,64})$/.exec(text);
    if (match?.[1] === undefined || match[2] === undefined) line.fail('this line gives no name to a number', 'a number and a name');
    else table.add(Number(match[1]), match[2]);
  }
}

/** The number behind a name or a number; null when absent or (a problem) not known. */
export function namedNumber(field: Field, table: NameTable, max: number, what: string): number | null {
  const { value } = field;
  if (typeof value !== 'string') return numberOf(field, 0, max);
  const named = table.number(value);
  if (named !== null) return named;
  if (/^(?:\d|0x)/.test(value)) return numberOf(field, 0, max);
  return field.parsed(() => null, `${what}: a number or a name that the name files in iproute2/ hold`);
}

/** The name of a name or a number, where there is one; the number as text otherwise. */
export function nameOf(field: Field, table: NameTable, fallback: string): string {
  const { value } = field;
  if (!field.present) return fallback;
  if (typeof value === 'string' && !/^\d+$/.test(value)) return field.text(64) ?? fallback;
  const number = numberOf(field, 0, 0xff);
  return number === null ? fallback : (table.name(number) ?? String(number));
}
