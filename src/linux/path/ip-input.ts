import type { Device } from '../device.ts';
import type { InputRoute } from '../fib/route-result.ts';
import { INPUT, PREROUTING } from '../netfilter/hook-env.ts';
import { PACKET_HOST, PACKET_OTHERHOST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { defragment } from './defragment.ts';
import { takeKnownWay } from './fast-path.ts';
import { nfHook } from './hooks.ts';
import { ipError } from './icmp.ts';
import { ipForward } from './ip-forward.ts';
import { noteInputRoute } from './note-route.ts';
import { routeReceived } from './route.ts';
import { deliverToSocket } from './socket.ts';

/** An IPv4 packet comes in by a device. @source net/ipv4/ip_input.c ip_rcv */
export function ipRcv(stack: Stack, device: Device, skb: Skb): void {
  if (stack.flows !== null && stack.effects.recorder === null && takeKnownWay(stack, stack.flows, device, skb)) return;
  const whole = preRouting(stack, device, skb);
  if (whole !== null) ipRcvFinish(stack, device, whole);
}

/** Several come in at once: all have passed PREROUTING before the first goes on. @source net/ipv4/ip_input.c ip_sublist_rcv, NF_HOOK_LIST */
export function ipListRcv(stack: Stack, device: Device, skbs: readonly Skb[]): void {
  const passed = skbs.map((skb) => preRouting(stack, device, skb));
  for (const whole of passed) if (whole !== null) ipRcvFinish(stack, device, whole);
}

/** @returns the packet that goes on, which may be one of many fragments; null where none does */
function preRouting(stack: Stack, device: Device, skb: Skb): Skb | null {
  if (skb.packetType === PACKET_OTHERHOST) {
    if (skb.leg !== null) skb.leg.foreign = true;
    // Such a frame is seen by taps alone: a path does not count it as a visit, unless a bridge or a tunnel took it first.
    if (skb.hop !== null && skb.hop.in === device.name) {
      skb.hop.in = null;
      skb.hop.rx = null;
    }
    stack.effects.dropped(stack, skb, 'OTHERHOST', `the frame is for ${skb.dmac}, not for ${device.name} (${device.mac})`);
    return null;
  }
  if (skb.bridge !== null && !skb.bridge.sabotaged && !skb.bridge.inPrerouting) {
    // The bridge has run PREROUTING for this frame already. @source br_netfilter_hooks.c ip_sabotage_in
    skb.bridge.sabotaged = true;
    return skb;
  }
  const whole = stack.firewall.conntrack ? defragment(stack, device, skb, PREROUTING) : skb;
  return whole !== null && nfHook(stack, PREROUTING, whole, device, null) ? whole : null;
}

/** Decides where a received packet goes. @source net/ipv4/ip_input.c ip_rcv_finish */
function ipRcvFinish(stack: Stack, device: Device, skb: Skb): void {
  // Where the bridge looked the way up already, what it found of a redirect is lost with the control block.
  const mayRedirect = skb.input === null;
  const route = skb.input ?? routeReceived(stack, device, skb);
  skb.cameBy = device;
  skb.input = route;
  if (stack.effects.recorder !== null) noteInputRoute(stack, device, skb, route);
  if (isMisaddressed(device, skb, route)) {
    const text = `a packet to one host in a frame for many (drop_unicast_in_l2_multicast of ${device.name})`;
    stack.effects.dropped(stack, skb, 'UNICAST_IN_L2_MULTICAST', text);
    return;
  }
  switch (route.kind) {
    case 'forward':
      skb.via = route;
      ipForward(stack, device, skb, route, mayRedirect);
      return;
    case 'local':
    case 'broadcast':
    case 'multicast':
      ipLocalDeliver(stack, device, skb);
      return;
    case 'drop':
      stack.effects.dropped(stack, skb, route.reason, route.text);
      return;
    case 'unreachable':
      ipError(stack, device, skb, route);
      return;
    case 'unknown':
      stack.effects.unknown(stack, skb, route.reason, route.text);
  }
}

/** @source net/ipv4/ip_input.c ip_rcv_finish_core */
function isMisaddressed({ sysctl }: Device, { packetType }: Skb, { kind }: InputRoute): boolean {
  if (!sysctl.dropUnicastInL2Multicast || packetType === PACKET_HOST) return false;
  return kind === 'local' || kind === 'forward' || kind === 'unreachable';
}

/** A packet for this host. @source net/ipv4/ip_input.c ip_local_deliver */
function ipLocalDeliver(stack: Stack, device: Device, skb: Skb): void {
  const whole = skb.moreFragments || skb.fragOffsetBytes > 0 ? defragment(stack, device, skb, INPUT) : skb;
  if (whole === null) return;
  if (!nfHook(stack, INPUT, whole, device, null)) return;
  deliverToSocket(stack, device, whole);
}
