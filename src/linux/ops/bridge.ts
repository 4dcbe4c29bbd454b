import type { Mac } from '../../wire/mac.ts';
import { type BridgePort, DEFAULT_BRIDGE_PORT, type Link } from '../link.ts';
import type { FdbEntry } from '../neighbour.ts';
import type { Netns } from '../netns.ts';
import { changeLink, linkOf } from './edit.ts';
import { type OpResult, INVALID_ARGUMENT, NOT_SUPPORTED, noDevice } from './result.ts';

const NO_PORT_MTU_BYTES = 1500;

/** `ip link set DEV master BRIDGE`. A port of another bridge changes over. @source net/bridge/br_if.c br_add_if */
export function setMaster(netns: Netns, dev: string, bridge: string): OpResult {
  const link = linkOf(netns, dev);
  const master = linkOf(netns, bridge);
  if (link === null) return noDevice(dev);
  if (master === null) return `Error: argument "${bridge}" is wrong: Device does not exist`;
  if (master.kind.type !== 'bridge') return NOT_SUPPORTED;
  if (link.kind.type === 'bridge') return 'Error: Can not enslave a bridge to a bridge.';
  if (link.kind.type === 'loopback') return INVALID_ARGUMENT;
  if (link.master === bridge) return 'ok';
  if (link.master !== null) setNoMaster(netns, dev);
  changeLink(netns, dev, { master: bridge, port: DEFAULT_BRIDGE_PORT });
  addOwnEntry(netns, bridge, dev, link.mac);
  refreshBridge(netns, bridge);
  return 'ok';
}

/** `ip link set DEV nomaster`: its forwarding entries go. @source net/bridge/br_if.c del_nbp */
export function setNoMaster(netns: Netns, dev: string): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  const bridge = link.master;
  if (bridge === null) return 'ok';
  changeLink(netns, dev, { master: null, port: null });
  netns.fdb = netns.fdb.filter((entry) => !(entry.dev === dev && entry.master === bridge));
  refreshBridge(netns, bridge);
  return 'ok';
}

/** `bridge link set dev DEV hairpin on …`. */
export function setPort(netns: Netns, dev: string, options: Partial<BridgePort>): OpResult {
  const link = linkOf(netns, dev);
  if (link === null) return noDevice(dev);
  if (link.port === null) return NOT_SUPPORTED;
  changeLink(netns, dev, { port: { ...link.port, ...options } });
  return 'ok';
}

/** The bridge itself owns an Ethernet address: frames to it go up. @source net/bridge/br_fdb.c br_fdb_add_local */
export function addOwnEntry(netns: Netns, bridge: string, dev: string, mac: Mac): void {
  if (netns.fdb.some((entry) => entry.master === bridge && entry.mac === mac && entry.state === 'permanent')) return;
  const own: FdbEntry = { mac, dev, master: bridge, state: 'permanent', dst: null, vni: null, port: null, externLearn: false };
  netns.fdb = [...netns.fdb.filter((entry) => !(entry.master === bridge && entry.mac === mac)), own];
}

/**
 * Works out what a bridge takes from its ports: a carrier while one of them has, the lowest Ethernet address and the smallest MTU unless
 * somebody chose them, and whether each port forwards.
 * @source net/bridge/br_stp_if.c br_stp_recalculate_bridge_id; br_if.c br_mtu_auto_adjust; br_stp.c br_port_state_selection
 */
export function refreshBridge(netns: Netns, name: string): void {
  const bridge = linkOf(netns, name);
  if (bridge?.kind.type !== 'bridge') return;
  const { kind } = bridge;
  const ports = netns.links.filter((link) => link.master === name);
  for (const port of ports) refreshPort(netns, bridge, port);
  const [first, ...rest] = ports;
  const lowest = rest.reduce((mac, port) => (port.mac < mac ? port.mac : mac), first?.mac ?? bridge.mac);
  const smallest = ports.reduce((mtu, port) => Math.min(mtu, port.mtuBytes), first?.mtuBytes ?? NO_PORT_MTU_BYTES);
  const carrier = ports.some((port) => port.up && port.carrier);
  const mac = kind.macSet === true ? bridge.mac : lowest;
  const mtuBytes = kind.mtuSet === true ? bridge.mtuBytes : smallest;
  if (carrier !== bridge.carrier || mac !== bridge.mac || mtuBytes !== bridge.mtuBytes) changeLink(netns, name, { carrier, mac, mtuBytes });
}

function refreshPort(netns: Netns, bridge: Link, port: Link): void {
  if (port.port === null || (port.port.state !== 'forwarding' && port.port.state !== 'disabled')) return;
  const state = bridge.up && port.up && port.carrier ? 'forwarding' : 'disabled';
  if (port.port.state !== state) changeLink(netns, port.name, { port: { ...port.port, state } });
}
