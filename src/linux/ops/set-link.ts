import type { Mac } from '../../wire/mac.ts';
import type { Netns } from '../netns.ts';
import { withRenamedDevice } from '../sysctl.ts';
import { nameRefused } from './add-link.ts';
import { addOwnEntry, refreshBridge } from './bridge.ts';
import { changeLink, linkOf } from './edit.ts';
import { type OpResult, noDevice } from './result.ts';

const MAX_MTU_BYTES = 65535;
const MIN_MTU_BYTES = 68;

/** `ip link set DEV name NAME`: whatever names the device follows it, policy rules excepted. */
export function renameLink(netns: Netns, dev: string, name: string): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  if (dev === name) return 'ok';
  const refused = nameRefused(netns, name);
  if (refused !== null) return refused;
  netns.links = netns.links.map((link) => {
    const master = link.master === dev ? name : link.master;
    const { kind } = link;
    if (kind.type === 'vlan' && kind.lower === dev) return { ...link, master, kind: { ...kind, lower: name } };
    if (kind.type === 'vxlan' && kind.dev === dev) return { ...link, master, kind: { ...kind, dev: name } };
    if (link.name === dev) return { ...link, master, name };
    return master === link.master ? link : { ...link, master };
  });
  netns.fib = netns.fib.map((table) => {
    if (!table.routes.some((route) => route.nexthops.some((nexthop) => nexthop.dev === dev))) return table;
    const routes = table.routes.map((route) => {
      if (!route.nexthops.some((nexthop) => nexthop.dev === dev)) return route;
      return { ...route, nexthops: route.nexthops.map((nexthop) => (nexthop.dev === dev ? { ...nexthop, dev: name } : nexthop)) };
    });
    return { ...table, routes };
  });
  netns.neighbours = netns.neighbours.map((neighbour) => (neighbour.dev === dev ? { ...neighbour, dev: name } : neighbour));
  netns.proxyNeighbours = netns.proxyNeighbours.map((neighbour) => (neighbour.dev === dev ? { ...neighbour, dev: name } : neighbour));
  netns.fdb = netns.fdb.map((entry) =>
    entry.dev === dev || entry.master === dev
      ? { ...entry, dev: entry.dev === dev ? name : entry.dev, master: entry.master === dev ? name : entry.master }
      : entry,
  );
  netns.sockets = netns.sockets.map((socket) => (socket.dev === dev ? { ...socket, dev: name } : socket));
  netns.sysctls = withRenamedDevice(netns.sysctls, dev, name);
  return 'ok';
}

/** `ip link set DEV mtu BYTES`. A bridge whose MTU was not chosen follows its ports. */
export function setMtu(netns: Netns, dev: string, mtuBytes: number): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  if (mtuBytes === link.mtuBytes) return 'ok';
  if (mtuBytes < MIN_MTU_BYTES) return 'Error: mtu less than device minimum.';
  if (mtuBytes > MAX_MTU_BYTES && link.kind.type !== 'loopback') return 'Error: mtu greater than device maximum.';
  changeLink(netns, dev, link.kind.type === 'bridge' ? { mtuBytes, kind: { ...link.kind, mtuSet: true } } : { mtuBytes });
  if (link.master !== null) refreshBridge(netns, link.master);
  return 'ok';
}

/** `ip link set DEV address MAC`: a bridge then keeps it; a port's entry in its bridge follows. */
export function setMac(netns: Netns, dev: string, mac: Mac): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  changeLink(netns, dev, link.kind.type === 'bridge' ? { mac, kind: { ...link.kind, macSet: true } } : { mac });
  const bridge = link.kind.type === 'bridge' ? dev : link.master;
  if (bridge === null) return 'ok';
  netns.fdb = netns.fdb.filter((entry) => !(entry.dev === dev && entry.master === bridge && entry.mac === link.mac));
  addOwnEntry(netns, bridge, dev, mac);
  refreshBridge(netns, bridge);
  return 'ok';
}

/** `ip link set DEV promisc on`, `multicast off`, `arp off`. */
export function setFlags(
  netns: Netns,
  dev: string,
  flags: { readonly promisc?: boolean; readonly multicast?: boolean; readonly noarp?: boolean },
): OpResult {
  if (linkOf(netns, dev) === null) return noDevice(dev);
  changeLink(netns, dev, flags);
  return 'ok';
}
