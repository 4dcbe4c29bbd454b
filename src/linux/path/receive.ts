import { BROADCAST_MAC, isGroupMac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST, type PacketType, type Skb } from '../skb.ts';
import type { Arrival, Stack } from '../stack.ts';
import { arpRcv } from './arp.ts';
import { isBlind } from './blind.ts';
import { bridgeHandleFrame } from './bridge.ts';
import { ipListRcv, ipRcv } from './ip-input.ts';
import { enter, headerOf, tapped } from './record.ts';

/** A frame comes in by a device. @source net/core/dev.c netif_receive_skb */
export function receive(stack: Stack, device: Device, skb: Skb, arrival: Arrival): void {
  switch (arrival) {
    case 'loopback':
      receiveLoopback(stack, device, skb);
      return;
    case 'bypassed':
      receiveBypassed(stack, device, skb);
      return;
    case 'wire':
      if (!entersByWire(stack, device, skb)) return;
      break;
    case 'decapsulated':
  }
  arrive(device, skb);
  tapped(stack, skb, device.name, false);
  if (device.bridge !== null) bridgeHandleFrame(stack, device.bridge, device, skb);
  else netifReceive(stack, device, skb);
}

/**
 * What a tunnel has unpacked comes in together, and IP takes on together what is its own.
 * @source net/core/gro.c gro_normal_list; net/core/dev.c __netif_receive_skb_list_core
 */
export function receiveUnpacked(stack: Stack, device: Device, skbs: readonly Skb[]): void {
  const oneByOne = device.bridge !== null || stack.gaps !== null;
  const together: Skb[] = [];
  for (const skb of skbs) {
    if (oneByOne || skb.arp !== null) {
      ipListRcv(stack, device, together.splice(0));
      receive(stack, device, skb, 'decapsulated');
    } else {
      arrive(device, skb);
      tapped(stack, skb, device.name, false);
      together.push(skb);
    }
  }
  ipListRcv(stack, device, together);
}

/** What was known of a frame where it came from says nothing here. */
function arrive(device: Device, skb: Skb): void {
  skb.local = false;
  skb.input = null;
  skb.via = null;
  skb.bridge = null;
  skb.packetType = packetType(device, skb);
}

function entersByWire(stack: Stack, device: Device, skb: Skb): boolean {
  const { effects, gaps } = stack;
  if (!device.up) {
    effects.dropped(stack, skb, 'DEV_READY', `${device.name} is down`);
    return false;
  }
  if (effects.recorder !== null) enter(effects.recorder, stack, device.name, skb);
  return gaps === null || !isBlind(stack, skb, gaps.missing('link') ?? gaps.onDevice(device.name));
}

/** A packet that this namespace sent to itself. Its route is known; conntrack goes with it. @source drivers/net/loopback.c loopback_xmit */
function receiveLoopback(stack: Stack, device: Device, skb: Skb): void {
  const { recorder, nowMs } = stack.effects;
  if (recorder !== null && skb.hop !== null) {
    if (skb.hop.in === null) {
      skb.hop.in = device.name;
      skb.hop.rx = recorder.frame(nowMs, headerOf(skb));
    } else {
      // What a tunnel sends here came in by another device before.
      enter(recorder, stack, device.name, skb);
    }
  }
  skb.local = false;
  skb.packetType = skb.packetType === PACKET_BROADCAST ? PACKET_BROADCAST : PACKET_HOST;
  tapped(stack, skb, device.name, false);
  netifReceive(stack, device, skb);
}

/** A tunnel led back here. The frame keeps its route, which for a packet that this host made says nothing of how to receive it. */
function receiveBypassed(stack: Stack, device: Device, skb: Skb): void {
  if (skb.input === null && skb.via !== null) {
    skb.input = {
      kind: 'drop',
      reason: 'NOT_SPECIFIED',
      text: `a packet that this host sent into ${device.name} comes out here`,
      route: null,
      deferred: true,
    };
  }
  skb.local = false;
  skb.via = null;
  skb.bridge = null;
  skb.packetType = PACKET_HOST;
  tapped(stack, skb, device.name, false);
  if (device.bridge !== null) bridgeHandleFrame(stack, device.bridge, device, skb);
  else netifReceive(stack, device, skb);
}

/** Gives a frame to the protocol it carries. @source net/core/dev.c __netif_receive_skb_core */
export function netifReceive(stack: Stack, device: Device, skb: Skb): void {
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.onDevice(device.name))) return;
  if (skb.arp !== null) arpRcv(stack, device, skb);
  else ipRcv(stack, device, skb);
}

/** @source net/ethernet/eth.c eth_type_trans */
function packetType(device: Device, skb: Skb): PacketType {
  const { dmac } = skb;
  if (dmac === device.mac) return PACKET_HOST;
  if (dmac === BROADCAST_MAC) return PACKET_BROADCAST;
  return isGroupMac(dmac) ? PACKET_MULTICAST : PACKET_OTHERHOST;
}
