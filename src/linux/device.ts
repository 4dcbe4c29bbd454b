import type { CompiledSysctls, DeviceSysctls } from './compiled-sysctls.ts';
import type { Mac } from '../wire/mac.ts';
import type { Address, Link, LinkKind } from './link.ts';

/** A link of a compiled namespace: what the packet's way reads, worked out once. Two devices are the same only if the objects are. */
export interface Device {
  readonly link: Link;
  readonly name: string;
  readonly ifindex: number;
  /** Position in the device list. */
  readonly index: number;
  readonly sysctl: DeviceSysctls;
  /** What every packet asks of its link is kept here: reading many frozen links, each of a shape of its own, is slow. */
  readonly type: LinkKind['type'];
  readonly mac: Mac;
  readonly noarp: boolean;
  readonly isLoopback: boolean;
  /** IFF_UP. */
  readonly up: boolean;
  /** Up with a carrier: IFF_LOWER_UP and IFF_UP. */
  readonly running: boolean;
  readonly mtuBytes: number;
  /** In the kernel's order: primary addresses first. */
  readonly addresses: readonly Address[];
  /** The bridge that this device is a port of. */
  readonly bridge: Device | null;
  /** A bridge's ports, in the order of the device list. */
  readonly ports: readonly Device[];
}

/** Makes the devices of a namespace, in the order of its device list. */
export function compileDevices(links: readonly Link[], sysctls: CompiledSysctls): Device[] {
  type Building = { -readonly [K in keyof Device]: Device[K] } & { ports: Device[] };
  const byName = new Map<string, Building>();
  const devices = links.map((link, index): Building => {
    const device: Building = {
      link,
      name: link.name,
      ifindex: link.ifindex,
      index,
      sysctl: sysctls.device(link.name),
      type: link.kind.type,
      mac: link.mac,
      noarp: link.noarp,
      isLoopback: link.kind.type === 'loopback',
      up: link.up,
      running: link.up && link.carrier,
      mtuBytes: link.mtuBytes,
      addresses: link.addresses,
      bridge: null,
      ports: NO_PORTS,
    };
    byName.set(link.name, device);
    return device;
  });
  for (const device of devices) {
    const bridge = device.link.master === null ? undefined : byName.get(device.link.master);
    // Other masters take frames in ways of their own.
    if (bridge?.type !== 'bridge') continue;
    device.bridge = bridge;
    if (bridge.ports === NO_PORTS) bridge.ports = [];
    bridge.ports.push(device);
  }
  return devices;
}

const NO_PORTS: Device[] = [];
