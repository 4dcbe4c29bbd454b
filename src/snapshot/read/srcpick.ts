import type { Field } from '../../kube/objects/field.ts';
import type { Link } from '../../linux/link.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { type DeviceReader, ipv4Of } from './scalar.ts';

/**
 * Puts links into the kernel's device order as far as it shows: by ifindex, and the device whose address the kernel lends to devices
 * without one before all others that could lend theirs.
 * @param rows srcpick.json, or null when it was not collected
 * @source net/ipv4/devinet.c inet_select_addr
 */
export function inDeviceOrder(links: readonly Link[], rows: readonly Field[] | null, device: DeviceReader): Link[] {
  const ordered = [...links].sort((a, b) => a.ifindex - b.ifindex);
  const owners = new Map<Ipv4, Link>();
  const own = (link: Link, address: Ipv4 | null): void => void (address !== null && !owners.has(address) && owners.set(address, link));
  // Whoever would lend an address owns it before those that have it besides.
  for (const link of ordered) own(link, lentAddress(link));
  for (const link of ordered) for (const { local } of link.addresses) own(link, local);
  let picked: Link | null = null;
  for (const row of rows ?? []) {
    device(row.get('dev').required('a device name'));
    const address = ipv4Of(row.get('prefsrc'));
    if (address === null) continue;
    const owner = owners.get(address);
    if (owner === undefined) row.get('prefsrc').fail('no device has this address', 'an address of addr.json');
    // All such devices borrow from the same one; what could differ between them is not in the order of devices.
    else picked ??= owner;
  }
  const lender = picked;
  const first = ordered.findIndex((link) => lentAddress(link) !== null);
  if (lender === null || first < 0 || ordered[first] === lender) return ordered;
  return ordered.filter((link) => link !== lender).toSpliced(first, 0, lender);
}

/** The address that a device lends to others: its first global one. */
export function lentAddress(link: Link): Ipv4 | null {
  return link.addresses.find((own) => own.scope === 'global' && !own.secondary)?.local ?? null;
}
