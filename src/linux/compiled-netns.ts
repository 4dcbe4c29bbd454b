import { compileSysctls, type NetnsSysctls } from './compiled-sysctls.ts';
import { compileDevices, type Device } from './device.ts';
import { compileFib, type Fib } from './fib/fib.ts';
import type { RouteContext } from './fib/fib-route.ts';
import type { Netns } from './netns.ts';
import type { PolicyRule } from './route.ts';
import { indexSockets, type SocketsByPort } from './socket.ts';

export type { Device } from './device.ts';

/** A frozen namespace made ready for packets; see {@link compileNetns}. */
export interface CompiledNetns extends RouteContext {
  readonly tables: Netns;
  /** In the kernel's device-list order. */
  readonly devices: readonly Device[];
  readonly deviceByName: ReadonlyMap<string, Device>;
  readonly deviceByIndex: ReadonlyMap<number, Device>;
  readonly loopback: Device | null;
  /** Every address of every device, and the last device that got it. @source net/ipv4/devinet.c inet_hash_insert, inet_lookup_ifaddr_rcu */
  readonly localAddresses: ReadonlyMap<number, Device>;
  readonly sysctl: NetnsSysctls;
  readonly fib: Fib;
  readonly socketsByPort: SocketsByPort;
}

/** What follows from the links and sysctls alone. */
interface Devices extends RouteContext {
  readonly sysctls: Netns['sysctls'];
  readonly devices: readonly Device[];
  readonly deviceByIndex: ReadonlyMap<number, Device>;
  readonly loopback: Device | null;
}

interface Policy {
  readonly devices: Devices;
  readonly rules: readonly PolicyRule[];
  readonly fib: Fib;
}

const compiled = new WeakMap<Netns, CompiledNetns>();
const devicesOf = new WeakMap<Netns['links'], Devices>();
const policyOf = new WeakMap<Netns['fib'], Policy>();

/**
 * Makes a namespace ready. It is kept for as long as the tables live, part by part: an edit of the routes leaves the devices, an edit of
 * iptables leaves both. So the tables must be frozen, or at least never change any more.
 */
export function compileNetns(tables: Netns): CompiledNetns {
  let netns = compiled.get(tables);
  if (netns === undefined) {
    const devices = keptDevices(tables);
    compiled.set(tables, (netns = joined(tables, devices, keptFib(tables, devices))));
  }
  return netns;
}

/** Makes a namespace ready that may still change: nothing is kept, nothing is taken from what was kept. */
export function freshNetns(tables: Netns): CompiledNetns {
  const devices = compiledDevices(tables);
  return joined(tables, devices, compileFib(tables.fib, tables.rules, devices.devices, devices));
}

function joined(tables: Netns, { devices, deviceByName, deviceByIndex, loopback, localAddresses }: Devices, fib: Fib): CompiledNetns {
  const sysctl = compileSysctls(tables.sysctls).netns;
  return {
    tables,
    devices,
    deviceByName,
    deviceByIndex,
    loopback,
    localAddresses,
    sysctl,
    fib,
    socketsByPort: indexSockets(tables.sockets),
  };
}

function keptDevices(tables: Netns): Devices {
  const known = devicesOf.get(tables.links);
  if (known?.sysctls === tables.sysctls) return known;
  const devices = compiledDevices(tables);
  devicesOf.set(tables.links, devices);
  return devices;
}

function compiledDevices({ links, sysctls }: Netns): Devices {
  const devices = compileDevices(links, compileSysctls(sysctls));
  const localAddresses = new Map<number, Device>();
  for (const device of devices) for (const { local } of device.addresses) localAddresses.set(local, device);
  return {
    sysctls,
    devices,
    deviceByName: new Map(devices.map((device) => [device.name, device])),
    deviceByIndex: new Map(devices.map((device) => [device.ifindex, device])),
    loopback: devices.find((device) => device.isLoopback) ?? null,
    localAddresses,
  };
}

function keptFib(tables: Netns, devices: Devices): Fib {
  const known = policyOf.get(tables.fib);
  if (known?.devices === devices && known.rules === tables.rules) return known.fib;
  const fib = compileFib(tables.fib, tables.rules, devices.devices, devices);
  policyOf.set(tables.fib, { devices, rules: tables.rules, fib });
  return fib;
}
