import type { IpsetChanges } from '../session.ts';
import { isAlive } from './alive.ts';
import type { Ipset, IpsetEntry } from './ipset.ts';
import { entryKey } from './print.ts';

/** An element of a `bitmap:ip,mac`. An address is there once, whichever station has it; without one it waits for the first that asks. */
export interface IpMac {
  /** As {@link entryKey} gives it. */
  readonly key: string;
  readonly hasMac: boolean;
}

/**
 * The element of the address in a packet's key, if it is there.
 * @source net/netfilter/ipset/ip_set_bitmap_ipmac.c bitmap_ipmac_do_test
 */
export function elementOf(ipset: Ipset, changes: IpsetChanges | undefined, packetKey: string, nowMs: number): IpMac | null {
  const address = addressOf(packetKey);
  const key = changes?.stations.get(address);
  if (key !== undefined && (changes?.added.get(key) ?? -1) > nowMs) return { key, hasMac: true };
  const entry = entriesByAddress(ipset).get(address);
  if (entry === undefined || !isAlive(entry, nowMs, changes, ipset.type)) return null;
  return { key: entryKey(entry, ipset.type), hasMac: entry.parts.length > 1 };
}

const indexes = new WeakMap<Ipset, ReadonlyMap<string, IpsetEntry>>();

function entriesByAddress(ipset: Ipset): ReadonlyMap<string, IpsetEntry> {
  const known = indexes.get(ipset);
  if (known !== undefined) return known;
  const index = new Map(ipset.entries.map((entry) => [addressOf(entryKey(entry, ipset.type)), entry]));
  indexes.set(ipset, index);
  return index;
}

/**
 * Puts an element in place of another of its address.
 * @param untilMs when it goes
 */
export function replaceElement(changes: IpsetChanges, old: IpMac | null, key: string, untilMs: number): void {
  if (old !== null) removeElement(changes, old);
  changes.added.set(key, untilMs);
  changes.stations.set(addressOf(key), key);
  changes.deleted.delete(key);
}

/** @source net/netfilter/ipset/ip_set_bitmap_ipmac.c bitmap_ipmac_do_del, which does not ask for the station */
export function removeElement({ added, deleted, stations }: IpsetChanges, { key }: IpMac): void {
  added.delete(key);
  stations.delete(addressOf(key));
  deleted.add(key);
}

function addressOf(key: string): string {
  return key.split(',', 1)[0] ?? key;
}
