import { PREROUTING } from '../netfilter/hook.ts';
import { ANY } from '../../wire/ipv4.ts';
import { TCP, UDP } from '../../wire/proto.ts';
import { type CtEntry, IPS_CONFIRMED, IPS_DST_NAT, IPS_SRC_NAT } from '../conntrack/entry.ts';
import { nullBinding, translate } from '../conntrack/nat.ts';
import { conntrackIn } from '../conntrack/track.ts';
import type { Device } from '../device.ts';
import type { FlowCache } from '../flow-cache/flow-cache.ts';
import { foresee } from '../flow-cache/foresee.ts';
import type { ReceivedWay } from '../flow-cache/way.ts';
import { CT_NONE, PACKET_HOST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { forwardedByExceptions } from './exceptions.ts';
import { FEW_HOPS } from './ip-forward.ts';
import { neighOutput } from './neighbour.ts';
import { confirmed } from './nf-conntrack.ts';
import { deliverToSocket } from './socket.ts';

/**
 * Takes a received packet in one step along the way that packets of its flow go, from ip_rcv to the neighbour or the socket. It does what
 * the stages between would have done: conntrack, the bindings that NAT gives to a connection that no rule translates, the TTL. What is
 * not that simple is left to them, and nothing is done yet that they would not do, too.
 * @returns false when the packet must go step by step
 * @source compare net/netfilter/nf_flow_table_ip.c nf_flow_offload_ip_hook
 */
export function takeKnownWay(stack: Stack, flows: FlowCache, device: Device, skb: Skb): boolean {
  if (!isPlain(skb)) return false;
  const { firewall } = stack;
  if (firewall.conntrack && (conntrackIn(stack, skb, PREROUTING) !== 'free' || skb.ct === null || isTranslated(skb.ct))) return false;
  const way = flows.received(device, skb) ?? learned(stack, flows, device, skb);
  if (way.kind === 'step-by-step') return false;
  skb.cameBy = device;
  const { ct } = skb;
  const fresh = ct !== null && (ct.status & IPS_CONFIRMED) === 0 ? ct : null;
  if (way.kind === 'local') {
    if (fresh !== null && !settled(stack, skb, fresh)) return true;
    skb.input = way;
    deliverToSocket(stack, device, skb);
    return true;
  }
  const onwards = forwardedByExceptions(stack, skb.dst, way);
  if (skb.lengthBytes > onwards.mtuBytes) return false;
  skb.ttl--;
  skb.crossings = 0;
  skb.flooded = null;
  skb.input = onwards;
  skb.via = onwards;
  if (fresh !== null && !settled(stack, skb, fresh)) return true;
  neighOutput(stack, onwards.device, onwards.gateway === ANY ? skb.dst : onwards.gateway, skb);
  return true;
}

/** The way of the first packet of a flow. */
function learned(stack: Stack, flows: FlowCache, device: Device, skb: Skb): ReceivedWay {
  const foreseen = foresee(stack, device, skb);
  flows.rememberReceived(device, skb, foreseen);
  return foreseen.way;
}

/** What remembers how packets like this one were routed; null where it must be looked up. */
export function flowsOfSender({ flows, effects }: Stack, skb: Skb): FlowCache | null {
  if (flows === null || effects.recorder !== null) return null;
  const isPlain =
    (skb.proto === UDP || skb.proto === TCP) &&
    skb.mark === 0 &&
    skb.tos === 0 &&
    skb.dst !== ANY &&
    skb.boundDev === null &&
    !skb.byKernel;
  return isPlain ? flows : null;
}

/** Whether nothing about a packet asks for a stage of its own: no mark, fragment, bridge or tunnel, hops enough. */
function isPlain(skb: Skb): boolean {
  return (
    (skb.proto === UDP || skb.proto === TCP) &&
    skb.packetType === PACKET_HOST &&
    skb.ttl > FEW_HOPS &&
    skb.mark === 0 &&
    skb.tos === 0 &&
    skb.bridge === null &&
    skb.input === null &&
    skb.ct === null &&
    skb.ctInfo === CT_NONE &&
    skb.inner === null &&
    !skb.moreFragments &&
    skb.fragOffsetBytes === 0 &&
    skb.fragMaxBytes === 0
  );
}

function isTranslated(ct: CtEntry): boolean {
  // A connection that MASQUERADE left as it was is bound to its device all the same.
  return (ct.status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0 || ct.masqIfindex !== 0;
}

/** Binds a new connection to itself and puts it into the table. Only a source port that is taken already changes the packet. */
function settled(stack: Stack, skb: Skb, ct: CtEntry): boolean {
  if (stack.firewall.nat) {
    nullBinding(stack, ct, 'dst');
    nullBinding(stack, ct, 'src');
    translate(skb, ct, 'src');
  }
  return confirmed(stack, skb);
}
