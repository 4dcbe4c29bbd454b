import { ANY, formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP, TCP, UDP } from '../../wire/proto.ts';
import { leavesChecksum } from '../checksum.ts';
import { inetDevAddrType } from '../fib/addr-type.ts';
import { errnoName } from '../fib/errno.ts';
import type { OutputRoute } from '../fib/route-result.ts';
import { forgetWays } from '../fib/select-path.ts';
import { nexthopSource } from '../fib/source.ts';
import { type Exit, Skb, SYN } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { initialSequence } from './emit.ts';
import { boundSockets } from './find-socket.ts';
import { synBytes } from '../tcp-lengths.ts';
import { ECHO_REQUEST } from './icmp-types.ts';
import { ipLocalOut } from './ip-output.ts';
import { announcedMss, tcpWantsDf } from './path-mtu.ts';
import { flowText, note, start } from './record.ts';
import { routeSend } from './route.ts';

/** @source net/ipv4/af_inet.c inet_create (mc_ttl) */
const MULTICAST_TTL = 1;

/** What a local process asks a socket to send. */
export interface SendRequest {
  readonly proto: 'tcp' | 'udp' | 'icmp';
  /** ANY lets the route choose. */
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly sport: number;
  readonly dport: number;
  readonly ttl: number;
  readonly tos: number;
  readonly mark: number;
  /** UDP payload, or bytes after the 8-byte ICMP header. */
  readonly sizeBytes: number;
  /** true = IP_PMTUDISC_PROBE, false = IP_PMTUDISC_DONT, auto = IP_PMTUDISC_WANT. */
  readonly df: boolean | 'auto';
  readonly bindDev: string | null;
  /** A ready-made IP packet with this source from a raw socket. */
  readonly spoof: Ipv4 | null;
}

/**
 * The packet a send call makes, before it has a route.
 * @param timestamps whether the host uses TCP timestamps
 */
export function packetOf(request: SendRequest, timestamps: boolean): Skb {
  const skb = new Skb();
  skb.src = request.spoof ?? request.src;
  skb.dst = request.dst;
  skb.ttl = request.ttl;
  skb.tos = request.tos;
  skb.mark = request.mark;
  skb.boundDev = request.bindDev;
  skb.local = true;
  switch (request.proto) {
    case 'icmp':
      skb.proto = ICMP;
      skb.icmpType = ECHO_REQUEST;
      skb.sport = request.sport;
      skb.lengthBytes = 28 + request.sizeBytes;
      break;
    case 'udp':
      skb.proto = UDP;
      skb.sport = request.sport;
      skb.dport = request.dport;
      skb.lengthBytes = 28 + request.sizeBytes;
      break;
    case 'tcp':
      skb.proto = TCP;
      skb.sport = request.sport;
      skb.dport = request.dport;
      skb.tcpFlags = SYN;
      skb.lengthBytes = request.spoof === null ? synBytes(timestamps) : 40;
      skb.df = request.spoof === null;
      break;
  }
  return skb;
}

/**
 * A send call: route first, so that a destination without one fails before netfilter sees anything; then the packet goes out.
 * @returns the packet with the source that was chosen, or null when the call failed (which has been told to the effects).
 * @source net/ipv4/udp.c udp_sendmsg, tcp_ipv4.c tcp_v4_connect, raw.c raw_sendmsg
 */
export function send(stack: Stack, request: SendRequest, opened: (skb: Skb) => void): Skb | null {
  const { effects } = stack;
  const skb = packetOf(request, stack.netns.sysctl.tcpTimestamps);
  const { recorder } = effects;
  if (recorder !== null) {
    skb.leg = recorder.leg('request');
    start(recorder, stack, skb);
  }
  if (request.spoof === null && !canBind(stack, request.src)) {
    return failed(stack, skb, 'EADDRNOTAVAIL', `${formatIpv4(request.src)} is no address of this host`);
  }
  if (request.proto === 'tcp' && request.spoof === null && isListenedOn(stack, request)) {
    return failed(stack, skb, 'EADDRINUSE', `somebody listens on tcp/${request.sport}`);
  }
  const route = routeOf(stack, skb, request);
  if (route.kind === 'unknown') {
    effects.unknown(stack, skb, route.reason, route.text);
    return null;
  }
  if (route.kind === 'error') {
    return failed(stack, skb, errnoName(route.errno), route.text);
  }
  if (request.proto === 'tcp' && request.spoof === null && (route.kind === 'broadcast' || route.kind === 'multicast')) {
    return failed(stack, skb, 'ENETUNREACH', 'TCP cannot connect to a broadcast or multicast address');
  }
  // connect() looks the way up again, from the address that the first look-up chose.
  if (request.proto === 'tcp' && request.spoof === null && skb.src === skb.dst && inetDevAddrType(stack.netns, skb.src, null) !== 'local') {
    return failed(stack, skb, 'ENETUNREACH', `${formatIpv4(skb.src)} is no address to send from`);
  }
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.opening('out'))) return null;
  // Of a socket that nobody told another IP_MULTICAST_TTL. @source net/ipv4/ip_output.c __ip_make_skb
  if (request.spoof === null && route.kind === 'multicast') skb.ttl = MULTICAST_TTL;
  const { df, ignoreDf, probesPath, maxBytes } = mannerOf(stack, request, skb.lengthBytes, route);
  skb.df = df;
  skb.ignoreDf = ignoreDf;
  skb.probesPath = probesPath;
  skb.checksumPending = request.spoof === null && leavesChecksum(skb, probesPath ? route.device.mtuBytes : route.mtuBytes);
  if (request.proto === 'tcp') {
    // A ready-made SYN has no options.
    skb.mssBytes = request.spoof === null ? announcedMss(stack, route) : 0;
    skb.tcpSeq = initialSequence(skb);
    // The socket keeps it until it is acknowledged. @source net/ipv4/tcp_output.c tcp_connect, __tcp_transmit_skb
    if (request.spoof === null) skb.data = { isKept: true };
  }
  if (skb.lengthBytes > maxBytes)
    return failed(stack, skb, 'EMSGSIZE', `${skb.lengthBytes} bytes do not fit the MTU ${maxBytes} of ${route.device.name}`);
  if (recorder !== null) {
    const text = flowText(skb);
    note(stack, skb, { stage: 'send', verb: 'ORIGINATED', text });
  }
  // connect() sees nothing of what becomes of its SYN; every other call does.
  skb.sending = request.proto !== 'tcp' || request.spoof !== null;
  skb.recvErr = request.spoof === null;
  skb.via = route;
  opened(skb);
  ipLocalOut(stack, skb, route);
  skb.sending = false;
  return skb;
}

