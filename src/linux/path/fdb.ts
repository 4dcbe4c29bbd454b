import type { Mac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import type { FdbEntry } from '../neighbour.ts';
import type { LearnedFdb } from '../netns-session.ts';
import type { Stack } from '../stack.ts';

/** What a bridge or a tunnel device has learned, to add to. */
export function fdbOf(stack: Stack, device: Device): Map<Mac, LearnedFdb> {
  const { fdb } = stack.session;
  let learned = fdb.get(device.name);
  if (learned === undefined) fdb.set(device.name, (learned = new Map<Mac, LearnedFdb>()));
  return learned;
}

const cache = new WeakMap<readonly FdbEntry[], ReadonlyMap<string, readonly FdbEntry[]>>();
const NONE: readonly FdbEntry[] = [];

/** The rows of the tables for an address: of a bridge those that it is the master of, of a tunnel its own. */
export function fdbRows({ netns }: Stack, { name, type }: Device, address: Mac): readonly FdbEntry[] {
  const { fdb } = netns.tables;
  if (fdb.length === 0) return NONE;
  let rows = cache.get(fdb);
  if (rows === undefined) cache.set(fdb, (rows = indexed(fdb)));
  return rows.get(rowKey(type === 'bridge' ? 'master' : 'dev', name, address)) ?? NONE;
}

function indexed(fdb: readonly FdbEntry[]): ReadonlyMap<string, readonly FdbEntry[]> {
  const rows = new Map<string, FdbEntry[]>();
  const add = (key: string, entry: FdbEntry): void => {
    const list = rows.get(key);
    if (list === undefined) rows.set(key, [entry]);
    else list.push(entry);
  };
  for (const entry of fdb) {
    add(rowKey('dev', entry.dev, entry.mac), entry);
    if (entry.master !== null) add(rowKey('master', entry.master, entry.mac), entry);
  }
  return rows;
}

function rowKey(by: 'dev' | 'master', name: string, address: Mac): string {
  return `${by} ${name} ${address}`;
}
