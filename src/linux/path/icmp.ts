import { ANY, formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import { attach } from '../conntrack/track.ts';
import type { Device } from '../device.ts';
import type { InputRoute } from '../fib/route-result.ts';
import { SCOPE_LINK } from '../fib/scope.ts';
import { inetSelectAddr } from '../fib/select-address.ts';
import type { ErrorBucket } from '../netns-session.ts';
import { isIcmpError, PACKET_HOST, type Quoted, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { answerTo, emit } from './emit.ts';
import { ipLocalOut } from './ip-output.ts';
import { learnPathMtu } from './path-mtu.ts';
import { learnRedirect } from './redirect.ts';
import { note, start } from './record.ts';
import { routeSend } from './route.ts';

const ECHO_REPLY = 0;
export const UNREACHABLE = 3;
const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const TIME_EXCEEDED = 11;
/** Codes of {@link UNREACHABLE}. */
const HOST_UNREACH = 1;
export const PROTO_UNREACH = 2;
export const PORT_UNREACH = 3;
export const FRAG_NEEDED = 4;

/** An error quotes no more than makes a packet of this size. @source RFC 1812 4.3.2.3, net/ipv4/icmp.c */
const ERROR_BYTES = 576;
/** @source net/ipv4/icmp.c XRLIM_BURST_FACTOR */
const BURST_FACTOR = 6;
/** @source net/ipv4/route.c ip_rt_error_burst, ip_rt_error_cost */
const ROUTE_ERROR_BURST_MS = 5_000;
const ROUTE_ERROR_COST_MS = 1_000;
/** @source net/ipv4/route.c ip_rt_redirect_number, ip_rt_redirect_load, ip_rt_redirect_silence */
const REDIRECT_NUMBER = 9;
const REDIRECT_LOAD_MS = 20;
const REDIRECT_SILENCE_MS = 20_480;
/** The time of a redirect has come when it is over. */
const TICK_MS = 1;

/** By code, as far as kernels and rules send them. @source RFC 792, RFC 1812 5.2.7.1 */
const UNREACHABLE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'network unreachable'],
  [HOST_UNREACH, 'host unreachable'],
  [PROTO_UNREACH, 'protocol unreachable'],
  [PORT_UNREACH, 'port unreachable'],
  [FRAG_NEEDED, 'fragmentation needed'],
  [9, 'network prohibited'],
  [10, 'host prohibited'],
  [13, 'administratively prohibited'],
]);

/** `ICMP 3/1 host unreachable` for sentences. */
export function icmpText(type: number, code: number): string {
  if (type === UNREACHABLE) return `ICMP 3/${code} ${UNREACHABLE_NAMES.get(code) ?? 'destination unreachable'}`;
  if (type === TIME_EXCEEDED) return `ICMP 11/${code} ${code === 1 ? 'fragment reassembly time' : 'TTL'} exceeded`;
  if (type === REDIRECT) return `ICMP 5/${code} redirect`;
  return `ICMP ${type}/${code}`;
}

function quote(skb: Skb): Quoted {
  const { src, dst, proto, sport, dport, ttl, icmpType, tcpFlags, lengthBytes, tos, df, id, moreFragments, tcpSeq, tcpAck, mssBytes } = skb;
  return { src, dst, proto, sport, dport, ttl, icmpType, tcpFlags, lengthBytes, tos, df, id, moreFragments, tcpSeq, tcpAck, mssBytes };
}

/**
 * Tells a packet's sender that it did not get through, unless the rules of ICMP forbid it.
 * @param info the next-hop MTU of a fragmentation-needed error
 * @param gateway the nearer one that a redirect names
 * @source net/ipv4/icmp.c __icmp_send
 */
