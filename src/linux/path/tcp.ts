import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import { ACK, afterSegment, PACKET_HOST, RST, type Skb, SYN } from '../skb.ts';
import type { Handshake, Socket } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { withoutEcn } from './ecn.ts';
import { initialSequence } from './emit.ts';
import { findSocket, isBlindTo, socketDevice } from './find-socket.ts';
import { isTimestamped, synAckBytes, synBytes } from '../tcp-lengths.ts';
import { acknowledge, childWay, reset, synAck } from './tcp-send.ts';

/** So often a socket answers what it did not expect. @source net/ipv4/tcp_ipv4.c tcp_sk_init, sysctl_tcp_invalid_ratelimit */
const INVALID_RATELIMIT_MS = 500;
/** What came twice is named in an option. @source include/net/tcp.h TCPOLEN_SACK_BASE_ALIGNED, TCPOLEN_SACK_PERBLOCK */
const DSACK_BYTES = 12;

/** @source net/ipv4/tcp_ipv4.c tcp_v4_rcv */
export function tcpRcv(stack: Stack, device: Device, skb: Skb): void {
  if (skb.packetType !== PACKET_HOST) {
    stack.effects.dropped(stack, skb, 'NOT_SPECIFIED', 'TCP takes no broadcast');
    return;
  }
  const socket = findSocket(stack, 'tcp', socketDevice(device, skb), skb);
  if (isBlindTo(stack, skb, socket)) return;
  const { tcpFlags } = skb;
  if (socket === null) {
    if ((tcpFlags & RST) !== 0) {
      stack.effects.dropped(stack, skb, 'NO_SOCKET', 'a RST for nobody');
      return;
    }
    if (skb.input?.kind === 'local') reset(stack, skb);
    stack.effects.dropped(stack, skb, 'NO_SOCKET', nobodyText(stack, skb));
    return;
  }
  if (socket.peer !== null && !isForListener(socket, skb)) {
    stack.effects.release(socket, () => {
      reached(stack, socket, skb);
    });
    return;
  }
  if ((tcpFlags & (SYN | ACK | RST)) === SYN) {
    // Whoever routed it here sent it in a frame to this host alone. @source net/ipv4/tcp_ipv4.c tcp_v4_conn_request
    if (skb.input?.kind === 'broadcast' || skb.input?.kind === 'multicast') {
      stack.effects.dropped(
        stack,
        skb,
        'NOT_SPECIFIED',
        `a listener answers no SYN to the ${skb.input.kind} address ${formatIpv4(skb.dst)}`,
      );
      return;
    }
    stack.effects.delivered(stack, skb, socket);
    const opened: Socket = {
      proto: 'tcp',
      addr: skb.dst,
      port: skb.dport,
      dev: socket.dev,
      peer: { addr: skb.src, port: skb.sport },
      answers: false,
      mark: stack.netns.sysctl.tcpFwmarkAccept ? skb.mark : 0,
      tos: stack.netns.sysctl.tcpReflectTos ? withoutEcn(skb.tos) : 0,
      owner: socket.owner,
      handshake: {
        state: 'syn-received',
        nextSeq: afterSegment(skb),
        isTimestamped: isTimestamped(skb) && stack.netns.sysctl.tcpTimestamps,
        rebukedAtMs: null,
        rehashed: 0,
        via: null,
      },
    };
    stack.session.sockets.push(opened);
    synAck(stack, opened, skb, synAckBytes(skb, stack.netns.sysctl.tcpTimestamps));
    return;
  }
  if ((tcpFlags & RST) === 0) reset(stack, skb);
  stack.effects.dropped(stack, skb, 'TCP_FLAGS', `the listener on tcp/${skb.dport} has no such connection`);
}

/** What waited while connect() was under way may come to a socket that is closed by now. @source net/ipv4/tcp_input.c tcp_rcv_state_process */
function reached(stack: Stack, socket: Socket, skb: Skb): void {
  const { handshake } = socket;
  if (handshake?.state === 'closed') {
    stack.effects.dropped(stack, skb, 'TCP_CLOSE', 'a RST has ended the connection');
    return;
  }
  if ((skb.tcpFlags & RST) !== 0 && handshake !== undefined && !endsIt(handshake, skb)) {
    stack.effects.dropped(stack, skb, 'TCP_OLD_SEQUENCE', 'a RST that is not about this connection');
    return;
  }
  stack.effects.delivered(stack, skb, socket);
  converse(stack, socket, skb);
}

