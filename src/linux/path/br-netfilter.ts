import { ANY, formatIpv4 } from '../../wire/ipv4.ts';
import { InvariantError } from '../../wire/invariant.ts';
import type { Device } from '../device.ts';
import { FORWARD, POSTROUTING, PREROUTING } from '../netfilter/hook-env.ts';
import { type Exit, PACKET_HOST, PACKET_OTHERHOST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { bridgeHandleFrameFinish } from './bridge.ts';
import { defragment } from './defragment.ts';
import { fragment } from './fragment.ts';
import { nfHook } from './hooks.ts';
import { connectedMac, neighOutput } from './neighbour.ts';
import { note } from './record.ts';
import { routeReceived } from './route.ts';

/**
 * iptables sees a bridged frame: the IP hooks run inside the bridge, with the bridge as device and the ports as physdev.
 * @source net/bridge/br_netfilter_hooks.c br_nf_pre_routing
 */
export function brNfPreRouting(stack: Stack, bridge: Device, port: Device, skb: Skb): void {
  const wasOtherHost = skb.packetType === PACKET_OTHERHOST;
  if (wasOtherHost) skb.packetType = PACKET_HOST;
  skb.bridge = {
    physIn: port.name,
    physOut: null,
    origDst: skb.dst,
    wasOtherHost,
    inPrerouting: true,
    sabotaged: false,
    bridgedDnat: false,
    fragMaxBytes: 0,
    smac: skb.smac,
  };
  const whole = stack.firewall.conntrack ? defragment(stack, bridge, skb, PREROUTING) : skb;
  if (whole === null) return;
  if (whole.bridge !== null) whole.bridge.fragMaxBytes = whole.fragMaxBytes;
  if (!nfHook(stack, PREROUTING, whole, bridge, null)) return;
  preRoutingFinish(stack, bridge, port, whole);
}

/** @source br_netfilter_hooks.c br_nf_pre_routing_finish */
function preRoutingFinish(stack: Stack, bridge: Device, port: Device, skb: Skb): void {
  const info = skb.bridge;
  if (info === null) throw new InvariantError('a bridged frame has lost what br_netfilter keeps of it');
  info.inPrerouting = false;
  if (info.wasOtherHost) {
    skb.packetType = PACKET_OTHERHOST;
    info.wasOtherHost = false;
  }
  if (skb.dst !== info.origDst) {
    const route = routeReceived(stack, bridge, skb);
    if (route.kind === 'unknown') {
      stack.effects.unknown(stack, skb, route.reason, route.text);
      return;
    }
    // A host that does not forward finds a way that leads nowhere; the frame goes up and ends there.
    if (route.kind === 'drop' && !route.deferred) {
      stack.effects.dropped(stack, skb, route.reason, route.text);
      return;
    }
    if (route.kind === 'forward' && route.device === bridge) {
      skb.input = route;
      bridgedDnat(stack, bridge, port, skb, route);
      return;
    }
    skb.input = route;
    skb.dmac = bridge.mac;
    skb.packetType = PACKET_HOST;
  } else {
    // The bridge's own route in name only takes the place of one that the frame brought along.
    skb.input = null;
  }
  bridgeHandleFrameFinish(stack, bridge, port, skb);
}

/**
 * DNAT to an address on the same bridge: the frame stays bridged and its TTL unchanged; only its destination address moves.
 * @source br_netfilter_hooks.c br_nf_pre_routing_finish_bridge
 */
function bridgedDnat(stack: Stack, bridge: Device, port: Device, skb: Skb, route: Exit): void {
  const nexthop = route.gateway === ANY ? skb.dst : route.gateway;
  note(stack, skb, {
    stage: 'br_netfilter',
    verb: 'BRIDGED',
    text: `DNAT to ${formatIpv4(skb.dst)} stays on ${bridge.name}: bridged, not routed`,
  });
  const known = connectedMac(stack, bridge, nexthop);
  if (known !== null) {
    skb.dmac = known;
    bridgeHandleFrameFinish(stack, bridge, port, skb);
    return;
  }
  if (skb.bridge !== null) {
    skb.bridge.bridgedDnat = true;
    skb.bridge.smac = skb.smac;
  }
  skb.via = route;
  neighOutput(stack, bridge, nexthop, skb);
}

/** @source br_netfilter_hooks.c br_nf_forward_ip */
export function brNfForward(stack: Stack, bridge: Device, to: Device, skb: Skb): boolean {
  const info = skb.bridge;
  if (info === null) return true;
  info.physOut = to.name;
  const other = skb.packetType === PACKET_OTHERHOST;
  if (other) skb.packetType = PACKET_HOST;
  const passed = nfHook(stack, FORWARD, skb, bridge, bridge);
  if (other) skb.packetType = PACKET_OTHERHOST;
  return passed;
}

/**
 * Runs POSTROUTING for a bridged frame and cuts it if it came in fragments or the port takes no more; the pieces are as large as the
 * bridge itself allows.
 * @source br_nf_post_routing, br_nf_dev_queue_xmit, br_nf_ip_fragment
 */
export function brNfPostRouting(stack: Stack, bridge: Device, to: Device, skb: Skb): readonly Skb[] {
  const info = skb.bridge;
  if (info === null) return [skb];
  if (info.physOut === null) return [skb];
  const passed = nfHook(stack, POSTROUTING, skb, null, bridge);
  skb.bridge = null;
  if (!passed) return [];
  const largest = info.fragMaxBytes === 0 ? bridge.mtuBytes : info.fragMaxBytes;
  if (skb.lengthBytes <= to.mtuBytes && (info.fragMaxBytes === 0 || skb.lengthBytes <= largest)) return [skb];
  if ((skb.df && !skb.ignoreDf) || largest > bridge.mtuBytes) {
    stack.effects.dropped(
      stack,
      skb,
      'PKT_TOO_BIG',
      `${skb.lengthBytes} bytes in pieces of ${largest} do not cross ${bridge.name} to ${to.name}`,
    );
    return [];
  }
  return fragment(stack, skb, largest, bridge);
}
