import type { Field } from '../../kube/objects/field.ts';
import type { Link, LinkKind } from '../../linux/link.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import { readBridgePort } from './bridge-port.ts';
import { optionsThatAreOn } from './options.ts';
import { deviceOf, flagsOf, ipv4Of, macOf, numberOf, UINT32_MAX } from './scalar.ts';

/** A link as `ip -j -d link show` has it, still without addresses and wires. */
export interface LinkRow {
  readonly link: Link;
  readonly field: Field;
  /** What the row says of it as a port of a bridge. */
  readonly portData: Field | null;
  /** The other end of a veth pair inside the same namespace. */
  readonly peer: string | null;
}

const MAX_MTU = 0x7fff_ffff;

/** Reads one row; null when it names no device. @source iproute2 ip/ipaddress.c print_linkinfo */
export function readLink(row: Field): LinkRow | null {
  const name = deviceOf(row.get('ifname').required('a device name'));
  if (name === null) return null;
  const flags = flagsOf(row.get('flags'));
  const master = deviceOf(row.get('master'));
  const promiscuity = row.get('promiscuity').int(0, UINT32_MAX) ?? 0;
  const kind = linkKind(row);
  const info = row.mapping('linkinfo');
  const portData = info.get('info_slave_kind').value === 'bridge' ? info.mapping('info_slave_data') : null;
  const link: Link = {
    name,
    ifindex: row.get('ifindex').required('an interface index').int(1, MAX_MTU) ?? 0,
    kind,
    mac: kind.type === 'unknown' ? ZERO_MAC : (macOf(row.get('address')) ?? ZERO_MAC),
    mtuBytes: row.get('mtu').required('an MTU').int(0, MAX_MTU) ?? 1500,
    up: flags.has('UP'),
    carrier: flags.has('LOWER_UP'),
    // A bridge counts once in its ports; beyond that, and where the flag shows, somebody asked for it.
    promisc: flags.has('PROMISC') || promiscuity > (portData === null ? 0 : 1),
    noarp: flags.has('NOARP'),
    multicast: flags.has('MULTICAST'),
    addresses: [],
    master,
    port: portData === null ? null : readBridgePort(portData),
  };
  const isVeth = kind.type === 'veth' && !row.get('link_netnsid').present;
  return { link, field: row, portData, peer: isVeth ? deviceOf(row.get('link')) : null };
}

function linkKind(row: Field): LinkKind {
  const info = row.mapping('linkinfo');
  const data = info.mapping('info_data');
  const driver = info.get('info_kind').text(32);
  const linkType = row.get('link_type').text(32);
  switch (driver) {
    case null:
      if (linkType === 'loopback') return { type: 'loopback' };
      return linkType === 'ether' ? { type: 'end', wire: null, nic: null } : { type: 'unknown', driver: linkType ?? 'none' };
    case 'veth':
      return { type: 'veth', wire: null };
    case 'dummy':
      return { type: 'dummy' };
    case 'bridge':
      return {
        type: 'bridge',
        vlanFiltering: (data.get('vlan_filtering').int(0, 1) ?? 0) === 1,
        stp: (data.get('stp_state').int(0, 2) ?? 0) !== 0,
        ageingMs: (data.get('ageing_time').int(0, UINT32_MAX) ?? 30_000) * 10,
        ...(data.get('nf_call_iptables').int(0, 1) === 1 ? { nfCallIptables: true } : {}),
      };
    case 'vxlan':
      return vxlan(data);
    case 'vlan': {
      const id = data.get('id').required('a VLAN id').int(0, 4095);
      const lower = deviceOf(row.get('link'));
      // The lower device may lie in another namespace, where no name reaches it.
      return id === null || lower === null ? { type: 'unknown', driver: 'vlan' } : { type: 'vlan', id, lower };
    }
    default:
      return { type: 'unknown', driver };
  }
}

/** Options of a vxlan device that are modelled, or that decide nothing of an IPv4 packet's way. What else is on is not modelled. */
const VXLAN_KNOWN: ReadonlySet<string> = new Set(
  [
    'id port port_range local remote link link_index learning proxy ttl tos df ageing',
    'ttl_inherit localbypass udp_csum udp_zero_csum6_tx udp_zero_csum6_rx label label_policy',
  ].flatMap((line) => line.split(' ')),
);

/** @source iproute2 ip/iplink_vxlan.c vxlan_print_opt */
function vxlan(data: Field): LinkKind {
  const range = data.mapping('port_range');
  const ttl = data.get('ttl').value === 'inherit' ? 'inherit' : numberOf(data.get('ttl'), 0, 255);
  const tos = data.get('tos').value === 'inherit' ? 1 : (numberOf(data.get('tos'), 0, 255) ?? 0);
  const unmodelled = optionsThatAreOn(data, VXLAN_KNOWN);
  if (data.get('localbypass').value === false) unmodelled.push('localbypass');
  if (ttl === 'inherit' || data.get('ttl_inherit').value === true) unmodelled.push('ttl inherit');
  return {
    type: 'vxlan',
    vni: data.get('id').int(0, 0xff_ffff) ?? 0,
    port: data.get('port').int(0, 0xffff) ?? 8472,
    local: ipv4Of(data.get('local')),
    remote: ipv4Of(data.get('remote')),
    dev: deviceOf(data.get('link')),
    learning: data.get('learning').bool(true),
    ttl: ttl === 'inherit' || ttl === 0 ? null : ttl,
    tos: tos === 1 ? 'inherit' : tos,
    df: data.get('df').oneOf(['unset', 'set', 'inherit'], 'unset'),
    ageingMs: (data.get('ageing').int(0, UINT32_MAX) ?? 300) * 1000,
    srcPortMin: range.get('low').int(0, 0xffff) ?? 0,
    srcPortMax: range.get('high').int(0, 0xffff) ?? 0,
    proxy: data.get('proxy').bool(false),
    unmodelled,
  };
}
