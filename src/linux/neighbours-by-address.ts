import type { Ipv4 } from '../wire/ipv4.ts';
import type { Neighbour, ProxyNeighbour } from './neighbour.ts';

type ByAddress = ReadonlyMap<string, ReadonlyMap<Ipv4, Neighbour>>;

const cache = new WeakMap<readonly Neighbour[], ByAddress>();
const proxied = new WeakMap<readonly ProxyNeighbour[], ReadonlySet<string>>();

/** The entry of a frozen table for an address on a device; null where there is none. */
export function neighbourAt(table: readonly Neighbour[], dev: string, ip: Ipv4): Neighbour | null {
  if (table.length === 0) return null;
  let index = cache.get(table);
  if (index === undefined) cache.set(table, (index = indexed(table)));
  return index.get(dev)?.get(ip) ?? null;
}

/** Whether a frozen table lists an address as one for which a device answers. */
export function isProxied(table: readonly ProxyNeighbour[], dev: string, ip: Ipv4): boolean {
  if (table.length === 0) return false;
  let names = proxied.get(table);
  if (names === undefined) proxied.set(table, (names = new Set(table.map((entry) => `${entry.dev} ${entry.ip}`))));
  return names.has(`${dev} ${ip}`);
}

function indexed(table: readonly Neighbour[]): ByAddress {
  const byDevice = new Map<string, Map<Ipv4, Neighbour>>();
  for (const entry of table) {
    let byAddress = byDevice.get(entry.dev);
    if (byAddress === undefined) byDevice.set(entry.dev, (byAddress = new Map<Ipv4, Neighbour>()));
    byAddress.set(entry.ip, entry);
  }
  return byDevice;
}
