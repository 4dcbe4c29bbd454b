import { BROADCAST_MAC, isGroupMac, type Mac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import { confirm } from '../conntrack/confirm.ts';
import { runEbtables } from '../netfilter/run-ebtables.ts';
import type { EbTableName } from '../netfilter/ebtables.ts';
import { CT_NONE, PACKET_HOST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { deviceTransmit } from './device.ts';
import { brNfForward, brNfPostRouting, brNfPreRouting } from './br-netfilter.ts';
import { fdbOf, fdbRows } from './fdb.ts';
import { flowHash } from './flow-hash.ts';
import { suppressArp, suppressesNeighbours } from './neigh-suppress.ts';
import { forkSkb, headerOf, note, tapped, through } from './record.ts';
import { netifReceive } from './receive.ts';

/** A dumped permanent entry of a bridge is an address of the bridge itself; a learned or static one leads to a port. */
const OURS = Symbol('ours');

/** A frame comes in by a port. @source net/bridge/br_input.c br_handle_frame */
export function bridgeHandleFrame(stack: Stack, bridge: Device, port: Device, skb: Skb): void {
  const state = port.link.port?.state ?? 'forwarding';
  if (isGroupMac(skb.smac) || state === 'disabled' || state === 'blocking' || state === 'listening') {
    stack.effects.dropped(stack, skb, 'BRIDGE_INGRESS', `port ${port.name} of ${bridge.name} takes no frames (${state})`);
    return;
  }
  if (skb.dmac === bridge.mac) skb.packetType = PACKET_HOST;
  if (isBlindBridge(stack, bridge, skb)) return;
  if (!ebtables(stack, 'nat', 'PREROUTING', skb, port, null, bridge)) return;
  if (skb.arp === null && callsIptables(stack, bridge)) brNfPreRouting(stack, bridge, port, skb);
  else bridgeHandleFrameFinish(stack, bridge, port, skb);
}

/** @source net/bridge/br_netfilter_hooks.c br_nf_pre_routing */
function callsIptables({ netns }: Stack, { link: { kind } }: Device): boolean {
  return netns.sysctl.bridgeNfCallIptables || (kind.type === 'bridge' && kind.nfCallIptables === true);
}

function isBlindBridge(stack: Stack, bridge: Device, skb: Skb): boolean {
  const { gaps } = stack;
  const { kind } = bridge.link;
  if (gaps !== null && isBlind(stack, skb, gaps.missing('brlink', 'fdb', 'ebtables', 'sysctl') ?? gaps.takingAll('BRIDGE'))) return true;
  if (kind.type === 'bridge' && kind.vlanFiltering)
    return isBlind(stack, skb, { reason: 'BRIDGE_VLAN', text: `the VLANs of ${bridge.name} (vlan_filtering) are not modelled` });
  return skb.arp !== null && gaps !== null && bridge.ports.some(suppressesNeighbours) && isBlind(stack, skb, gaps.missing('neigh'));
}

/** Learns, looks the destination up, and sends the frame on. @source net/bridge/br_input.c br_handle_frame_finish */
export function bridgeHandleFrameFinish(stack: Stack, bridge: Device, port: Device, skb: Skb): void {
  const options = port.link.port;
  if (options?.learning !== false) learn(stack, bridge, port, skb.smac);
  const promisc = bridge.link.promisc;
  const group = isGroupMac(skb.dmac);
  if (options?.state === 'learning') {
    stack.effects.dropped(stack, skb, 'BRIDGE_INGRESS', `port ${port.name} only learns`);
    return;
  }
  const isAnswered = skb.arp !== null && suppressArp(stack, bridge, port, skb, portOf(stack, bridge));
  const localReceive = promisc || group;
  if (group) {
    flood(stack, bridge, port, skb, true, isAnswered);
    return;
  }
  const found = lookup(stack, bridge, skb.dmac);
  if (found === OURS) {
    passFrameUp(stack, bridge, port, skb, false);
    return;
  }
  if (found === null) {
    flood(stack, bridge, port, skb, localReceive, isAnswered);
    return;
  }
  if (!shouldDeliver(found, port)) {
    if (localReceive) passFrameUp(stack, bridge, port, skb, promisc);
    else stack.effects.dropped(stack, skb, 'BRIDGE_EGRESS', egressText(found, port));
    return;
  }
  if (localReceive) {
    // The copy goes on, the packet itself up. @source br_forward.c br_forward
    bridgeForward(stack, bridge, port, found, forkSkb(stack, skb));
    passFrameUp(stack, bridge, port, skb, promisc);
  } else {
    bridgeForward(stack, bridge, port, found, skb);
  }
}

function egressText(to: Device, from: Device): string {
  return to === from
    ? `the frame would leave by its own port ${from.name}, and hairpin mode is off`
    : `port ${to.name} does not take frames from ${from.name}`;
}

/** @source net/bridge/br_fdb.c br_fdb_update */
function learn(stack: Stack, bridge: Device, port: Device, address: Mac): void {
  if (ageingMsOf(bridge) === 0 || lookup(stack, bridge, address) === OURS) return;
  const fdb = fdbOf(stack, bridge);
  const known = fdb.get(address);
  if (known?.port === port.name) known.atMs = stack.effects.nowMs;
  else fdb.set(address, { port: port.name, vtep: null, atMs: stack.effects.nowMs });
}

/** @source net/bridge/br_fdb.c br_fdb_find_rcu */
function lookup(stack: Stack, bridge: Device, address: Mac): Device | typeof OURS | null {
  const [entry] = fdbRows(stack, bridge, address);
  if (entry?.state === 'permanent') return OURS;
  // Somebody may have put another in its place.
  if (entry === undefined && (address === bridge.mac || bridge.ports.some(({ mac }) => mac === address))) return OURS;
  const seen = stack.session.fdb.get(bridge.name)?.get(address);
  // A static entry moves with its station as any other does; only that it never ages.
  if (
    seen !== undefined &&
    seen.port !== null &&
    entry?.sticky !== true &&
    (entry?.state === 'static' || !isOld(stack, bridge, seen.atMs))
  ) {
    const port = stack.netns.deviceByName.get(seen.port);
    if (port?.bridge === bridge) return port;
  }
  if (entry === undefined) return null;
  // What was learned when the tables were taken counts as seen at the session's start; what somebody put there stays until it moves.
  const stays = entry.state === 'static' || (entry.externLearn && (seen === undefined || seen.port === entry.dev));
  if (!stays && (stack.session.cold || isOld(stack, bridge, 0))) return null;
  return stack.netns.deviceByName.get(entry.dev) ?? null;
}

/** The port behind which a station is; null where it is the bridge itself. */
function portOf(stack: Stack, bridge: Device): (address: Mac) => Device | null | undefined {
  return (address) => {
    const found = lookup(stack, bridge, address);
    return found === OURS ? ownPort(stack, bridge, address) : (found ?? undefined);
  };
}

/**
 * The port that an address of the bridge's own belongs to: of a port and a bridge with one address, whoever had it first. Null: the bridge.
 * @source net/bridge/br_fdb.c fdb_add_local
 */
function ownPort(stack: Stack, bridge: Device, address: Mac): Device | null {
  const [entry] = fdbRows(stack, bridge, address);
  return bridge.ports.find(({ name, mac }) => (entry === undefined ? mac === address : name === entry.dev)) ?? null;
}

/** @source net/bridge/br_fdb.c has_expired */
function isOld(stack: Stack, bridge: Device, seenAtMs: number): boolean {
  return stack.effects.nowMs - seenAtMs >= ageingMsOf(bridge);
}

function ageingMsOf({ link: { kind } }: Device): number {
  return kind.type === 'bridge' ? kind.ageingMs : 0;
}

/** @source net/bridge/br_forward.c should_deliver */
function shouldDeliver(to: Device, from: Device | null): boolean {
  const options = to.link.port;
  if (to === from && options?.hairpin !== true) return false;
  if ((options?.state ?? 'forwarding') !== 'forwarding' || !to.up) return false;
  return !(from?.link.port?.isolated === true && options?.isolated === true);
}

/**
 * A frame that was flooded here before has come back by another port than it left by, or by one that it came by before: it will for ever,
 * growing with every further way between the bridges. One that comes back by the port that it left by met a port that reflects.
 */
function isLooping(stack: Stack, bridge: Device, from: Device | null, skb: Skb): boolean {
  for (let flooded = skb.flooded; flooded !== null; flooded = flooded.before) {
    if (flooded.bridge !== bridge || (flooded.to === from && flooded.from !== from)) continue;
    const port = from === null ? '' : ` by ${from.name}`;
    stack.effects.storm(stack, skb, `layer-2 loop: a frame that ${bridge.name} flooded comes back${port}`);
    return true;
  }
  return false;
}

/**
 * @param isAnswered whether ports that suppress neighbours are passed over
 * @source net/bridge/br_forward.c br_flood
 */
function flood(stack: Stack, bridge: Device, from: Device | null, skb: Skb, localReceive: boolean, isAnswered: boolean): void {
  if (isLooping(stack, bridge, from, skb)) return;
  const broadcast = skb.dmac === BROADCAST_MAC;
  const group = isGroupMac(skb.dmac);
  const targets = bridge.ports.filter((port) => {
    const options = port.link.port;
    if (isAnswered && suppressesNeighbours(port)) return false;
    // What this host itself sends to a group goes everywhere.
    if (group && from === null) return shouldDeliver(port, from);
    if (broadcast ? options?.bcastFlood === false : group ? options?.mcastFlood === false : options?.flood === false) return false;
    return shouldDeliver(port, from);
  });
  // Ports are listed newest first. @source br_if.c new_nbp
  targets.reverse();
  if (targets.length === 0 && !localReceive) {
    stack.effects.dropped(stack, skb, 'BRIDGE_EGRESS', `no port of ${bridge.name} takes a frame for ${skb.dmac}`);
    return;
  }
  const { flooded: before } = skb;
  const copies = targets.map((_, i) => (i === targets.length - 1 && !localReceive ? skb : forkSkb(stack, skb)));
  for (const [i, port] of targets.entries()) {
    const copy = copies[i];
    if (copy === undefined) continue;
    copy.flooded = { bridge, from, to: port, before };
    bridgeForward(stack, bridge, from, port, copy);
  }
  if (!localReceive || from === null) return;
  skb.flooded = { bridge, from, to: null, before };
  passFrameUp(stack, bridge, from, skb, bridge.link.promisc);
}

/** Out by a port; `from` null for a frame of this host. @source net/bridge/br_forward.c __br_forward */
function bridgeForward(stack: Stack, bridge: Device, from: Device | null, to: Device, skb: Skb): void {
  const parts = mayLeave(stack, bridge, from, to, skb) ? brNfPostRouting(stack, bridge, to, skb) : [];
  const sent = parts.filter((part) => pushToPort(stack, to, part));
  if (sent.length === 0 && skb.leg !== null) skb.leg.foreign = true;
}

function mayLeave(stack: Stack, bridge: Device, from: Device | null, to: Device, skb: Skb): boolean {
  if (from === null) {
    if (!ebtables(stack, 'nat', 'OUTPUT', skb, null, to, bridge) || !ebtables(stack, 'filter', 'OUTPUT', skb, null, to, bridge))
      return false;
  } else {
    if (stack.effects.recorder !== null && skb.hop !== null) {
      if (skb.hop.through.at(-1) !== bridge.name) through(skb, bridge.name);
      note(stack, skb, { stage: 'bridge', verb: 'BRIDGED', text: `${bridge.name}: ${from.name} to ${to.name}` });
    }
    if (!ebtables(stack, 'filter', 'FORWARD', skb, from, to, bridge)) return false;
    if (skb.bridge !== null && !brNfForward(stack, bridge, to, skb)) return false;
  }
  // By which port it came is not told any more. @source net/bridge/br_forward.c br_forward_finish
  return ebtables(stack, 'nat', 'POSTROUTING', skb, null, to, bridge);
}

/** @returns whether it was sent @source net/bridge/br_forward.c br_dev_queue_push_xmit */
function pushToPort(stack: Stack, to: Device, skb: Skb): boolean {
  if (skb.lengthBytes > to.mtuBytes + 4) {
    stack.effects.dropped(
      stack,
      skb,
      'PKT_TOO_BIG',
      `${skb.lengthBytes} bytes do not fit the MTU ${to.mtuBytes} of bridge port ${to.name}`,
    );
    return false;
  }
  deviceTransmit(stack, to, skb);
  return true;
}

/** Up to this host's own protocols, as if the bridge device had received it. @source net/bridge/br_input.c br_pass_frame_up */
function passFrameUp(stack: Stack, bridge: Device, from: Device, skb: Skb, promisc: boolean): void {
  if (!ebtables(stack, 'filter', 'INPUT', skb, from, null, bridge)) return;
  if (promisc && stack.promiscResetsConntrack) {
    skb.ct = null;
    skb.ctInfo = CT_NONE;
  } else if (skb.ct !== null && skb.packetType !== PACKET_HOST) {
    // @source net/bridge/br_netfilter_hooks.c br_nf_local_in
    if (!confirm(stack, skb)) return;
  }
  if (!bridge.up) {
    stack.effects.dropped(stack, skb, 'DEV_READY', `${bridge.name} is down`);
    return;
  }
  const { recorder, nowMs } = stack.effects;
  if (recorder !== null && skb.hop !== null && !skb.trailing) {
    // The bridge device receives the frame as br_netfilter left it, which is what a tap on it shows.
    if (skb.hop.in === from.name) {
      skb.hop.rxPort ??= skb.hop.rx;
      skb.hop.rx = recorder.frame(nowMs, headerOf(skb));
    }
    if (skb.hop.through.at(-1) !== bridge.name) skb.hop.through.push(bridge.name);
  }
  tapped(stack, skb, bridge.name, false);
  netifReceive(stack, bridge, skb);
}

/** The bridge device sends a frame of this host. @source net/bridge/br_device.c br_dev_xmit */
export function bridgeTransmit(stack: Stack, bridge: Device, skb: Skb): void {
  if (skb.bridge?.bridgedDnat === true) {
    // The neighbour code wrote the header; the frame goes on as the bridged one it was. @source br_nf_pre_routing_finish_bridge_slow
    const port = stack.netns.deviceByName.get(skb.bridge.physIn);
    skb.bridge.bridgedDnat = false;
    skb.smac = skb.bridge.smac;
    if (port !== undefined) bridgeHandleFrameFinish(stack, bridge, port, skb);
    return;
  }
  if (isBlindBridge(stack, bridge, skb)) return;
  skb.sending = false;
  skb.bridge = null;
  const isAnswered = skb.arp !== null && suppressArp(stack, bridge, null, skb, portOf(stack, bridge));
  if (isGroupMac(skb.dmac)) {
    flood(stack, bridge, null, skb, false, isAnswered);
    return;
  }
  const found = lookup(stack, bridge, skb.dmac);
  if (found === OURS) {
    const port = ownPort(stack, bridge, skb.dmac);
    if (port !== null && shouldDeliver(port, null)) bridgeForward(stack, bridge, null, port, skb);
    else stack.effects.dropped(stack, skb, 'BRIDGE_EGRESS', `${skb.dmac} is ${bridge.name}'s own address`);
    return;
  }
  if (found === null) flood(stack, bridge, null, skb, false, isAnswered);
  else if (shouldDeliver(found, null)) bridgeForward(stack, bridge, null, found, skb);
  else stack.effects.dropped(stack, skb, 'BRIDGE_EGRESS', `port ${found.name} of ${bridge.name} takes no frames`);
}

function ebtables(
  stack: Stack,
  table: EbTableName,
  chain: string,
  skb: Skb,
  input: Device | null,
  output: Device | null,
  bridge: Device,
): boolean {
  const tables = stack.netns.tables.ebtables;
  if (tables === null) return true;
  if (stack.effects.isWatched) flowHash(skb);
  const verdict = runEbtables(tables, table, chain, { skb, in: input, out: output, bridge });
  switch (verdict.kind) {
    case 'accept':
      return true;
    case 'drop':
      note(stack, skb, { stage: `ebtables ${table}:${chain}`, verb: 'DROPPED', text: verdict.text, reason: 'EBTABLES_DROP' });
      stack.effects.dropped(stack, skb, 'EBTABLES_DROP', verdict.text);
      return false;
    case 'unknown':
      stack.effects.unknown(stack, skb, verdict.reason, verdict.text);
      return false;
  }
}