export function icmpSend(stack: Stack, device: Device, skb: Skb, type: number, code: number, info = 0, gateway: Ipv4 = ANY): void {
  const { netns, session } = stack;
  if (skb.packetType !== PACKET_HOST || skb.fragOffsetBytes > 0) return;
  // A bridged frame has a route in name only, which will do. @source net/bridge/br_nf_core.c br_netfilter_rtable_init
  if (skb.input === null && skb.via === null && skb.bridge === null) return;
  if (skb.input?.kind === 'broadcast' || skb.input?.kind === 'multicast' || skb.via?.kind === 'broadcast' || skb.via?.kind === 'multicast')
    return;
  if (isIcmpError(skb) || (skb.proto === ICMP && skb.icmpType > 18)) return;
  if (session.icmpBusy) {
    note(stack, skb, {
      stage: 'icmp',
      verb: 'MATCHED',
      text: `no ${icmpText(type, code)} is sent: the kernel is busy sending an ICMP message`,
    });
    return;
  }
  let source: Ipv4 = ANY;
  if (skb.input?.kind === 'local' || skb.via?.kind === 'local') source = skb.dst;
  else if (skb.input !== null && netns.sysctl.icmpErrorsUseInboundIfaddr)
    source = inetSelectAddr(netns, skb.cameBy ?? device, skb.src, SCOPE_LINK);
  const error = new Skb();
  error.proto = ICMP;
  error.icmpType = type;
  error.icmpCode = code;
  error.icmpMtuBytes = info;
  error.icmpGateway = gateway;
  error.quoted = quote(skb);
  error.src = source;
  error.dst = skb.src;
  error.ttl = netns.sysctl.ipDefaultTtl;
  error.tos = (skb.tos & 0x1e) | 0xc0;
  error.mark = netns.sysctl.fwmarkReflect ? skb.mark : 0;
  error.local = true;
  error.byKernel = true;
  error.sender = 'kernel';
  error.role = type === REDIRECT ? 'redirect' : 'icmp-error';
  const route = routeSend(stack, error);
  if (route.kind === 'error' || route.kind === 'unknown') {
    note(stack, skb, {
      stage: 'icmp',
      verb: 'MATCHED',
      text: `no ${icmpText(type, code)} can be sent: no route back to ${formatIpv4(skb.src)}`,
    });
    return;
  }
  if (!rateAllows(stack, error.dst, type, route.device)) {
    note(stack, skb, { stage: 'icmp', verb: 'MATCHED', text: `no ${icmpText(type, code)} is sent: net.ipv4.icmp_ratelimit` });
    return;
  }
  const room = Math.min(route.mtuBytes, ERROR_BYTES) - 28;
  error.lengthBytes = 28 + Math.min(skb.lengthBytes, room);
  attach(error, skb);
  error.via = route;
  const { recorder } = stack.effects;
  if (recorder !== null) {
    error.leg = recorder.leg(error.role);
    start(recorder, stack, error);
    const from = error.src;
    note(stack, error, { stage: 'icmp', verb: 'ORIGINATED', text: () => `${icmpText(type, code)} from ${formatIpv4(from)}` });
  }
  session.icmpBusy = true;
  ipLocalOut(stack, error);
  session.icmpBusy = false;
}

function bucket(stack: Stack, peer: Ipv4): ErrorBucket {
  const { errorBuckets } = stack.session;
  let found = errorBuckets.get(peer);
  if (found === undefined) {
    found = { tokensMs: 0, lastMs: stack.effects.nowMs - 60_000, redirects: 0 };
    errorBuckets.set(peer, found);
  }
  return found;
}

/** @source net/ipv4/icmp.c icmpv4_xrlim_allow, inet_peer_xrlim_allow */
function rateAllows(stack: Stack, peer: Ipv4, type: number, out: Device): boolean {
  const { icmpRatemask, icmpRatelimitMs } = stack.netns.sysctl;
  if (((1 << type) & icmpRatemask) === 0 || out.isLoopback) return true;
  const b = bucket(stack, peer);
  const now = stack.effects.nowMs;
  b.tokensMs = Math.min(b.tokensMs + now - b.lastMs, BURST_FACTOR * icmpRatelimitMs);
  b.lastMs = now;
  return spend(stack, b, icmpRatelimitMs);
}

