import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import type { Link } from '../link.ts';
import type { FdbEntry, Neighbour } from '../neighbour.ts';
import type { Netns } from '../netns.ts';
import { linkOf } from './edit.ts';
import { type OpResult, FILE_EXISTS, INVALID_ARGUMENT, NOT_SUPPORTED, NO_SUCH_FILE, noDevice } from './result.ts';

/** `ip neigh add` (or `replace`). @source net/core/neighbour.c neigh_add */
export function addNeighbour(netns: Netns, neighbour: Neighbour, how: 'add' | 'replace' = 'add'): OpResult {
  if (linkOf(netns, neighbour.dev) === null) return noDevice(neighbour.dev);
  const at = netns.neighbours.findIndex(({ ip, dev }) => ip === neighbour.ip && dev === neighbour.dev);
  if (at >= 0 && how === 'add') return FILE_EXISTS;
  netns.neighbours = at < 0 ? netns.neighbours.concat(neighbour) : netns.neighbours.with(at, neighbour);
  return 'ok';
}

/** `ip neigh del`. */
export function deleteNeighbour(netns: Netns, { ip, dev }: { readonly ip: Ipv4; readonly dev: string }): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  const kept = netns.neighbours.filter((neighbour) => neighbour.ip !== ip || neighbour.dev !== dev);
  if (kept.length === netns.neighbours.length) return NO_SUCH_FILE;
  netns.neighbours = kept;
  return 'ok';
}

/** `ip neigh add proxy IP dev DEV`: the device answers ARP for the address. */
export function addProxyNeighbour(netns: Netns, ip: Ipv4, dev: string): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  if (!netns.proxyNeighbours.some((proxy) => proxy.ip === ip && proxy.dev === dev)) {
    netns.proxyNeighbours = [...netns.proxyNeighbours, { ip, dev }];
  }
  return 'ok';
}

/** `ip neigh del proxy IP dev DEV`. */
export function deleteProxyNeighbour(netns: Netns, ip: Ipv4, dev: string): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  const kept = netns.proxyNeighbours.filter((proxy) => proxy.ip !== ip || proxy.dev !== dev);
  if (kept.length === netns.proxyNeighbours.length) return NO_SUCH_FILE;
  netns.proxyNeighbours = kept;
  return 'ok';
}

/**
 * `bridge fdb add MAC dev DEV master|self …`. A bridge knows an address once; a vxlan device may have it behind several far ends
 * (`append`).
 * @source net/bridge/br_fdb.c br_fdb_add, drivers/net/vxlan/vxlan_core.c vxlan_fdb_add
 */
export function addFdb(netns: Netns, entry: FdbEntry, how: 'add' | 'append' | 'replace' = 'add'): OpResult {
  const link = linkOf(netns, entry.dev);
  if (link === null) return noDevice(entry.dev);
  if (entry.master !== null && entry.dev !== entry.master && link.master !== entry.master) return NOT_SUPPORTED;
  if (entry.master === null && link.kind.type === 'vxlan' && entry.dst === null) return INVALID_ARGUMENT;
  // An address of the bridge's own does not move; one without a port is its own.
  const isOwn = entry.state === 'permanent';
  if (entry.master !== null && (isOwn ? entry.sticky === true : entry.dev === entry.master)) return INVALID_ARGUMENT;
  const same = (other: FdbEntry): boolean =>
    other.mac === entry.mac && other.master === entry.master && (entry.master !== null || other.dev === entry.dev);
  const own = ownFarEnd(link);
  // The row for the far end that the link names is there though no table says so.
  if (own !== null && same(own) && !netns.fdb.some(same)) netns.fdb = netns.fdb.concat(own);
  const present = netns.fdb.filter(same);
  if (how === 'replace') netns.fdb = [...netns.fdb.filter((other) => !same(other)), entry];
  else if (how === 'append') {
    if (present.some((other) => other.dst === entry.dst && other.vni === entry.vni && other.port === entry.port)) return FILE_EXISTS;
    netns.fdb = netns.fdb.concat(entry);
  } else if (present.length > 0) return FILE_EXISTS;
  else netns.fdb = netns.fdb.concat(entry);
  return 'ok';
}

/** Where a vxlan device sends what it has no row for. @source drivers/net/vxlan/vxlan_core.c vxlan_fdb_create_default */
function ownFarEnd({ name, kind }: Link): FdbEntry | null {
  if (kind.type !== 'vxlan' || kind.remote === null || kind.remote === ANY) return null;
  const { remote: dst } = kind;
  return { mac: ZERO_MAC, dev: name, master: null, state: 'permanent', dst, vni: null, port: null, externLearn: false };
}

/** `bridge fdb del`: with `dst` null, every entry of that address on the device. */
export function deleteFdb(netns: Netns, { mac, dev, master, dst }: Pick<FdbEntry, 'mac' | 'dev' | 'master' | 'dst'>): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  const kept = netns.fdb.filter(
    (entry) => entry.mac !== mac || entry.dev !== dev || entry.master !== master || (dst !== null && entry.dst !== dst),
  );
  if (kept.length === netns.fdb.length) return NO_SUCH_FILE;
  netns.fdb = kept;
  return 'ok';
}
