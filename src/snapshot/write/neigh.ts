import type { FdbEntry, Neighbour, ProxyNeighbour } from '../../linux/neighbour.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { JsonRow } from './json-row.ts';

/** Neighbours as `ip -j neigh show` prints them. */
export function neighbourRows(neighbours: readonly Neighbour[]): JsonRow[] {
  return neighbours.map(({ ip, dev, mac, state }) => ({
    dst: formatIpv4(ip),
    dev,
    ...(mac === null ? {} : { lladdr: mac }),
    state: [state.toUpperCase()],
  }));
}

/** `ip -j neigh show proxy`. */
export function proxyNeighbourRows(entries: readonly ProxyNeighbour[]): JsonRow[] {
  return entries.map(({ ip, dev }) => ({ dst: formatIpv4(ip), dev, proxy: null }));
}

/** `bridge -j fdb show`. */
export function fdbRows(entries: readonly FdbEntry[]): JsonRow[] {
  return entries.map((entry) => ({
    mac: entry.mac,
    ifname: entry.dev,
    ...(entry.dst === null ? {} : { dst: formatIpv4(entry.dst) }),
    ...(entry.vni === null ? {} : { vni: entry.vni }),
    ...(entry.port === null ? {} : { port: entry.port }),
    flags: [
      ...(entry.master === null ? ['self'] : []),
      ...(entry.externLearn ? ['extern_learn'] : []),
      ...(entry.sticky === true ? ['sticky'] : []),
    ],
    ...(entry.master === null ? {} : { master: entry.master }),
    state: entry.state === 'learned' ? '' : entry.state,
  }));
}
