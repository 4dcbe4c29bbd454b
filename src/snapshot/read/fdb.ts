import type { Field } from '../../kube/objects/field.ts';
import type { FdbEntry } from '../../linux/neighbour.ts';
import { type DeviceReader, flagsOf, ipv4Of, isIpv6Text, macOf } from './scalar.ts';

export interface FdbDump {
  readonly entries: readonly FdbEntry[];
  /** Entries with parts that are not modelled, as texts. */
  readonly unmodelled: readonly string[];
}

/**
 * The forwarding databases of `bridge -j fdb show`: the entries of bridges and of vxlan devices. The command also lists the multicast
 * filters of ordinary devices, which forward nothing and are skipped, and a bridge's entries once more for each VLAN, which a bridge
 * without VLAN filtering never looks up.
 * @source iproute2 bridge/fdb.c print_fdb
 */
export function readFdb(rows: readonly Field[], device: DeviceReader, isVxlan: (dev: string) => boolean): FdbDump {
  const entries: FdbEntry[] = [];
  const unmodelled: string[] = [];
  for (const row of rows) {
    const mac = macOf(row.get('mac').required('an Ethernet address'));
    const dev = device(row.get('ifname').required('a device name'));
    const master = device(row.get('master'));
    if (mac === null || dev === null || row.get('vlan').present) continue;
    if (master === null && !isVxlan(dev)) continue;
    if (row.get('nhid').present || isIpv6Text(row.get('dst'))) {
      unmodelled.push(`forwarding entry ${mac} of ${dev}: nexthop objects and IPv6 tunnel ends are not modelled`);
      continue;
    }
    const flags = flagsOf(row.get('flags'));
    entries.push({
      mac,
      dev,
      master,
      state: stateOf(row.get('state')),
      dst: ipv4Of(row.get('dst')),
      vni: row.get('vni').int(0, 0xff_ffff),
      port: row.get('port').int(0, 0xffff),
      externLearn: flags.has('extern_learn'),
      ...(flags.has('sticky') ? { sticky: true } : {}),
    });
  }
  return { entries, unmodelled };
}

/** A fresh entry has an empty state, an ageing one `stale`: both were learned. */
function stateOf(field: Field): FdbEntry['state'] {
  const state = field.value === '' ? '' : field.oneOf(['permanent', 'static', 'stale', 'reachable', 'none'], 'stale');
  return state === 'permanent' || state === 'static' ? state : 'learned';
}
