import type { Fabric } from '../../azure/fabric.ts';
import type { Link } from '../../linux/link.ts';
import type { Host } from '../../linux/netns.ts';
import { type Mac, ZERO_MAC } from '../../wire/mac.ts';

interface End {
  readonly id: string;
  readonly link: Link;
}

/** A link end whose Ethernet address is a NIC's becomes that NIC's end. */
export function joinNics(machines: Readonly<Record<string, Host>>, fabric: Fabric): void {
  const ends = endsByMac(machines);
  for (const nic of fabric.nics) {
    const end = nic.mac === ZERO_MAC ? undefined : ends.get(nic.mac);
    if (end?.link.kind.type !== 'end' || end.link.kind.nic !== null) continue;
    end.link.kind = { ...end.link.kind, nic: nic.name };
    nic.machine = end.id;
  }
}

/**
 * With accelerated networking a machine shows its NIC twice under one address: as the device that packets use, and as the virtual function
 * below it, which is enslaved to the first.
 */
function endsByMac(machines: Readonly<Record<string, Host>>): ReadonlyMap<Mac, End> {
  const ends = new Map<Mac, End>();
  for (const host of Object.values(machines)) {
    for (const netns of Object.values(host.netns)) {
      for (const link of netns.links) {
        if (link.kind.type !== 'end' || (link.master !== null && link.port === null)) continue;
        if (!ends.has(link.mac)) ends.set(link.mac, { id: `${host.name}/${netns.name}/${link.name}`, link });
      }
    }
  }
  return ends;
}
