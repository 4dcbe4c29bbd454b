import type { Fabric } from '../../azure/fabric.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Prefix } from '../../wire/prefix.ts';
import { AddressPool } from '../plan/address-pool.ts';

/** The range of a subnet, or `undefined` when there is no such subnet. */
export function subnetPrefix(fabric: Fabric, id: string): Prefix | undefined {
  for (const vnet of fabric.vnets) {
    for (const subnet of vnet.subnets) if (`${vnet.name}/${subnet.name}` === id) return subnet.prefix;
  }
  return undefined;
}

/** The addresses of a subnet that nothing has yet: no NIC, no internal frontend, no private endpoint. */
export function freeAddresses(fabric: Fabric, id: string): AddressPool | undefined {
  const range = subnetPrefix(fabric, id);
  if (range === undefined) return undefined;
  const pool = new AddressPool(range);
  for (const addr of usedAddresses(fabric, id)) pool.reserve(addr);
  return pool;
}

function usedAddresses(fabric: Fabric, id: string): Ipv4[] {
  return [
    ...fabric.nics.filter((nic) => nic.subnet === id).flatMap((nic) => nic.ipconfigs.map((config) => config.addr)),
    ...fabric.loadBalancers.flatMap((lb) => lb.frontends.filter((frontend) => frontend.subnet === id).map((frontend) => frontend.addr)),
    ...fabric.privateEndpoints.filter((endpoint) => endpoint.subnet === id).map((endpoint) => endpoint.addr),
  ];
}
