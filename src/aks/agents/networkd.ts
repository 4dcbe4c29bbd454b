import type { Fabric } from '../../azure/fabric.ts';
import { findSubnet } from '../../azure/subnets.ts';
import { type Netns, ROOT } from '../../linux/netns.ts';
import { addAddress } from '../../linux/ops/addresses.ts';
import { linkOf } from '../../linux/ops/edit.ts';
import type { OpResult } from '../../linux/ops/result.ts';
import { addRoute } from '../../linux/ops/routes.ts';
import { type Ipv4, ip, offsetIpv4 } from '../../wire/ipv4.ts';
import { DEFAULT_ROUTE, type Prefix, lastAddress } from '../../wire/prefix.ts';

const WIRESERVER: Ipv4 = ip('168.63.129.16');
const IMDS: Ipv4 = ip('169.254.169.254');
/** The metric of routes that DHCP brought. @source AKS transcripts, `route -n` on a node */
const DHCP_METRIC = 100;

/** What Azure's DHCP server tells a machine about its NIC. */
export interface Lease {
  readonly addr: Ipv4;
  readonly subnet: Prefix;
}

/**
 * Gives a link that is up the address and the routes of a lease, as systemd-networkd does. Those that it has already are refused.
 * @source systemd src/network/networkd-dhcp4.c; AKS transcripts, `ip addr` and `route -n` on a node
 */
export function applyLease(netns: Netns, dev: string, { addr, subnet }: Lease): OpResult[] {
  const gateway = offsetIpv4(subnet.addr, 1);
  const viaDhcp = { dev, protocol: 'dhcp', metric: DHCP_METRIC, src: addr } as const;
  return [
    addAddress(netns, dev, { local: addr, len: subnet.len, broadcast: lastAddress(subnet), noprefixroute: true }),
    addRoute(netns, { ...viaDhcp, dst: subnet.addr, len: subnet.len, scope: 'link' }),
    addRoute(netns, { ...viaDhcp, dst: gateway, len: 32, scope: 'link' }),
    addRoute(netns, { ...viaDhcp, dst: DEFAULT_ROUTE.addr, len: 0, via: gateway }),
    addRoute(netns, { ...viaDhcp, dst: WIRESERVER, len: 32, via: gateway }),
    addRoute(netns, { ...viaDhcp, dst: IMDS, len: 32, via: gateway }),
  ];
}

/**
 * What networkd does when a link came up: it takes the lease of the NIC again, and with it come the routes that went when the link was down.
 * It does so only then; a route that somebody deletes from a link that stays up is gone for good.
 * @source systemd src/network/networkd-link.c link_carrier_gained
 */
export function renewLease(fabric: Fabric | null, netns: Netns, dev: string): void {
  const kind = linkOf(netns, dev)?.kind;
  if (fabric === null || netns.name !== ROOT || kind?.type !== 'end' || kind.nic === null) return;
  const nic = fabric.nics.find(({ name }) => name === kind.nic);
  const primary = nic?.ipconfigs.find((config) => config.primary);
  if (nic === undefined || primary === undefined) return;
  applyLease(netns, dev, { addr: primary.addr, subnet: findSubnet(fabric, nic.subnet).subnet.prefix });
}
