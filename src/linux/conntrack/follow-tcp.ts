import { TCP } from '../../wire/proto.ts';
import type { ConntrackSysctls } from '../compiled-sysctls.ts';
import { ACK, afterSegment, RST, type Skb, SYN } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { type CtEntry, IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from './entry.ts';
import {
  CLOSE,
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT,
  IGNORED,
  INVALID,
  LAST_ACK,
  nextTcpState,
  SYN_RECV,
  SYN_SENT,
  TIME_WAIT,
} from './tcp.ts';

/**
 * Moves a TCP connection on.
 * @returns false when the segment does not fit it: INVALID
 * @source nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet
 */
export function followTcp(stack: Stack, skb: Skb, ct: CtEntry, reply: boolean): boolean {
  const before = ct.tcpState;
  const next = comesLate(skb, ct, reply) ? IGNORED : nextTcpState(reply, skb.tcpFlags, before);
  if (next === INVALID) return false;
  if (next === IGNORED) {
    if (reply && isOnly(skb, SYN | ACK) && answersLast(skb, ct)) {
      ct.tcpState = SYN_RECV;
      ct.answeredTo = afterSegment(skb);
      ct.expiresAtMs = stack.effects.nowMs + tcpTimeoutMs(stack.netns.sysctl.conntrack, SYN_RECV);
    }
    remember(skb, ct, reply);
    return true;
  }
  if (isForAnother(stack, skb, ct, reply)) return stack.effects.choose({ what: 'isn', at: stack.at, odds: EITHER }) === 1;
  if (refusesAnother(skb, ct, reply)) return before === SYN_RECV && stack.effects.choose({ what: 'isn', at: stack.at, odds: EITHER }) === 1;
  ct.tcpState = next;
  remember(skb, ct, reply);
  if (reply && isOnly(skb, SYN | ACK)) ct.answeredTo = afterSegment(skb);
  if ((ct.status & IPS_SEEN_REPLY) === 0) {
    if ((skb.tcpFlags & RST) !== 0) {
      stack.session.conntrack.remove(ct);
      return true;
    }
    // A SYN sent again keeps nothing alive.
    if (before === SYN_SENT && isOnly(skb, SYN)) return true;
  } else if ((before === SYN_RECV || before === ESTABLISHED) && next === ESTABLISHED) {
    ct.status |= IPS_ASSURED;
  }
  ct.expiresAtMs = stack.effects.nowMs + timeoutMs(stack.netns.sysctl.conntrack, ct);
  return true;
}

/**
 * How long a connection is remembered from now on: one that was picked up in its middle not for days before somebody answers.
 * @source nf_conntrack_tcp_packet
 */
export function timeoutMs(timeouts: ConntrackSysctls, { tcpState, status }: CtEntry): number {
  const most = tcpTimeoutMs(timeouts, tcpState);
  const isPickedUp = tcpState === ESTABLISHED && (status & IPS_SEEN_REPLY) === 0;
  return isPickedUp ? Math.min(most, timeouts.tcpTimeoutUnacknowledgedMs) : most;
}

/** Keeps what a later segment is measured by. */
export function remember(skb: Skb, ct: CtEntry, reply: boolean): void {
  ct.lastFlags = skb.tcpFlags & (SYN | ACK | RST);
  ct.lastIsReply = reply;
  ct.lastEnd = afterSegment(skb);
}

/**
 * Whether it answers a SYN that was only let through: then that was right, and the connection begins anew.
 * @source nf_conntrack_tcp_packet, case TCP_CONNTRACK_IGNORE, TCP_CONNTRACK_CLOSE
 */
function answersLast({ tcpAck }: Skb, { lastFlags, lastIsReply, lastEnd }: CtEntry): boolean {
  return lastFlags === SYN && !lastIsReply && tcpAck === lastEnd;
}

/** Connections with a RST for them are over; of one that nobody has confirmed nothing is known yet. @source nf_conntrack_tcp_set_closing */
export function setClosing({ netns, effects }: Stack, ct: CtEntry): void {
  if ((ct.status & IPS_CONFIRMED) === 0) return;
  ct.tcpState = CLOSE;
  ct.expiresAtMs = effects.nowMs + netns.sysctl.conntrack.tcpTimeoutCloseMs;
}

/** Above the window a segment is INVALID, below it it passes and changes nothing. */
const EITHER: readonly number[] = [0.5, 0.5];

/** An ACK for another SYN-ACK than the one that was followed: of the numbers that both begin with either may be the greater. @source tcp_in_window */
function isForAnother({ netns }: Stack, skb: Skb, { answeredTo }: CtEntry, reply: boolean): boolean {
  if (reply || answeredTo === null || !isOnly(skb, ACK) || netns.sysctl.conntrack.tcpBeLiberal) return false;
  return skb.tcpAck !== answeredTo;
}

/**
 * A RST of somebody who got another copy of the SYN: it counts from elsewhere than the SYN-ACK that was followed. Once that is
 * acknowledged, there is no doubt that it is INVALID.
 * @source nf_conntrack_tcp_packet, case TCP_CONNTRACK_CLOSE; tcp_in_window
 */
function refusesAnother(skb: Skb, ct: CtEntry, reply: boolean): boolean {
  if (!reply || ct.answeredTo === null || ct.tcpState >= FIN_WAIT || (skb.tcpFlags & RST) === 0) return false;
  return skb.tcpSeq !== ct.answeredTo && !answersLast(skb, ct);
}

function isOnly({ tcpFlags }: Skb, flags: number): boolean {
  return (tcpFlags & (SYN | ACK | RST)) === flags;
}

/** No sysctl sets it. @source nf_conntrack_proto_tcp.c tcp_timeouts */
const SYN_SENT2_TIMEOUT_MS = 120_000;

/** How long a connection is remembered in a state. @source nf_conntrack_proto_tcp.c tcp_timeouts */
function tcpTimeoutMs(timeouts: ConntrackSysctls, state: number): number {
  switch (state) {
    case SYN_SENT:
      return timeouts.tcpTimeoutSynSentMs;
    case SYN_RECV:
      return timeouts.tcpTimeoutSynRecvMs;
    case ESTABLISHED:
      return timeouts.tcpTimeoutEstablishedMs;
    case FIN_WAIT:
      return timeouts.tcpTimeoutFinWaitMs;
    case CLOSE_WAIT:
      return timeouts.tcpTimeoutCloseWaitMs;
    case LAST_ACK:
      return timeouts.tcpTimeoutLastAckMs;
    case TIME_WAIT:
      return timeouts.tcpTimeoutTimeWaitMs;
    case CLOSE:
      return timeouts.tcpTimeoutCloseMs;
    default:
      return SYN_SENT2_TIMEOUT_MS;
  }
}

/**
 * A SYN on a connection that is over starts a new one: on one that both ends closed, or that a RST of the same end has just ended.
 * @source nf_conntrack_tcp_packet, case TCP_CONNTRACK_SYN_SENT
 */
export function reopens({ tcpState, lastFlags, lastIsReply }: CtEntry, reply: boolean): boolean {
  return tcpState === TIME_WAIT || (lastFlags !== null && (lastFlags & RST) !== 0 && lastIsReply === reply);
}

/** Whether it is a SYN after the end. */
export function comesLate(skb: Skb, ct: CtEntry, reply: boolean): boolean {
  return skb.proto === TCP && ct.tcpState >= TIME_WAIT && nextTcpState(reply, skb.tcpFlags, ct.tcpState) === SYN_SENT;
}
