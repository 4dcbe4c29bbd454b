import { InvariantError } from '../wire/invariant.ts';
import type { Fabric, Nic, RouteTable, VNet } from './fabric.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Nsg } from './nsg.ts';

/** The part of that name. @throws InvariantError when there is none: whoever reads user input checks names first */
export function named<T extends { readonly name: string }>(kind: string, parts: readonly T[], name: string): T {
  const found = parts.find((part) => part.name === name);
  if (found === undefined) throw new InvariantError(`no ${kind} ${name} in the fabric`);
  return found;
}

export function vnetNamed(fabric: Fabric, name: string): VNet {
  return named('VNet', fabric.vnets, name);
}

export function nicNamed(fabric: Fabric, name: string): Nic {
  return named('NIC', fabric.nics, name);
}

export function routeTableNamed(fabric: Fabric, name: string): RouteTable {
  return named('route table', fabric.routeTables, name);
}

export function nsgNamed(fabric: Fabric, name: string): Nsg {
  return named('NSG', fabric.nsgs, name);
}

export function loadBalancerNamed(fabric: Fabric, name: string): LoadBalancer {
  return named('load balancer', fabric.loadBalancers, name);
}

/** Adds a part. @throws InvariantError when the name is taken */
export function addNamed<T extends { readonly name: string }>(kind: string, parts: T[], part: T): T {
  if (parts.some((other) => other.name === part.name)) throw new InvariantError(`${kind} ${part.name} exists already`);
  parts.push(part);
  return part;
}

/** Removes a part by name. False: there was none. */
export function removeNamed(parts: { readonly name: string }[], name: string): boolean {
  const at = parts.findIndex((part) => part.name === name);
  if (at >= 0) parts.splice(at, 1);
  return at >= 0;
}
