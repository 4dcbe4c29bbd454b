import { LOOPBACK } from '../../wire/ipv4.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import type { Address, Link } from '../link.ts';
import { type FibTable, TABLE_LOCAL } from '../route.ts';
import { addressRoutes } from './address-routes.ts';
import { compareRoutes } from './fib-edit.ts';

/** `127.0.0.1/8`, which the kernel gives a loopback that comes up without an address. @source net/ipv4/devinet.c inetdev_event */
export const LOOPBACK_ADDRESS: Address = Object.freeze({
  local: LOOPBACK,
  len: 8,
  broadcast: null,
  scope: 'host',
  peer: null,
  secondary: false,
  noprefixroute: false,
});

/** `lo` as a new namespace has it. */
const LOOPBACK_DOWN: Link = Object.freeze({
  name: 'lo',
  ifindex: 1,
  kind: Object.freeze({ type: 'loopback' }),
  mac: ZERO_MAC,
  mtuBytes: 65536,
  up: false,
  carrier: true,
  promisc: false,
  noarp: false,
  multicast: false,
  addresses: Object.freeze([]),
  master: null,
  port: null,
});

/** `lo` once it is up; one object serves every namespace. */
export const LOOPBACK_UP: Link = Object.freeze({ ...LOOPBACK_DOWN, up: true, addresses: Object.freeze([LOOPBACK_ADDRESS]) });

const LOOPBACK_ROUTES = Object.freeze(
  addressRoutes(LOOPBACK_UP, LOOPBACK_ADDRESS)
    .map(({ route }) => Object.freeze({ ...route, nexthops: Object.freeze(route.nexthops.map((nexthop) => Object.freeze(nexthop))) }))
    .sort(compareRoutes),
);

/** Table local of a namespace whose only address is 127.0.0.1. */
export const LOOPBACK_TABLE: FibTable = Object.freeze({ id: TABLE_LOCAL, routes: LOOPBACK_ROUTES });

/** Whether a link is the `lo` of a new namespace; on a draft of immer no two objects are the same, so its parts are compared. */
export function isPristineLoopback(link: Link): boolean {
  const { name, ifindex, mtuBytes, promisc, addresses, up, kind } = link;
  return kind.type === 'loopback' && name === 'lo' && ifindex === 1 && mtuBytes === 65536 && !promisc && !up && addresses.length === 0;
}

/** What a namespace is given that has nothing but `lo`. Shared, so never written to. */
export const LINKS_DOWN: Link[] = [LOOPBACK_DOWN];
export const LINKS_UP: Link[] = [LOOPBACK_UP];
export const FIB_DOWN: FibTable[] = [];
export const FIB_UP: FibTable[] = [LOOPBACK_TABLE];
for (const shared of [LINKS_DOWN, LINKS_UP, FIB_DOWN, FIB_UP]) Object.freeze(shared);
