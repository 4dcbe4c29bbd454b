import { ANY, formatIpv4, ip, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import { attach } from '../conntrack/track.ts';
import type { Device } from '../device.ts';
import type { InputRoute } from '../fib/route-result.ts';
import { SCOPE_LINK } from '../fib/scope.ts';
import { inetSelectAddr } from '../fib/select-address.ts';
import { specificDestination } from '../fib/specific-destination.ts';
import { type Exit, isIcmpError, PACKET_HOST, quote, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { answerTo, emit, type Refusal } from './emit.ts';
import { rateAllows, rateDoubt, redirectNowAndThen, routeErrorAllows } from './icmp-rate.ts';
import { ECHO_REPLY, ECHO_REQUEST, FRAG_NEEDED, HOST_UNREACH, icmpText, REDIRECT, UNREACHABLE } from './icmp-types.ts';
import { ipLocalOut } from './ip-output.ts';
import { learnPathMtu } from './path-mtu.ts';
import { learnRedirect } from './redirect.ts';
import { note, start } from './record.ts';
import { routeSend } from './route.ts';

/** An error quotes no more than makes a packet of this size. @source RFC 1812 4.3.2.3, net/ipv4/icmp.c */
const ERROR_BYTES = 576;
/** The source of an error from a host without an address. @source RFC 7600, include/uapi/linux/in.h INADDR_DUMMY */
const DUMMY: Ipv4 = ip('192.0.0.8');

/**
 * Tells a packet's sender that it did not get through, unless the rules of ICMP forbid it.
 * @param info the next-hop MTU of a fragmentation-needed error
 * @param gateway the nearer one that a redirect names
 * @source net/ipv4/icmp.c __icmp_send
 */
export function icmpSend(stack: Stack, device: Device, skb: Skb, type: number, code: number, info = 0, gateway: Ipv4 = ANY): void {
  if (!mayAnswer(skb)) return;
  if (stack.session.icmpBusy) {
    noteSilence(stack, skb, `no ${icmpText(type, code)} is sent: the kernel is busy sending an ICMP message`);
    return;
  }
  if (isBlind(stack, skb, rateDoubt(stack, type, code))) return;
  const error = errorAbout(stack, device, skb, type, code);
  error.icmpMtuBytes = info;
  error.icmpGateway = gateway;
  const route = routeSend(stack, error);
  if (route.kind === 'unknown') {
    stack.effects.unknown(stack, skb, route.reason, route.text);
    return;
  }
  if (route.kind === 'error') {
    noteSilence(stack, skb, `no ${icmpText(type, code)} can be sent: no route back to ${formatIpv4(skb.src)}`);
    return;
  }
  const cameByLoopback = skb.input !== null && device.isLoopback;
  if (!cameByLoopback && !rateAllows(stack, error.dst, type, code, route.device)) {
    noteSilence(stack, skb, `no ${icmpText(type, code)} is sent: net.ipv4.icmp_ratelimit`);
    return;
  }
  if (error.src === ANY) error.src = DUMMY;
  const room = Math.min(route.mtuBytes, ERROR_BYTES) - 28;
  error.lengthBytes = 28 + Math.min(skb.lengthBytes, room);
  attach(error, skb);
  const { recorder } = stack.effects;
  if (recorder !== null) {
    error.leg = recorder.leg(error.role);
    start(recorder, stack, error);
    const from = error.src;
    note(stack, error, { stage: 'icmp', verb: 'ORIGINATED', text: () => `${icmpText(type, code)} from ${formatIpv4(from)}` });
  }
  withIcmpSocket(stack, () => {
    ipLocalOut(stack, error, route);
  });
}

/** Whether the sender of a packet may be told anything: nobody is about a group's, a fragment's or an error's fate. @source RFC 1122 3.2.2 */
function mayAnswer(skb: Skb): boolean {
  if (skb.packetType !== PACKET_HOST || skb.fragOffsetBytes > 0) return false;
  // A bridged frame has a route in name only, which will do. @source net/bridge/br_nf_core.c br_netfilter_rtable_init
  if (skb.input === null && skb.via === null && skb.bridge === null) return false;
  if (isForMany(skb)) return false;
  return !isIcmpError(skb) && !(skb.proto === ICMP && skb.icmpType > 18);
}

/** Whether a packet's route is one to a broadcast's or a multicast's receivers. @source include/linux/route.h RTCF_BROADCAST, RTCF_MULTICAST */
export function isForMany({ input, via }: Skb): boolean {
  const kinds = [input?.kind, via?.kind];
  return kinds.includes('broadcast') || kinds.includes('multicast');
}

function errorAbout(stack: Stack, device: Device, skb: Skb, type: number, code: number): Skb {
  const { sysctl } = stack.netns;
  const error = new Skb();
  error.proto = ICMP;
  error.icmpType = type;
  error.icmpCode = code;
  error.quoted = quote(skb);
  error.src = sourceOf(stack, device, skb);
  error.dst = skb.src;
  error.ttl = sysctl.ipDefaultTtl;
  error.tos = (skb.tos & 0x1e) | 0xc0;
  error.mark = sysctl.fwmarkReflect ? skb.mark : 0;
  error.local = true;
  error.byKernel = true;
  error.sender = 'kernel';
  error.role = type === REDIRECT ? 'redirect' : 'icmp-error';
  return error;
}

/** The address that was asked; ANY lets the route back choose. */
function sourceOf({ netns }: Stack, device: Device, skb: Skb): Ipv4 {
  if (skb.input?.kind === 'local' || skb.via?.kind === 'local') return skb.dst;
  const { icmpErrorsUseInboundIfaddr } = netns.sysctl;
  return skb.input !== null && icmpErrorsUseInboundIfaddr ? inetSelectAddr(netns, skb.cameBy ?? device, skb.src, SCOPE_LINK) : ANY;
}

function noteSilence(stack: Stack, skb: Skb, text: string): void {
  note(stack, skb, { stage: 'icmp', verb: 'MATCHED', text });
}

/** The kernel has one socket for what ICMP sends: meanwhile it can tell nobody anything else. @source net/ipv4/icmp.c icmp_xmit_lock */
function withIcmpSocket({ session }: Stack, send: () => void): void {
  session.icmpBusy = true;
  try {
    send();
  } finally {
    session.icmpBusy = false;
  }
}

/** A packet that no route takes: its sender is told, a few times a second. @source net/ipv4/route.c ip_error */
export function ipError(stack: Stack, device: Device, skb: Skb, route: Extract<InputRoute, { kind: 'unreachable' }>): void {
  if (routeErrorAllows(stack, skb.src)) icmpSend(stack, device, skb, UNREACHABLE, route.code);
  const what = route.route === null ? 'no route' : `a route of type ${route.route.type}`;
  stack.effects.dropped(stack, skb, route.reason, `${what} to ${formatIpv4(skb.dst)}`);
}

/** Tells a neighbour of a shorter way. @source net/ipv4/route.c ip_rt_send_redirect */
export function sendRedirect(stack: Stack, device: Device, skb: Skb, route: Extract<InputRoute, { kind: 'forward' }>): void {
  if (!route.device.sysctl.sendRedirects) return;
  redirectNowAndThen(stack, skb.src, () => {
    icmpSend(stack, device, skb, REDIRECT, 1, 0, route.gateway === ANY ? skb.dst : route.gateway);
  });
}

/** The next hop did not answer ARP. @source net/ipv4/route.c ipv4_link_failure */
export function hostUnreachable(stack: Stack, device: Device, skb: Skb): void {
  icmpSend(stack, device, skb, UNREACHABLE, HOST_UNREACH);
}

/** An ICMP message for this host. @source net/ipv4/icmp.c icmp_rcv, icmp_echo */
export function icmpRcv(stack: Stack, device: Device, skb: Skb): void {
  if (skb.icmpType !== ECHO_REQUEST) {
    if (skb.quoted !== null && skb.icmpType === UNREACHABLE && skb.icmpCode === FRAG_NEEDED) {
      learnPathMtu(stack, device, skb, skb.quoted);
    }
    if (skb.quoted !== null && skb.icmpType === REDIRECT) learnRedirect(stack, device, skb, skb.quoted);
    stack.effects.arrived(stack, skb, device);
    return;
  }
  const { sysctl } = stack.netns;
  const broadcast = isForMany(skb);
  if (sysctl.icmpEchoIgnoreAll || (broadcast && sysctl.icmpEchoIgnoreBroadcasts)) {
    stack.effects.dropped(stack, skb, 'ICMP_ECHO_IGNORED', 'the host does not answer echo requests here (net.ipv4.icmp_echo_ignore_*)');
    return;
  }
  if (isBlind(stack, skb, rateDoubt(stack, ECHO_REPLY, 0))) return;
  stack.effects.delivered(stack, skb, null);
  const reply = answerTo(stack, skb, ICMP, skb.lengthBytes);
  reply.icmpType = ECHO_REPLY;
  reply.sport = skb.sport;
  reply.dport = 0;
  if (broadcast) {
    const src = specificDestination(stack.netns, skb, device);
    if (src === null) {
      stack.effects.unknown(stack, skb, 'ROUTE_RULE', 'a rule that is not modelled decides which address answers the broadcast');
      return;
    }
    reply.src = src;
  }
  reply.tos = skb.tos;
  reply.mark = sysctl.fwmarkReflect ? skb.mark : 0;
  reply.byKernel = true;
  reply.sender = 'kernel';
  withIcmpSocket(stack, () => {
    emit(stack, reply, 'icmp', echoText, mayReply);
  });
}

function echoText({ dst }: Skb): string {
  return `echo reply to ${formatIpv4(dst)}`;
}

/** @source net/ipv4/icmp.c icmp_reply */
function mayReply(stack: Stack, { dst }: Skb, { device }: Exit): Refusal | null {
  if (rateAllows(stack, dst, ECHO_REPLY, 0, device)) return null;
  return { reason: 'RATE_LIMIT', text: 'no echo reply is sent: net.ipv4.icmp_ratelimit' };
}