/**
 * A segment reaches the socket of its connection. A SYN that comes twice has its answer sent again, and once there is a connection any
 * further one is answered with where that stands.
 * @source net/ipv4/tcp_minisocks.c tcp_check_req, net/ipv4/tcp_input.c tcp_rcv_state_process, tcp_validate_incoming
 */
function converse(stack: Stack, socket: Socket, skb: Skb): void {
  const { handshake } = socket;
  switch (skb.tcpFlags & (SYN | ACK | RST)) {
    case SYN | ACK:
      if (handshake?.state === 'syn-sent') {
        handshake.state = 'established';
        handshake.nextSeq = afterSegment(skb);
        handshake.isTimestamped = isTimestamped(skb);
        acknowledge(stack, socket, skb, 'ACK completes the handshake');
      } else if (handshake?.state === 'syn-crossed') {
        handshake.state = 'established';
        acknowledge(stack, socket, skb, 'the SYN in it came before: ACK says so', DSACK_BYTES);
      } else if (handshake?.state !== 'syn-received' && !isRateLimited(stack, handshake)) {
        acknowledge(stack, socket, skb, 'a second SYN-ACK: ACK says where the connection stands');
      }
      return;
    case SYN:
      if (handshake?.state === 'syn-sent') {
        handshake.state = 'syn-crossed';
        handshake.nextSeq = afterSegment(skb);
        handshake.isTimestamped = isTimestamped(skb) && stack.netns.sysctl.tcpTimestamps;
        synAck(stack, socket, skb, synBytes(stack.netns.sysctl.tcpTimestamps), true);
        return;
      }
      if (isRateLimited(stack, handshake)) return;
      if (handshake?.state === 'syn-received') {
        handshake.rehashed++;
        synAck(stack, socket, skb, synAckBytes(skb, stack.netns.sysctl.tcpTimestamps));
      } else acknowledge(stack, socket, skb, 'a second SYN: ACK says where the connection stands');
      return;
    case ACK:
      if (handshake?.state === 'syn-received') {
        handshake.state = 'established';
        handshake.via = childWay(stack, socket, skb);
      }
      return;
    case RST:
    case RST | ACK:
      if (handshake === undefined) return;
      handshake.state = 'closed';
      stack.session.sockets.splice(stack.session.sockets.indexOf(socket), 1);
  }
}

/** An ACK of something else than the SYN-ACK is none for the connection that is being made. @source net/ipv4/tcp_minisocks.c tcp_check_req */
function isForListener({ handshake }: Socket, skb: Skb): boolean {
  return handshake?.state === 'syn-received' && (skb.tcpFlags & (SYN | ACK | RST)) === ACK && !acknowledgesFirst(skb);
}

/** Whether a RST is believed. @source net/ipv4/tcp_input.c tcp_rcv_synsent_state_process, tcp_validate_incoming; tcp_minisocks.c tcp_check_req */
function endsIt({ state, nextSeq }: Handshake, skb: Skb): boolean {
  return state === 'syn-sent' ? (skb.tcpFlags & ACK) !== 0 && acknowledgesFirst(skb) : skb.tcpSeq === nextSeq;
}

/** Whether it acknowledges the first segment that was sent to whoever it comes from. */
function acknowledgesFirst({ src, dst, sport, dport, tcpAck }: Skb): boolean {
  return tcpAck === ((initialSequence({ src: dst, dst: src, sport: dport, dport: sport }) + 1) | 0);
}

/** @source net/ipv4/tcp_input.c __tcp_oow_rate_limited */
function isRateLimited({ effects: { nowMs } }: Stack, handshake: Handshake | undefined): boolean {
  if (handshake === undefined) return false;
  if (handshake.rebukedAtMs !== null && nowMs - handshake.rebukedAtMs < INVALID_RATELIMIT_MS) return true;
  handshake.rebukedAtMs = nowMs;
  return false;
}

/** An answer whose translation was missed finds the socket that waits for it in a connection with somebody else. */
function nobodyText({ session }: Stack, skb: Skb): string {
  const waiting = session.sockets.find(({ proto, port, peer }) => proto === 'tcp' && port === skb.dport && peer !== null);
  if (waiting?.peer === undefined || waiting.peer === null) return `nobody listens on tcp/${skb.dport}`;
  const { addr, port } = waiting.peer;
  return `tcp/${skb.dport} is connected with ${formatIpv4(addr)}:${port}, not with ${formatIpv4(skb.src)}:${skb.sport}`;
}
