import type { Field } from '../../kube/objects/field.ts';
import type { ProxyNeighbour } from '../../linux/neighbour.ts';
import { type DeviceReader, ipv4Of, isIpv6Text } from './scalar.ts';

/** The IPv4 addresses that a device answers ARP for: `ip -j neigh show proxy`. */
export function readProxyNeighbours(rows: readonly Field[], device: DeviceReader): ProxyNeighbour[] {
  const entries: ProxyNeighbour[] = [];
  for (const row of rows) {
    if (isIpv6Text(row.get('dst'))) continue;
    const ip = ipv4Of(row.get('dst').required('an IPv4 address'));
    const dev = device(row.get('dev').required('a device name'));
    if (ip !== null && dev !== null) entries.push({ ip, dev });
  }
  return entries;
}
