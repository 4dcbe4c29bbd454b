import { type Host, type Netns, ROOT } from '../netns.ts';
import { withoutDevice } from '../sysctl.ts';
import { deleteAddress } from './addresses.ts';
import { setNoMaster } from './bridge.ts';
import { setCarrier } from './carrier.ts';
import { linkOf, netnsOf, nextIfindex, vethPeer } from './edit.ts';
import { dropDeviceRoutes } from './fib-edit.ts';
import { type OpResult, INVALID_ARGUMENT, NOT_SUPPORTED, noDevice } from './result.ts';

/** `ip link del DEV`: with it go its routes, neighbours, forwarding entries and sysctls, and the other end of a veth. */
export function deleteLink(host: Host, at: string, dev: string): OpResult {
  const netns = netnsOf(host, at);
  const link = netns === null ? null : linkOf(netns, dev);
  if (netns === null || link === null) return noDevice(dev);
  if (link.kind.type === 'loopback' || link.kind.type === 'end') return NOT_SUPPORTED;
  const peer = vethPeer(host, netns, link);
  unregister(netns, dev);
  if (peer !== null) unregister(peer.netns, peer.link.name);
  return 'ok';
}

/**
 * `ip netns del NAME`, once no process is left in it: its virtual links vanish, with the far ends of veths; a machine's own NIC goes back
 * to the first namespace.
 * @source net/core/dev.c default_device_exit_batch
 */
export function deleteNetns(host: Host, name: string): OpResult {
  const netns = netnsOf(host, name);
  if (netns === null || name === ROOT) {
    return `Error: Cannot remove namespace file "/run/netns/${name}": ${netns === null ? 'No such file or directory' : 'Device or resource busy'}`;
  }
  const root = netnsOf(host, ROOT);
  for (const link of netns.links) {
    const peer = vethPeer(host, netns, link);
    if (peer !== null) unregister(peer.netns, peer.link.name);
    if (link.kind.type !== 'end' || root === null) continue;
    const taken = root.links.some((other) => other.ifindex === link.ifindex);
    const free = linkOf(root, link.name) === null ? link.name : `dev${link.ifindex}`;
    const ifindex = taken ? nextIfindex(root) : link.ifindex;
    root.links = [...root.links, { ...link, name: free, ifindex, up: false, addresses: [], master: null, port: null }];
  }
  Reflect.deleteProperty(host.netns, name);
  return 'ok';
}

/** Takes a link out of its namespace, with all that hangs on it. @source net/core/dev.c unregister_netdevice_many */
function unregister(netns: Netns, dev: string): void {
  setNoMaster(netns, dev);
  for (const port of netns.links) if (port.master === dev) setNoMaster(netns, port.name);
  for (const address of linkOf(netns, dev)?.addresses ?? []) deleteAddress(netns, dev, address);
  dropDeviceRoutes(netns, dev, 'gone');
  netns.links = netns.links.filter((link) => link.name !== dev);
  netns.neighbours = netns.neighbours.filter((neighbour) => neighbour.dev !== dev);
  netns.proxyNeighbours = netns.proxyNeighbours.filter((neighbour) => neighbour.dev !== dev);
  netns.fdb = netns.fdb.filter((entry) => entry.dev !== dev);
  netns.sysctls = withoutDevice(netns.sysctls, dev);
}

/**
 * `ip link set DEV netns NAME`: the link keeps its wire, Ethernet address and MTU, and loses addresses, routes, neighbours, its bridge
 * and its sysctls; it arrives down, last in the device list, under a new ifindex if its own is taken there.
 * @source net/core/dev.c __dev_change_net_namespace
 */
export function moveToNetns(host: Host, at: string, dev: string, to: string): OpResult {
  const netns = netnsOf(host, at);
  const link = netns === null ? null : linkOf(netns, dev);
  if (netns === null || link === null) return noDevice(dev);
  const target = netnsOf(host, to);
  if (target === null) return `Error: argument "${to}" is wrong: Invalid "netns" value`;
  if (target === netns) return 'ok';
  if (link.kind.type === 'loopback' || link.kind.type === 'bridge') return 'Error: The interface netns is immutable.';
  if (linkOf(target, dev) !== null) return 'Error: An interface with the same name exists in the target netns.';
  if (link.kind.type === 'vlan') return INVALID_ARGUMENT;
  const peer = vethPeer(host, netns, link);
  unregister(netns, dev);
  const taken = target.links.some((other) => other.ifindex === link.ifindex);
  const ifindex = taken ? nextIfindex(target) : link.ifindex;
  const carrier = link.kind.type === 'veth' ? false : link.carrier;
  target.links = target.links.concat({ ...link, ifindex, up: false, carrier, addresses: [], master: null, port: null });
  if (peer !== null) setCarrier(peer.netns, peer.link.name, false);
  return 'ok';
}
