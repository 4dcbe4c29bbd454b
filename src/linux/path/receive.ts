import { BROADCAST_MAC, isGroupMac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST, type PacketType, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { arpRcv } from './arp.ts';
import { isBlind } from './blind.ts';
import { bridgeHandleFrame } from './bridge.ts';
import { ipRcv } from './ip-input.ts';
import { enter, headerOf } from './record.ts';

/** A frame arrives by the far end of a wire. @source net/core/dev.c netif_receive_skb */
export function receive(stack: Stack, device: Device, skb: Skb): void {
  const { recorder } = stack.effects;
  if (!device.up) {
    stack.effects.dropped(stack, skb, 'DEV_READY', `${device.name} is down`);
    return;
  }
  if (recorder !== null) enter(recorder, stack, device.name, skb);
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.missing('link') ?? stack.gaps.onDevice(device.name))) return;
  skb.local = false;
  skb.input = null;
  skb.via = null;
  skb.packetType = packetType(device, skb);
  if (device.bridge !== null) bridgeHandleFrame(stack, device.bridge, device, skb);
  else netifReceive(stack, device, skb);
}

/** A packet that this namespace sent to itself. Its route is known; conntrack goes with it. @source drivers/net/loopback.c loopback_xmit */
export function receiveLoopback(stack: Stack, device: Device, skb: Skb): void {
  if (stack.effects.recorder !== null && skb.hop !== null) {
    skb.hop.in = device.name;
    skb.hop.rx = headerOf(skb);
  }
  skb.local = false;
  skb.packetType = skb.packetType === PACKET_BROADCAST ? PACKET_BROADCAST : PACKET_HOST;
  netifReceive(stack, device, skb);
}

/** Gives a frame to the protocol it carries. @source net/core/dev.c __netif_receive_skb_core */
export function netifReceive(stack: Stack, device: Device, skb: Skb): void {
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.onDevice(device.name))) return;
  if (skb.arp !== null) arpRcv(stack, device, skb);
  else ipRcv(stack, device, skb);
}

/** @source net/ethernet/eth.c eth_type_trans */
export function packetType(device: Device, skb: Skb): PacketType {
  const { dmac } = skb;
  if (dmac === device.link.mac) return PACKET_HOST;
  if (dmac === BROADCAST_MAC) return PACKET_BROADCAST;
  return isGroupMac(dmac) ? PACKET_MULTICAST : PACKET_OTHERHOST;
}
