import { type Ipv4, isLoopback } from '../../wire/ipv4.ts';
import type { Address } from '../link.ts';
import type { Netns } from '../netns.ts';
import { type Route, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { confName, readSysctl } from '../sysctl.ts';
import { addressRoutes, afterPrimaries, sameSubnet } from './address-routes.ts';
import { changeLink, linkOf } from './edit.ts';
import { appendRoute, dropDeviceRoutes, isLocalAddress, keepRoutes, routesOf, sameRoute, setRoutes } from './fib-edit.ts';
import { type OpResult, noDevice } from './result.ts';

/** An address to give to a link; what is left out is as `ip addr add` would have it (no broadcast address). */
export interface AddressSpec {
  readonly local: Ipv4;
  readonly len: number;
  readonly broadcast?: Ipv4 | null;
  readonly scope?: Address['scope'];
  readonly peer?: Ipv4 | null;
  readonly noprefixroute?: boolean;
}

/**
 * `ip addr add LOCAL/LEN dev DEV`: a further address of a subnet becomes secondary; the kernel adds the routes of the address.
 * @source net/ipv4/devinet.c __inet_insert_ifa
 */
export function addAddress(netns: Netns, dev: string, spec: AddressSpec): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  const primary: Address = {
    local: spec.local,
    len: spec.len,
    broadcast: spec.broadcast ?? null,
    scope: spec.scope ?? (isLoopback(spec.local) ? 'host' : 'global'),
    peer: spec.peer === spec.local ? null : (spec.peer ?? null),
    secondary: false,
    noprefixroute: spec.noprefixroute ?? false,
  };
  const sameNet = link.addresses.filter((other) => sameSubnet(other, primary));
  if (sameNet.some((other) => other.local === primary.local)) return 'Error: ipv4: Address already assigned.';
  if (sameNet.some((other) => other.scope !== primary.scope)) return 'Error: ipv4: Invalid scope value.';
  // Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8).
  const { local, len, broadcast, scope, peer, noprefixroute } = primary;
  const address: Address = { local, len, broadcast, scope, peer, secondary: sameNet.length > 0, noprefixroute };
  const addresses = address.secondary ? [...link.addresses, address] : afterPrimaries(link.addresses, address);
  changeLink(netns, dev, { addresses });
  for (const { table, route } of addressRoutes({ ...link, addresses }, address)) appendRoute(netns, table, route);
  return 'ok';
}

/**
 * `ip addr del LOCAL/LEN dev DEV`: with a primary address go the secondary ones of its subnet (unless `promote_secondaries`), the routes
 * of what went, and main's routes that prefer a source that went. With a link's last address all its routes and neighbours go.
 * @source net/ipv4/devinet.c __inet_del_ifa, net/ipv4/fib_frontend.c fib_del_ifaddr, fib_inetaddr_event
 */
export function deleteAddress(netns: Netns, dev: string, { local, len }: { readonly local: Ipv4; readonly len: number }): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  const gone = link.addresses.find((address) => address.local === local && address.len === len);
  if (gone === undefined) return 'Error: ipv4: Address not found.';
  const secondaries = gone.secondary ? [] : link.addresses.filter((other) => other.secondary && sameSubnet(other, gone));
  const promote = promotesSecondaries(netns, dev);
  const removed = promote ? [gone] : [gone, ...secondaries];
  const kept = link.addresses.filter((address) => !removed.includes(address));
  const promoted = promote ? secondaries[0] : undefined;
  const after = promoted === undefined ? kept : kept.map((address) => (address === promoted ? { ...promoted, secondary: false } : address));

  // Routes of secondary addresses name the primary one as source, so all of the subnet's are made anew. What a link that is down could
  // not have is looked for all the same: a loopback's subnet routes outlive its going down.
  const stale = [...removed, ...(promote ? secondaries : [])].flatMap((address) => addressRoutes({ ...link, up: true }, address));
  const rest = { ...link, addresses: after };
  const valid = after.flatMap((address) => addressRoutes({ ...rest, up: true }, address));
  for (const { table, route } of stale) {
    if (!valid.some((other) => other.table === table && sameRoute(other.route, route))) removeRoute(netns, table, route);
  }
  changeLink(netns, dev, { addresses: after });
  if (promoted !== undefined) {
    for (const { table, route } of after.flatMap((address) => addressRoutes(rest, address))) appendRoute(netns, table, route);
  }
  for (const address of removed) forgetSource(netns, address.local);
  if (after.length > 0) return 'ok';
  dropDeviceRoutes(netns, dev, 'disabled');
  netns.neighbours = netns.neighbours.filter((neighbour) => neighbour.dev !== dev);
  return 'ok';
}

function promotesSecondaries(netns: Netns, dev: string): boolean {
  return [dev, 'all'].some((name) => readSysctl(netns.sysctls, confName(name, 'promote_secondaries')) !== '0');
}

function removeRoute(netns: Netns, table: number, route: Route): void {
  const routes = routesOf(netns, table);
  const kept = routes.filter((other) => !sameRoute(other, route));
  if (kept.length !== routes.length) setRoutes(netns, table, kept);
}

/** @source net/ipv4/fib_semantics.c fib_sync_down_addr */
function forgetSource(netns: Netns, local: Ipv4): void {
  if (isLocalAddress({ ...netns, fib: netns.fib.filter(({ id }) => id === TABLE_LOCAL) }, local)) return;
  keepRoutes(netns, (route, table) => table !== TABLE_MAIN || route.src !== local);
}
