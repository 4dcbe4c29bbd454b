import type { Address, BridgePort, Link, LinkKind } from '../../linux/link.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import { type JsonRow, hexText } from './json-row.ts';

/**
 * A link as `ip -j -d link show` prints it.
 * @param peer the other end of a veth pair in the same namespace, else null
 */
export function linkRow(link: Link, peer: string | null): JsonRow {
  const { kind } = link;
  const loopback = kind.type === 'loopback';
  const flags: [string, boolean][] = [
    ['LOOPBACK', loopback],
    ['BROADCAST', !loopback],
    ['MULTICAST', link.multicast],
    ['NOARP', link.noarp],
    ['PROMISC', link.promisc],
    ['NO-CARRIER', link.up && !link.carrier],
    ['UP', link.up],
    ['LOWER_UP', link.carrier],
  ];
  const info = linkInfo(link);
  return {
    ifindex: link.ifindex,
    ...lowerOf(kind, peer),
    ifname: link.name,
    flags: flags.filter(([, set]) => set).map(([flag]) => flag),
    mtu: link.mtuBytes,
    ...(link.master === null ? {} : { master: link.master }),
    link_type: loopback ? 'loopback' : 'ether',
    address: link.mac,
    broadcast: loopback ? ZERO_MAC : 'ff:ff:ff:ff:ff:ff',
    promiscuity: (link.promisc ? 1 : 0) + (link.port === null ? 0 : 1),
    ...(info === null ? {} : { linkinfo: info }),
  };
}

function lowerOf(kind: LinkKind, peer: string | null): JsonRow {
  if (kind.type === 'vlan') return { link: kind.lower };
  if (kind.type !== 'veth') return {};
  return peer === null ? { link_index: 2, link_netnsid: 0 } : { link: peer };
}

function linkInfo(link: Link): JsonRow | null {
  const kind = kindInfo(link.kind);
  const slave = link.port === null ? null : { info_slave_kind: 'bridge', info_slave_data: portOptions(link.port) };
  return kind === null && slave === null ? null : { ...kind, ...slave };
}

function kindInfo(kind: LinkKind): JsonRow | null {
  switch (kind.type) {
    case 'loopback':
    case 'end':
      return null;
    case 'veth':
    case 'dummy':
      return { info_kind: kind.type };
    case 'unknown':
      return { info_kind: kind.driver };
    case 'vlan':
      return { info_kind: 'vlan', info_data: { protocol: '802.1Q', id: kind.id } };
    case 'bridge':
      return {
        info_kind: 'bridge',
        info_data: {
          ageing_time: kind.ageingMs / 10,
          stp_state: kind.stp ? 1 : 0,
          vlan_filtering: kind.vlanFiltering ? 1 : 0,
          ...(kind.nfCallIptables === true ? { nf_call_iptables: 1 } : {}),
        },
      };
    case 'vxlan':
      return { info_kind: 'vxlan', info_data: vxlanData(kind) };
  }
}

function vxlanData(kind: LinkKind & { type: 'vxlan' }): JsonRow {
  const extra: Record<string, boolean> = {};
  for (const name of kind.unmodelled) if (name !== 'ttl inherit') extra[name] = name !== 'localbypass';
  return {
    id: kind.vni,
    ...(kind.remote === null ? {} : { remote: formatIpv4(kind.remote) }),
    ...(kind.local === null ? {} : { local: formatIpv4(kind.local) }),
    ...(kind.dev === null ? {} : { link: kind.dev }),
    port_range: { low: kind.srcPortMin, high: kind.srcPortMax },
    port: kind.port,
    learning: kind.learning,
    ageing: kind.ageingMs / 1000,
    ...(kind.proxy ? { proxy: true } : {}),
    ...(kind.tos === 0 ? {} : { tos: kind.tos === 'inherit' ? '0x1' : hexText(kind.tos) }),
    ttl: kind.unmodelled.includes('ttl inherit') ? 'inherit' : (kind.ttl ?? 0),
    df: kind.df,
    ...extra,
  };
}

function portOptions(port: BridgePort): JsonRow {
  return {
    state: port.state,
    hairpin: port.hairpin,
    guard: port.guard,
    learning: port.learning,
    flood: port.flood,
    mcast_flood: port.mcastFlood,
    bcast_flood: port.bcastFlood,
    neigh_suppress: port.neighSuppress,
    isolated: port.isolated,
  };
}

/** A bridge port as `bridge -j -d link show` prints it; null for other links. */
export function bridgePortRow(link: Link): JsonRow | null {
  if (link.port === null || link.master === null) return null;
  return { ifindex: link.ifindex, ifname: link.name, mtu: link.mtuBytes, master: link.master, ...portOptions(link.port) };
}

/** A link with its addresses as `ip -j addr show` prints it. */
export function addressRow(link: Link): JsonRow {
  return {
    ifindex: link.ifindex,
    ifname: link.name,
    mtu: link.mtuBytes,
    addr_info: link.addresses.map((address) => addressInfo(address, link.name)),
  };
}

function addressInfo(address: Address, label: string): JsonRow {
  return {
    family: 'inet',
    local: formatIpv4(address.local),
    ...(address.peer === null ? {} : { address: formatIpv4(address.peer) }),
    prefixlen: address.len,
    ...(address.broadcast === null ? {} : { broadcast: formatIpv4(address.broadcast) }),
    scope: address.scope,
    ...(address.secondary ? { secondary: true } : {}),
    ...(address.noprefixroute ? { noprefixroute: true } : {}),
    label,
  };
}
