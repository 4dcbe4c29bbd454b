import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { hasPorts } from '../conntrack/tuple.ts';
import type { Device } from '../device.ts';
import { Flow } from '../fib/flow.ts';
import { routeMeHarder as reroute } from '../fib/reroute.ts';
import { routeInput } from '../fib/route-input.ts';
import { routeOutput } from '../fib/route-output.ts';
import { unknownRoute } from '../fib/unknown-route.ts';
import type { InputRoute, OutputRoute } from '../fib/route-result.ts';
import { READS_DPORT, READS_SPORT } from '../netfilter/reads.ts';
import { isIcmpError, KERNEL_UID, type Quoted, Skb } from '../skb.ts';
import type { Socket } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { forwardedByExceptions, sentByExceptions } from './exceptions.ts';
import { flowsOfSender } from './fast-path.ts';
import { noteOutputRoute } from './note-route.ts';

/** What a raw socket that writes its own header is to the routing rules. @source net/ipv4/raw.c raw_sendmsg */
const IPPROTO_RAW = 255;

const flow = new Flow();

/** Where a received packet goes. */
export function routeReceived(stack: Stack, device: Device, skb: Skb): InputRoute {
  const route = routeInput(stack, skb, device);
  return unknownRoute(stack, skb.dst, route) ?? (route.kind === 'forward' ? forwardedByExceptions(stack, skb.dst, route) : route);
}

/**
 * Routes a packet that a socket or the kernel here makes, and chooses its source where it has none.
 * @param raw the packet brings its own header: the look-up sees neither its source nor its protocol
 */
export function routeSend(stack: Stack, skb: Skb, raw = false): OutputRoute {
  const flows = raw ? null : flowsOfSender(stack, skb);
  const known = flows === null ? null : flows.sent(skb);
  if (known !== null) {
    skb.src = known.src;
    return sentByExceptions(stack, skb.dst, known.route);
  }
  flow.reset(skb.dst, raw ? ANY : skb.src);
  if (skb.boundDev !== null) {
    const device = stack.netns.deviceByName.get(skb.boundDev);
    if (device === undefined) return { kind: 'error', errno: 19, text: `there is no device ${skb.boundDev}`, route: null };
    flow.oif = device;
  }
  // @source net/ipv4/icmp.c icmp_route_lookup
  if (isIcmpError(skb)) flow.hashed = skb.quoted;
  flow.mark = skb.mark;
  flow.tos = skb.tos;
  if (skb.byKernel) flow.uid = KERNEL_UID;
  flow.proto = raw ? IPPROTO_RAW : skb.proto;
  if (!raw && hasPorts(skb.proto)) {
    flow.sport = skb.sport;
    flow.dport = skb.dport;
  }
  const { dst, src: boundSrc } = skb;
  const found = routeOutput(stack, flow);
  const route = unknownRoute(stack, dst, found) ?? sentByExceptions(stack, dst, found);
  if (!raw && route.kind !== 'error' && route.kind !== 'unknown') {
    skb.src = flow.src;
    skb.dst = flow.dst;
  }
  if (flows !== null && (found.kind === 'unicast' || found.kind === 'local'))
    flows.rememberSent(skb, boundSrc, found, stack.netns.fib.rulesNeedPorts ? READS_SPORT | READS_DPORT : 0);
  if (stack.effects.recorder !== null) {
    // The key as it was before the look-up chose a source.
    flow.src = raw ? ANY : boundSrc;
    flow.dst = dst;
    noteOutputRoute(stack, skb, route, flow, 'route-output');
  }
  return route;
}

/** By which way this host would send a packet again that an error quotes; nobody reads its ports. @source net/ipv4/route.c __build_flow_key */
export function routeQuoted(stack: Stack, { dst, src, proto, tos }: Quoted, sender: Pick<Socket, 'dev' | 'mark'> | null): OutputRoute {
  flow.reset(dst, src);
  flow.proto = proto;
  flow.tos = tos;
  flow.mark = sender?.mark ?? 0;
  const dev = sender?.dev ?? null;
  flow.oif = dev === null ? null : (stack.netns.deviceByName.get(dev) ?? null);
  return outputBy(stack, dst);
}

/** How this host would answer `sip` from `tip`. */
export function routeBack(stack: Stack, sip: Ipv4, tip: Ipv4): OutputRoute {
  flow.reset(sip, tip);
  return outputBy(stack, sip);
}

function outputBy(stack: Stack, dst: Ipv4): OutputRoute {
  const found = routeOutput(stack, flow);
  return unknownRoute(stack, dst, found) ?? sentByExceptions(stack, dst, found);
}

/** Where an ARP request's target is, from the point of view of the device that was asked. */
export function routeArp(stack: Stack, device: Device, arp: Skb, tip: Ipv4, sip: Ipv4): InputRoute {
  const probe = new Skb();
  probe.src = sip;
  probe.dst = tip;
  probe.mark = arp.mark;
  probe.arp = arp.arp;
  return routeReceived(stack, device, probe);
}

/** Routes a packet again after OUTPUT changed it. Where it has a way, that is now the packet's. */
export function routeMeHarder(stack: Stack, skb: Skb): OutputRoute {
  const bound = skb.boundDev === null ? null : (stack.netns.deviceByName.get(skb.boundDev) ?? null);
  const found = reroute(stack, skb, bound);
  const route = unknownRoute(stack, skb.dst, found) ?? sentByExceptions(stack, skb.dst, found);
  if (route.kind === 'error' || route.kind === 'unknown') return route;
  skb.via = route;
  if (stack.effects.recorder !== null) {
    flow.reset(skb.dst, skb.src);
    flow.mark = skb.mark;
    flow.tos = skb.tos;
    if (skb.byKernel) flow.uid = KERNEL_UID;
    flow.oif = bound;
    noteOutputRoute(stack, skb, route, flow, 'route-again');
  }
  return route;
}
