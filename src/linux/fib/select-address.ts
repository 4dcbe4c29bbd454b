import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { mask } from '../../wire/prefix.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { SCOPE_HOST, SCOPE_LINK, scopeNumber } from './scope.ts';

/**
 * The address of this host to use as source on a device, preferably one whose subnet holds `dst` (ANY: no preference). A device without
 * a fitting address borrows one of another device, in the order of the device list.
 * @param scope the widest scope that will do: an address of a narrower one is passed over
 * @returns ANY when the host has none
 * @source net/ipv4/devinet.c inet_select_addr
 */
export function inetSelectAddr(netns: CompiledNetns, device: Device | null, dst: Ipv4, scope: number): Ipv4 {
  if (device !== null) {
    const own = ownAddress(device, dst, scope);
    if (own !== ANY) return own;
  }
  for (const other of netns.devices) {
    for (const address of other.addresses) {
      if (address.secondary) continue;
      const addressScope = scopeNumber(address.scope);
      if (addressScope !== SCOPE_LINK && addressScope <= scope) return address.local;
    }
  }
  return ANY;
}

function ownAddress(device: Device, dst: Ipv4, scope: number): Ipv4 {
  const widest = device.sysctl.routeLocalnet ? SCOPE_LINK : SCOPE_HOST;
  let first: Ipv4 = ANY;
  for (const address of device.addresses) {
    if (address.secondary || Math.min(scopeNumber(address.scope), widest) > scope) continue;
    if (dst === ANY || (((address.peer ?? address.local) ^ dst) & mask(address.len)) === 0) return address.local;
    if (first === ANY) first = address.local;
  }
  return first;
}
