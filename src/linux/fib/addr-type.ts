import { ANY, BROADCAST, type Ipv4, isMulticast } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { type RouteType, TABLE_LOCAL } from '../route.ts';
import { OK } from './errno.ts';
import type { FibLookupTable } from './fib-table.ts';
import { Flow } from './flow.ts';

const flow = new Flow();

/**
 * What kind of address this is for the namespace: looked up in table local alone, and unicast when that does not know it.
 * @param device only a route by this device counts; null: any
 * @source net/ipv4/fib_frontend.c __inet_dev_addr_type
 */
export function inetDevAddrType(netns: CompiledNetns, address: Ipv4, device: Device | null): RouteType {
  if (isZeronet(address) || address === BROADCAST) return 'broadcast';
  if (isMulticast(address)) return 'multicast';
  flow.reset(address, ANY);
  const table = localTable(netns);
  if (table?.lookup(flow) !== OK || flow.route === null) return 'unicast';
  return device === null || device === flow.route.nexthops[0]?.device ? flow.route.type : 'unicast';
}

/** 0.0.0.0 alone: the rest of 0.0.0.0/8 are addresses like any other since Linux 5.3. @source include/linux/in.h ipv4_is_zeronet */
export function isZeronet(address: Ipv4): boolean {
  return address === ANY;
}

/** The table that a look-up of table local searches: it is one with main until somebody writes a rule. */
export function localTable({ fib }: CompiledNetns): FibLookupTable | null {
  return fib.merged ?? fib.tables.get(TABLE_LOCAL) ?? null;
}
