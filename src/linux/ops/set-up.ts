import { LOOPBACK } from '../../wire/ipv4.ts';
import type { Link } from '../link.ts';
import type { Host, Netns } from '../netns.ts';
import { TABLE_LOCAL } from '../route.ts';
import { addressRoutes, afterPrimaries } from './address-routes.ts';
import { refreshBridge } from './bridge.ts';
import { refreshVeth } from './carrier.ts';
import { changeLink, linkOf, netnsOf } from './edit.ts';
import { appendRoute, dropDeviceRoutes, reviveDeviceRoutes, routesOf } from './fib-edit.ts';
import { FIB_UP, LINKS_UP, LOOPBACK_ADDRESS, LOOPBACK_TABLE, LOOPBACK_UP, isPristineLoopback } from './loopback.ts';
import { type OpResult, noDevice } from './result.ts';

/**
 * `ip link set DEV up`: the routes of its addresses come, dead ways over it revive; a veth pair whose both ends are up gets its carrier;
 * a loopback gets 127.0.0.1.
 * @source net/ipv4/fib_frontend.c fib_netdev_event, net/ipv4/devinet.c inetdev_event
 */
export function setUp(host: Host, at: string, dev: string): OpResult {
  const netns = netnsOf(host, at);
  const link = netns === null ? null : linkOf(netns, dev);
  if (netns === null || link === null) return noDevice(dev);
  if (link.up) return 'ok';
  if (link.kind.type === 'loopback' && bringUpPristineLoopback(netns, link)) return 'ok';
  const given = link.kind.type === 'loopback' && !link.addresses.some((address) => address.local === LOOPBACK);
  const up = { ...link, up: true, addresses: given ? afterPrimaries(link.addresses, LOOPBACK_ADDRESS) : link.addresses };
  changeLink(netns, dev, up);
  for (const address of up.addresses) {
    for (const { table, route } of addressRoutes(up, address)) appendRoute(netns, table, route);
  }
  reviveDeviceRoutes(netns, dev);
  carriersChanged(host, netns, dev);
  return 'ok';
}

/** The usual case shares its result with all other namespaces. */
function bringUpPristineLoopback(netns: Netns, link: Link): boolean {
  if (!isPristineLoopback(link) || routesOf(netns, TABLE_LOCAL).length > 0) return false;
  netns.links = netns.links.length === 1 ? LINKS_UP : netns.links.map((other) => (other === link ? LOOPBACK_UP : other));
  netns.fib = netns.fib.length === 0 ? FIB_UP : [...netns.fib, LOOPBACK_TABLE];
  return true;
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
  dropDeviceRoutes(netns, dev, 'down');
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
