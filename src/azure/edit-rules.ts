import type { Ipv4 } from '../wire/ipv4.ts';
import type { Prefix } from '../wire/prefix.ts';
import type { Fabric, RouteTable, Udr, UdrNextHop } from './fabric.ts';
import { addNamed, nsgNamed, removeNamed, routeTableNamed } from './find.ts';
import { type Nsg, type NsgRule, ANY_ADDRESS, ANY_PORT } from './nsg.ts';

export function addRouteTable(fabric: Fabric, name: string, disableBgpRoutePropagation = false): RouteTable {
  return addNamed('route table', fabric.routeTables, { name, routes: [], disableBgpRoutePropagation });
}

export interface UdrInput {
  readonly name: string;
  /** A prefix, or the name of a service tag. */
  readonly to: Prefix | string;
  readonly nextHopType: UdrNextHop;
  readonly nextHopIp?: Ipv4;
}

/** Adds a user-defined route. @throws InvariantError when the table has a route of that name */
export function addUdr(fabric: Fabric, table: string, udr: UdrInput): Udr {
  return addNamed('route', routeTableNamed(fabric, table).routes, {
    name: udr.name,
    destination: typeof udr.to === 'string' ? { kind: 'tag', tag: udr.to } : { kind: 'prefix', prefix: udr.to },
    nextHopType: udr.nextHopType,
    nextHopIp: udr.nextHopIp ?? null,
  });
}

export function removeUdr(fabric: Fabric, table: string, name: string): boolean {
  return removeNamed(routeTableNamed(fabric, table).routes, name);
}

export function addNsg(fabric: Fabric, name: string): Nsg {
  return addNamed('NSG', fabric.nsgs, { name, rules: [] });
}

export type NsgRuleInput = Pick<NsgRule, 'name' | 'priority' | 'direction' | 'access'> & Partial<NsgRule>;

/** Adds a rule; what the input leaves out matches anything. */
export function addNsgRule(fabric: Fabric, nsg: string, input: NsgRuleInput): NsgRule {
  return addNamed('rule', nsgNamed(fabric, nsg).rules, {
    protocol: '*',
    sources: [ANY_ADDRESS],
    sourcePorts: [ANY_PORT],
    destinations: [ANY_ADDRESS],
    destinationPorts: [ANY_PORT],
    ...input,
  });
}

export function removeNsgRule(fabric: Fabric, nsg: string, name: string): boolean {
  return removeNamed(nsgNamed(fabric, nsg).rules, name);
}
