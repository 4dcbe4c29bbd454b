import type { Field } from '../../kube/objects/field.ts';
import type { BridgePort } from '../../linux/link.ts';
import { readBridgePort } from './bridge-port.ts';
import type { DeviceReader } from './scalar.ts';

/** The options of bridge ports by device name: `bridge -j -d link show`. @source iproute2 bridge/link.c print_linkinfo */
export function readBridgePorts(rows: readonly Field[], device: DeviceReader): Map<string, BridgePort> {
  const ports = new Map<string, BridgePort>();
  for (const row of rows) {
    const dev = device(row.get('ifname').required('a device name'));
    if (dev !== null && row.get('master').present) ports.set(dev, readBridgePort(row));
  }
  return ports;
}
