import type { Field } from '../../kube/objects/field.ts';
import { type BridgePort, DEFAULT_BRIDGE_PORT } from '../../linux/link.ts';
import { optionsThatAreOn } from './options.ts';

const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** The port options, as `ip -d link` and `bridge -d link` both name them. @source iproute2 ip/iplink_bridge_slave.c */
export function readBridgePort(data: Field): BridgePort {
  const standard = DEFAULT_BRIDGE_PORT;
  return {
    hairpin: data.get('hairpin').bool(standard.hairpin),
    learning: data.get('learning').bool(standard.learning),
    flood: data.get('flood').bool(standard.flood),
    bcastFlood: data.get('bcast_flood').bool(standard.bcastFlood),
    mcastFlood: data.get('mcast_flood').bool(standard.mcastFlood),
    isolated: data.get('isolated').bool(standard.isolated),
    guard: data.get('guard').bool(standard.guard),
    neighSuppress: data.get('neigh_suppress').bool(standard.neighSuppress),
    state: data.get('state').oneOf(PORT_STATES, standard.state),
  };
}

/** What is modelled, and what no IPv4 or ARP frame is asked for: the spanning tree, group membership, link-local groups, counters. */
const HARMLESS: ReadonlySet<string> = new Set(
  [
    'hairpin learning flood bcast_flood mcast_flood isolated guard neigh_suppress state',
    'priority cost root_block id no designated_port designated_cost bridge_id root_id',
    'hold_timer message_age_timer forward_delay_timer topology_change_ack config_pending',
    'fastleave multicast_router mcast_router mcast_max_groups mcast_n_groups group_fwd_mask group_fwd_mask_str',
    'ifindex ifname link link_index link_netnsid flags mtu master operstate hwmode',
  ].flatMap((line) => line.split(' ')),
);

/** Options that are on and not modelled, by name: `locked`, `proxy_arp`, and those of kernels to come. */
export function unmodelledOptions(data: Field): readonly string[] {
  return optionsThatAreOn(data, HARMLESS);
}