/** What a socket does about the size of a packet. */
interface Manner {
  readonly df: boolean;
  /** It may be cut in spite of DF once it is on its way. @source include/net/ip.h ip_sk_ignore_df */
  readonly ignoreDf: boolean;
  readonly probesPath: boolean;
  /** The call that sends more fails. */
  readonly maxBytes: number;
}

/** A ready-made packet, a connect(), a socket that probes the path, or any other. @source net/ipv4/raw.c raw_send_hdrinc; ip_output.c ip_setup_cork */
function mannerOf(stack: Stack, { proto, spoof, df }: SendRequest, lengthBytes: number, via: Exit): Manner {
  const { mtuBytes, mtuLocked, device } = via;
  if (spoof !== null) return { df: df === true && proto !== 'tcp', ignoreDf: false, probesPath: false, maxBytes: device.mtuBytes };
  if (df === true) return { df, ignoreDf: false, probesPath: true, maxBytes: device.mtuBytes };
  if (proto === 'tcp') return { df: tcpWantsDf(stack, via), ignoreDf: false, probesPath: false, maxBytes: Infinity };
  // Where no error can change the MTU, none is asked for. @source include/net/ip.h ip_dont_fragment
  return { df: df === 'auto' && lengthBytes <= mtuBytes && !mtuLocked, ignoreDf: true, probesPath: false, maxBytes: Infinity };
}

/** connect() looks twice: the second time with the source that the first look-up chose. @source include/net/route.h ip_route_connect */
function routeOf(stack: Stack, skb: Skb, { proto, src, spoof }: SendRequest): OutputRoute {
  const isConnect = proto === 'tcp' && spoof === null && (src === ANY || skb.dst === ANY);
  const known = stack.session.multipath.size;
  const route = routeSend(stack, skb, spoof !== null);
  if (!isConnect || route.kind === 'error' || route.kind === 'unknown' || !isSourceSensitive(stack, route)) return route;
  // A way that nobody took and that led to the same source as any other says nothing of those who will take it.
  const sources = new Set(route.route?.nexthops.map((nexthop) => nexthopSource(stack.netns, nexthop)));
  if (sources.size === 1) forgetWays(stack, known);
  return routeSend(stack, skb);
}

/** Whether the source may send the packet another way. */
function isSourceSensitive({ netns }: Stack, route: Exit): boolean {
  return netns.fib.rules !== null || netns.fib.severalDefaults || (route.route?.nexthops.length ?? 0) > 1;
}

/** @source net/ipv4/af_inet.c __inet_bind, inet_addr_valid_or_nonlocal; net/ipv4/raw.c raw_bind */
function canBind({ netns, gaps }: Stack, src: Ipv4): boolean {
  if (src === ANY || netns.sysctl.ipNonlocalBind || (gaps?.missing('addr', 'route') ?? null) !== null) return true;
  const type = inetDevAddrType(netns, src, null);
  return type === 'local' || type === 'multicast' || type === 'broadcast';
}

/** Whether the port is a listener's. Two connections may share one. @source net/ipv4/inet_connection_sock.c inet_csk_bind_conflict */
function isListenedOn(stack: Stack, { src, sport, bindDev }: SendRequest): boolean {
  return boundSockets(stack, 'tcp', sport).some(
    ({ addr, dev, peer }) =>
      peer === null && (addr === null || src === ANY || addr === src) && (dev === null || bindDev === null || dev === bindDev),
  );
}

function failed(stack: Stack, skb: Skb, errno: string, text: string): null {
  note(stack, skb, { stage: 'send', verb: 'DROPPED', text: `${errno}: ${text}`, reason: errno });
  stack.effects.sendError(stack, skb, errno, text);
  return null;
}
