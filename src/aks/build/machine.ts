import type { Nic } from '../../azure/fabric.ts';
import type { KernelProfile } from '../../linux/kernel-profile.ts';
import { type Host, type HostKind, type Netns, ROOT } from '../../linux/netns.ts';
import { addLink } from '../../linux/ops/add-link.ts';
import { addAddress } from '../../linux/ops/addresses.ts';
import { createHost } from '../../linux/ops/create-netns.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import type { OpResult } from '../../linux/ops/result.ts';
import { addRoute } from '../../linux/ops/routes.ts';
import { setUp } from '../../linux/ops/set-up.ts';
import type { Socket } from '../../linux/socket.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { type Ipv4, ip } from '../../wire/ipv4.ts';
import type { Mac } from '../../wire/mac.ts';
import { DEFAULT_ROUTE, type Prefix } from '../../wire/prefix.ts';
import { applyLease } from '../agents/networkd.ts';

/** The kernel of an AKS Ubuntu node. @source AKS transcripts, `kubectl get no -owide` */
export const NODE_RELEASE = '5.15.0-1070-azure';

/** A machine of Azure: one NIC, set up by DHCP. @source AKS transcripts, `ip addr` and `route -n` on a node */
export function azureMachine(name: string, kind: HostKind, kernel: KernelProfile, nic: Nic, subnet: Prefix, release: string | null): Host {
  const host = createHost(name, kind, kernel, release);
  const root = rootOf(host);
  const primary = nic.ipconfigs.find((config) => config.primary);
  if (primary === undefined) throw new InvariantError(`NIC ${nic.name} has no primary ipconfig`);
  addNicEnd(host, root, nic.mac, nic.name);
  for (const result of applyLease(root, 'eth0', { addr: primary.addr, subnet })) must(result);
  return host;
}

/** A machine outside of Azure: nothing but its addresses and a way out. */
export function outsideMachine(name: string, kind: 'internet' | 'onprem', kernel: KernelProfile, addrs: readonly Ipv4[], mac: Mac): Host {
  const host = createHost(name, kind, kernel);
  const root = rootOf(host);
  addNicEnd(host, root, mac, null);
  for (const local of addrs) must(addAddress(root, 'eth0', { local, len: 32 }));
  const gateway = OUTSIDE_GATEWAY;
  must(addRoute(root, { dst: gateway, len: 32, dev: 'eth0', scope: 'link' }));
  must(
    addRoute(root, { dst: DEFAULT_ROUTE.addr, len: 0, dev: 'eth0', via: gateway, ...(addrs[0] === undefined ? {} : { src: addrs[0] }) }),
  );
  return host;
}

/** What a host outside of Azure has as its router. The way out of the model answers for it. */
const OUTSIDE_GATEWAY: Ipv4 = ip('169.254.0.1');

/** The first namespace of a machine. */
export function rootOf(host: Host): Netns {
  const root = netnsOf(host, ROOT);
  if (root === null) throw new InvariantError(`machine ${host.name} has no first namespace`);
  return root;
}

/** Opens ports; a port that is open already stays with whoever holds it. */
export function openPorts(netns: Netns, sockets: readonly Socket[]): void {
  if (netns.sockets.length === 0) {
    netns.sockets = sockets;
    return;
  }
  const seen = new Set(netns.sockets.map(portKey));
  const added = sockets.filter((socket) => {
    const key = portKey(socket);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  if (added.length > 0) netns.sockets = [...netns.sockets, ...added];
}

function portKey({ proto, addr, port, dev }: Socket): string {
  return `${proto} ${addr ?? '*'} ${port} ${dev ?? ''}`;
}

function addNicEnd(host: Host, root: Netns, mac: Mac, nic: string | null): void {
  must(addLink(root, { name: 'eth0', kind: { type: 'end', wire: null, nic }, mac, mtuBytes: 1500 }));
  must(setUp(host, ROOT, 'eth0'));
}

/** For what the kernel can not refuse. */
export function must(result: OpResult): void {
  if (result !== 'ok') throw new InvariantError(result);
}
