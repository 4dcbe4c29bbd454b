import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { mask } from '../../wire/prefix.ts';
import type { Device } from '../device.ts';
import type { Address } from '../link.ts';

/** Whether an address is in the subnet of a device's address. @source include/linux/inetdevice.h inet_ifa_match */
export function isInSubnet({ local, peer, len }: Address, addr: Ipv4): boolean {
  return ((addr ^ (peer ?? local)) & mask(len)) === 0;
}

/** Whether a device has a subnet in which both are; `b` ANY: whoever it is. @source net/ipv4/devinet.c inet_addr_onlink */
export function isOnLink(device: Device, a: Ipv4, b: Ipv4): boolean {
  return device.addresses.some((address) => isInSubnet(address, a) && (b === ANY || isInSubnet(address, b)));
}
