import type { Host, Netns } from '../netns.ts';
import { addressRoutes } from './address-routes.ts';
import { refreshBridge } from './bridge.ts';
import { refreshVeth } from './carrier.ts';
import { changeLink, linkOf, netnsOf } from './edit.ts';
import { appendRoute, dropDeviceRoutes, reviveDeviceRoutes, routesOf } from './fib-edit.ts';
import { LOOPBACK_ADDRESS, LOOPBACK_TABLE, LOOPBACK_UP } from './loopback.ts';
import { type OpResult, noDevice } from './result.ts';
import { TABLE_LOCAL } from '../route.ts';

/**
 * `ip link set DEV up`: the routes of its addresses come, dead ways over it revive; a veth pair whose both ends are up gets its carrier;
 * a loopback without an address gets 127.0.0.1.
 * @source net/ipv4/fib_frontend.c fib_netdev_event, net/ipv4/devinet.c inetdev_event
 */
export function setUp(host: Host, at: string, dev: string): OpResult {
  const netns = netnsOf(host, at);
  const link = netns === null ? null : linkOf(netns, dev);
  if (netns === null || link === null) return noDevice(dev);
  if (link.up) return 'ok';
  if (link.kind.type === 'loopback' && link.addresses.length === 0 && bringUpLoopback(netns, dev)) return 'ok';
  changeLink(netns, dev, { up: true });
  const up = linkOf(netns, dev);
  for (const address of up?.addresses ?? []) {
    for (const { table, route } of addressRoutes({ ...link, up: true }, address)) appendRoute(netns, table, route);
  }
  reviveDeviceRoutes(netns, dev);
  carriersChanged(host, netns, dev);
  return 'ok';
}

/** The usual case shares its result with all other namespaces. */
function bringUpLoopback(netns: Netns, dev: string): boolean {
  const link = linkOf(netns, dev);
  if (link === null) return false;
  const pristine = link.name === LOOPBACK_UP.name && link.ifindex === LOOPBACK_UP.ifindex && link.mtuBytes === LOOPBACK_UP.mtuBytes;
  if (pristine && routesOf(netns, TABLE_LOCAL).length === 0) {
    netns.links = netns.links.map((other) => (other.name === dev ? LOOPBACK_UP : other));
    netns.fib = [...netns.fib, LOOPBACK_TABLE].sort((a, b) => a.id - b.id);
    return true;
  }
  changeLink(netns, dev, { addresses: [LOOPBACK_ADDRESS] });
  return false;
}

/**
 * `ip link set DEV down`: its routes go, except those of its own addresses, and so do its neighbours.
 * @source net/ipv4/fib_frontend.c fib_disable_ip, net/core/neighbour.c neigh_ifdown
 */
export function setDown(host: Host, at: string, dev: string): OpResult {
  const netns = netnsOf(host, at);
  const link = netns === null ? null : linkOf(netns, dev);
  if (netns === null || link === null) return noDevice(dev);
  if (!link.up) return 'ok';
  changeLink(netns, dev, { up: false });
  dropDeviceRoutes(netns, dev, false);
  if (netns.neighbours.some((neighbour) => neighbour.dev === dev)) {
    netns.neighbours = netns.neighbours.filter((neighbour) => neighbour.dev !== dev);
  }
  carriersChanged(host, netns, dev);
  return 'ok';
}

function carriersChanged(host: Host, netns: Netns, dev: string): void {
  refreshVeth(host, netns, dev);
  const link = linkOf(netns, dev);
  if (link === null) return;
  if (link.master !== null) refreshBridge(netns, link.master);
  if (link.kind.type === 'bridge') refreshBridge(netns, dev);
}
