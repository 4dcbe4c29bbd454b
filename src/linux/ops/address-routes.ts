import { ANY, BROADCAST, type Ipv4 } from '../../wire/ipv4.ts';
import { lastAddress, prefixOf } from '../../wire/prefix.ts';
import { scopeNumber } from '../fib/scope.ts';
import type { Address, Link } from '../link.ts';
import { type Route, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';

/** A route and the table it belongs to. */
export interface TableRoute {
  readonly table: number;
  readonly route: Route;
}

/** The primary address of the subnet that a secondary one belongs to. @source net/ipv4/devinet.c inet_ifa_byprefix */
function primaryOf(link: Link, address: Address): Address {
  if (!address.secondary) return address;
  return link.addresses.find((other) => !other.secondary && sameSubnet(other, address)) ?? address;
}

/** Whether two addresses are of one subnet, as the kernel tells secondary addresses. */
export function sameSubnet(a: Address, b: Address): boolean {
  return a.len === b.len && subnetOf(a) === subnetOf(b);
}

function subnetOf(address: Address): Ipv4 {
  return prefixOf(address.peer ?? address.local, address.len).addr;
}

/** A primary address in its place: after the last one of the same or a narrower scope. @source net/ipv4/devinet.c __inet_insert_ifa */
export function afterPrimaries(addresses: readonly Address[], address: Address): Address[] {
  const last = addresses.findLastIndex((other) => !other.secondary && scopeNumber(address.scope) <= scopeNumber(other.scope));
  return addresses.toSpliced(last + 1, 0, address);
}

/**
 * The routes that the kernel makes for an address of a link: to itself always; to its subnet and broadcast addresses while the link is
 * up.
 * @source net/ipv4/fib_frontend.c fib_add_ifaddr
 */
export function addressRoutes(link: Link, address: Address): TableRoute[] {
  const { name: dev, up, kind } = link;
  const { local: src } = primaryOf(link, address);
  const kernel = (type: Route['type'], dst: Ipv4, len: number): TableRoute => ({
    table: type === 'unicast' ? TABLE_MAIN : TABLE_LOCAL,
    route: {
      type,
      dst,
      len,
      tos: 0,
      metric: 0,
      scope: type === 'local' ? 'host' : 'link',
      protocol: 'kernel',
      src,
      nexthops: [{ dev, via: null, onlink: false, weight: 1, dead: false }],
      mtuBytes: null,
      mtuLocked: false,
      advmss: null,
      origin: null,
    },
  });
  const routes = [kernel('local', address.local, 32)];
  if (!up) return routes;
  if (address.broadcast !== null && address.broadcast !== BROADCAST) routes.push(kernel('broadcast', address.broadcast, 32));
  const subnet = subnetOf(address);
  if (subnet === ANY || address.secondary || (address.len === 32 && subnet === address.local)) return routes;
  if (!address.noprefixroute) routes.push(kernel(kind.type === 'loopback' ? 'local' : 'unicast', subnet, address.len));
  const last = lastAddress({ addr: subnet, len: address.len });
  if (address.len < 31) routes.push(kernel('broadcast', last, 32));
  return routes;
}