/** Takes tokens, which come with time, from a bucket. False where there are not enough yet. */
function spend({ effects }: Stack, b: ErrorBucket, costMs: number): boolean {
  if (costMs > 0 && !effects.hasCome(effects.nowMs + costMs - b.tokensMs)) return false;
  b.tokensMs = Math.max(0, b.tokensMs - costMs);
  return true;
}

/** A packet that no route takes: its sender is told, a few times a second. @source net/ipv4/route.c ip_error */
export function ipError(stack: Stack, device: Device, skb: Skb, route: Extract<InputRoute, { kind: 'unreachable' }>): void {
  const b = bucket(stack, skb.src);
  const now = stack.effects.nowMs;
  b.tokensMs = Math.min(b.tokensMs + now - b.lastMs, ROUTE_ERROR_BURST_MS);
  b.lastMs = now;
  if (spend(stack, b, ROUTE_ERROR_COST_MS)) icmpSend(stack, device, skb, UNREACHABLE, route.code);
  const what = route.route === null ? 'no route' : `a route of type ${route.route.type}`;
  stack.effects.dropped(stack, skb, route.reason, `${what} to ${formatIpv4(skb.dst)}`);
}

/** Tells a neighbour of a shorter way. @source net/ipv4/route.c ip_rt_send_redirect */
export function sendRedirect(stack: Stack, device: Device, skb: Skb, route: Extract<InputRoute, { kind: 'forward' }>): void {
  if (!route.device.sysctl.sendRedirects) return;
  const b = bucket(stack, skb.src);
  const { nowMs: now } = stack.effects;
  if (now > b.lastMs + REDIRECT_SILENCE_MS) {
    b.tokensMs = 0;
    b.redirects = 0;
  }
  if (b.redirects >= REDIRECT_NUMBER) {
    b.lastMs = now;
    return;
  }
  if (b.redirects === 0 || stack.effects.hasCome(b.lastMs + (REDIRECT_LOAD_MS << b.redirects) + TICK_MS)) {
    icmpSend(stack, device, skb, REDIRECT, 1, 0, route.gateway === ANY ? skb.dst : route.gateway);
    b.lastMs = now;
    b.redirects++;
  }
}

/** The next hop did not answer ARP. @source net/ipv4/route.c ipv4_link_failure */
export function hostUnreachable(stack: Stack, device: Device, skb: Skb): void {
  icmpSend(stack, device, skb, UNREACHABLE, HOST_UNREACH);
}

/** An ICMP message for this host. @source net/ipv4/icmp.c icmp_rcv, icmp_echo */
export function icmpRcv(stack: Stack, device: Device, skb: Skb): void {
  if (skb.icmpType !== ECHO_REQUEST) {
    if (skb.quoted !== null && skb.icmpType === UNREACHABLE && skb.icmpCode === FRAG_NEEDED) {
      learnPathMtu(stack, skb, skb.quoted);
    }
    if (skb.quoted !== null && skb.icmpType === REDIRECT) learnRedirect(stack, device, skb, skb.quoted);
    stack.effects.arrived(stack, skb);
    return;
  }
  const { sysctl } = stack.netns;
  const broadcast = skb.input?.kind === 'broadcast' || skb.input?.kind === 'multicast';
  if (sysctl.icmpEchoIgnoreAll || (broadcast && sysctl.icmpEchoIgnoreBroadcasts)) {
    stack.effects.dropped(stack, skb, 'ICMP_ECHO_IGNORED', 'the host does not answer echo requests here (net.ipv4.icmp_echo_ignore_*)');
    return;
  }
  stack.effects.delivered(stack, skb, null);
  const reply = answerTo(stack, skb, ICMP, skb.lengthBytes);
  reply.icmpType = ECHO_REPLY;
  reply.sport = skb.sport;
  reply.dport = 0;
  if (broadcast) reply.src = ANY;
  reply.tos = skb.tos;
  reply.mark = sysctl.fwmarkReflect ? skb.mark : 0;
  reply.byKernel = true;
  reply.sender = 'kernel';
  stack.session.icmpBusy = true;
  emit(stack, reply, 'icmp', ({ dst }) => `echo reply to ${formatIpv4(dst)}`);
  stack.session.icmpBusy = false;
}
