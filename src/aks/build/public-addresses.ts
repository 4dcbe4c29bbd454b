import type { Fabric } from '../../azure/fabric.ts';
import { type Ipv4, compareIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, lastAddress, prefix } from '../../wire/prefix.ts';

/** Public addresses that clusters are given: the ranges that are set aside for documentation and for benchmarks. @source RFC 5737, RFC 2544 */
const PUBLIC_RANGES: readonly Prefix[] = [prefix('198.51.100.0/24'), prefix('198.18.0.0/15')];

/** The lowest public address that nothing has yet; null when there is none left. */
export function freePublicAddress(fabric: Fabric, taken: ReadonlySet<Ipv4>): Ipv4 | null {
  const used = new Set([...taken, ...publicAddressesInUse(fabric)]);
  for (const range of PUBLIC_RANGES) {
    for (let addr = offsetIpv4(range.addr, 1); compareIpv4(addr, lastAddress(range)) < 0; addr = offsetIpv4(addr, 1)) {
      if (!used.has(addr)) return addr;
    }
  }
  return null;
}

function publicAddressesInUse(fabric: Fabric): Ipv4[] {
  return [
    fabric.defaultOutboundIp,
    ...fabric.loadBalancers.filter((lb) => !lb.internal).flatMap((lb) => lb.frontends.map((frontend) => frontend.addr)),
    ...fabric.natGateways.flatMap((gateway) => gateway.publicIps),
    ...fabric.nics.flatMap((nic) => nic.ipconfigs.flatMap((config) => config.publicIp ?? [])),
    ...fabric.externalHosts.flatMap((host) => host.addrs),
  ];
}
