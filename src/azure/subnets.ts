import { InvariantError } from '../wire/invariant.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import { type Prefix, contains, lastAddress, sizeOf } from '../wire/prefix.ts';
import type { Fabric, Subnet, VNet } from './fabric.ts';
import { type SubnetId, subnetId, vnetOf } from './subnet-id.ts';

export interface SubnetPlace {
  readonly id: SubnetId;
  readonly vnet: VNet;
  readonly subnet: Subnet;
}

/** The subnet that an id names. @throws InvariantError when there is none */
export function findSubnet(fabric: Fabric, id: SubnetId): SubnetPlace {
  const vnet = fabric.vnets.find((candidate) => candidate.name === vnetOf(id));
  const subnet = vnet?.subnets.find((candidate) => subnetId(vnet.name, candidate.name) === id);
  if (vnet === undefined || subnet === undefined) throw new InvariantError(`no subnet ${id} in the fabric`);
  return { id, vnet, subnet };
}

/** Addresses that Azure keeps in every subnet: network, gateway, two for DNS, and the last. @source virtual-networks-faq */
const RESERVED_LOW = 4;
const RESERVED = 5;

export function isReserved(subnet: Prefix, addr: Ipv4): boolean {
  return contains(subnet, addr) && ((addr - subnet.addr) >>> 0 < RESERVED_LOW || addr === lastAddress(subnet));
}

/** Addresses that machines can have: `2^(32-len) - 5`. */
export function usableAddresses(subnet: Prefix): number {
  return Math.max(0, sizeOf(subnet) - RESERVED);
}
