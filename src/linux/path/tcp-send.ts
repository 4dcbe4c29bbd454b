import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { TCP } from '../../wire/proto.ts';
import { ACK, afterSegment, type Exit, type FlowHash, type Skb, SYN } from '../skb.ts';
import type { Handshake, Socket } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { answerTo, emit, initialSequence, resetTo } from './emit.ts';
import { isBound } from './exceptions.ts';
import { flowHashOf } from './flow-hash.ts';
import { tcpWantsDf } from './path-mtu.ts';
import { routeSend } from './route.ts';
import { ackBytes } from '../tcp-lengths.ts';

/**
 * Answers a SYN. That of a listener is too short to be cut, and always says so.
 * @param bytes how long the answer is
 * @param crossed it is the socket's own SYN sent again, for the other's has crossed it
 * @source net/ipv4/tcp_output.c tcp_make_synack, tcp_send_synack; ip_output.c ip_build_and_send_pkt
 */
export function synAck(stack: Stack, socket: Socket, skb: Skb, bytes: number, crossed = false): void {
  const answer = answerTo(stack, skb, TCP, bytes);
  answer.tcpFlags = SYN | ACK;
  answer.tcpSeq = initialSequence(answer);
  answer.tcpAck = afterSegment(skb);
  asSocket(answer, socket);
  const text = ({ src, sport }: Skb): string => `${crossed ? 'the SYNs have crossed: ' : ''}SYN-ACK from ${formatIpv4(src)}:${sport}`;
  emit(stack, answer, 'socket', text, crossed ? settleDf : null, keptWay(stack, socket, answer.dst));
}

/** What a socket puts into what it sends. */
function asSocket(segment: Skb, { mark, tos, ttl, dev, handshake }: Socket): void {
  segment.df = true;
  segment.mark = mark ?? 0;
  segment.tos = tos ?? 0;
  segment.ttl = ttl ?? segment.ttl;
  segment.boundDev = dev;
  segment.flowHash = rehashed(segment, handshake);
}

function settleDf(stack: Stack, segment: Skb, out: Exit): null {
  segment.df = tcpWantsDf(stack, out);
  return null;
}

/** Who sends a SYN-ACK again hopes for another way. @source net/ipv4/tcp_output.c tcp_rtx_synack; tcp_minisocks.c tcp_create_openreq_child */
function rehashed(skb: Skb, handshake: Handshake | undefined): FlowHash | null {
  return handshake === undefined || handshake.rehashed === 0 ? null : flowHashOf(skb, handshake.rehashed);
}

/** The way of a connection that a listener has accepted. @source net/ipv4/inet_connection_sock.c inet_csk_route_child_sock */
export function childWay(stack: Stack, socket: Socket, skb: Skb): Exit | null {
  if (!stack.netns.fib.severalDefaults) return null;
  const child = answerTo(stack, skb, TCP, ackBytes(true));
  child.boundDev = socket.dev;
  child.mark = socket.mark ?? 0;
  child.tos = socket.tos ?? 0;
  const route = routeSend(stack, child);
  return route.kind === 'error' || route.kind === 'unknown' ? null : route;
}

/** The way that a connection keeps to, where to look again might find another one: until something is learned of it. */
function keptWay(stack: Stack, { handshake }: Socket, dst: Ipv4): Exit | null {
  const via = handshake?.via ?? null;
  return via === null || !stack.netns.fib.severalDefaults || isBound(stack, dst, via) ? null : via;
}

/** @param optionBytes of options beside timestamps */
export function acknowledge(stack: Stack, socket: Socket, skb: Skb, text: string, optionBytes = 0): void {
  const ack = answerTo(stack, skb, TCP, ackBytes(socket.handshake?.isTimestamped ?? true) + optionBytes);
  ack.tcpFlags = ACK;
  ack.tcpSeq = (skb.tcpFlags & ACK) !== 0 ? skb.tcpAck : (initialSequence(ack) + 1) | 0;
  ack.tcpAck = socket.handshake?.nextSeq ?? afterSegment(skb);
  asSocket(ack, socket);
  ack.role = 'ack';
  emit(stack, ack, 'socket', () => text, settleDf, keptWay(stack, socket, ack.dst));
}

/** Unlike the RST of a REJECT rule, it has the TOS of what it answers. @source net/ipv4/tcp_ipv4.c tcp_v4_send_reset */
export function reset(stack: Stack, skb: Skb): void {
  const answer = resetTo(stack, skb);
  answer.tos = skb.tos;
  emit(stack, answer, 'socket', ({ src, sport }) => `RST from ${formatIpv4(src)}:${sport}`);
}
