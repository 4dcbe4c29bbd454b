import { ICMP, TCP, UDP } from '../../wire/proto.ts';
import { hasWrongChecksum } from '../checksum.ts';
import type { ConntrackSysctls } from '../compiled-sysctls.ts';
import { type Hook, PREROUTING } from '../netfilter/hook.ts';
import {
  type Skb,
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_INVALID,
  CT_NEW,
  CT_NONE,
  CT_RELATED,
  CT_RELATED_REPLY,
  CT_UNTRACKED,
  ACK,
  afterSegment,
  isIcmpError,
  RST,
  SYN,
} from '../skb.ts';
import type { Stack } from '../stack.ts';
import { hasSameOrigin } from './table.ts';
import { CtEntry, IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, IPS_SEEN_REPLY } from './entry.ts';
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
  TCP_NONE,
  TIME_WAIT,
} from './tcp.ts';
import { answerType, hasPorts, isIcmpQuery, tupleDport, tupleSport } from './tuple.ts';

/** Seconds a UDP flow must live before it counts as a stream. @source nf_conntrack_proto_udp.c nf_conntrack_udp_packet */
const UDP_STREAM_AFTER_MS = 2_000;
/** @source nf_conntrack_core.c nf_ct_resolve_clash_harder */
const CLASH_TIMEOUT_MS = 1_000;

/**
 * Finds or makes the connection a packet belongs to and sets `skb.ct` and `skb.ctInfo`. A new connection is in no table before
 * {@link confirm}.
 * @returns whether there was room for it, see {@link ConntrackTable.room}; `untold`: whether it begins anew no listing tells
 * @source net/netfilter/nf_conntrack_core.c nf_conntrack_in
 */
export function conntrackIn(stack: Stack, skb: Skb, hook: Hook): 'free' | 'perhaps' | 'full' | 'untold' {
  if (skb.ct !== null || skb.ctInfo === CT_UNTRACKED) return 'free';
  skb.ctInfo = CT_NONE;
  if (isIcmpError(skb)) {
    trackError(stack, skb);
    return 'free';
  }
  // @source net/netfilter/nf_conntrack_proto_udp.c udp_error
  if (hook === PREROUTING && hasWrongChecksum(skb) && stack.netns.sysctl.conntrack.checksum) {
    skb.ctInfo = CT_INVALID;
    return 'free';
  }
  const { conntrack } = stack.session;
  const now = stack.effects.nowMs;
  const sport = tupleSport(skb);
  const dport = tupleDport(skb);
  let ct = conntrack.find(skb.proto, skb.src, skb.dst, sport, dport, now);
  if (ct !== null && comesLate(skb, ct, conntrack.foundReply)) {
    if (ct.lastFlags === null && ct.tcpState !== TIME_WAIT) return 'untold';
    if (reopens(ct, conntrack.foundReply)) {
      conntrack.remove(ct);
      ct = null;
    }
  }
  if (ct === null) {
    const room = conntrack.room(stack.netns.sysctl.conntrack.max, now);
    if (room !== 'free') return room;
    ct = create(stack, skb, sport, dport);
    if (ct === null) {
      skb.ctInfo = CT_INVALID;
      return 'free';
    }
    skb.ct = ct;
    skb.ctInfo = CT_NEW;
    return 'free';
  }
  const reply = conntrack.foundReply;
  if (!follow(stack, skb, ct, reply)) {
    skb.ctInfo = CT_INVALID;
    return 'free';
  }
  skb.ct = ct;
  if (reply) {
    skb.ctInfo = CT_ESTABLISHED_REPLY;
    ct.status |= IPS_SEEN_REPLY;
  } else {
    skb.ctInfo = (ct.status & IPS_SEEN_REPLY) !== 0 ? CT_ESTABLISHED : CT_NEW;
  }
  return 'free';
}

/**
 * Puts the packet's connection into the table, if it is the first to get this far. Of datagrams that came in at once a later one joins the
 * connection of the first, or is translated otherwise and will know its answer.
 * @source net/netfilter/nf_conntrack_core.c __nf_conntrack_confirm, __nf_ct_resolve_clash, nf_ct_resolve_clash_harder
 */
export function confirm(stack: Stack, skb: Skb): boolean {
  const { ct } = skb;
  if (ct === null || skb.ctInfo === CT_ESTABLISHED_REPLY || skb.ctInfo === CT_RELATED_REPLY) return true;
  if ((ct.status & (IPS_CONFIRMED | IPS_DYING)) !== 0) return true;
  const { conntrack } = stack.session;
  const now = stack.effects.nowMs;
  const isKnownFree = ct.uniqueAt === conntrack.generation && ct.bornAt === conntrack.generation;
  const rival = isKnownFree ? null : conntrack.rival(ct, now);
  if (rival === null) {
    conntrack.insert(ct);
    return true;
  }
  if (ct.proto !== UDP) return false;
  if (isSame(rival, ct)) {
    skb.ct = rival;
    return true;
  }
  const { proto, replySrc, replyDst, replySport, replyDport } = ct;
  if (conntrack.find(proto, replySrc, replyDst, replySport, replyDport, now) !== null) return false;
  ct.isReplyOnly = true;
  ct.expiresAtMs = now + CLASH_TIMEOUT_MS;
  conntrack.insert(ct);
  return true;
}

/** Whether it is the connection that another datagram of the flow began, which came in at once. @source nf_conntrack_core.c nf_ct_match */
function isSame(rival: CtEntry, ct: CtEntry): boolean {
  if (!hasSameOrigin(rival, ct)) return false;
  return (
    rival.replySrc === ct.replySrc &&
    rival.replyDst === ct.replyDst &&
    rival.replySport === ct.replySport &&
    rival.replyDport === ct.replyDport
  );
}

/**
 * Hands a packet's connection to one that the kernel makes in answer to it. That a packet is untracked is no connection: what answers it
 * is related to nothing, which keeps NOTRACK off and lets conntrack look for itself.
 * @source net/netfilter/nf_conntrack_core.c nf_conntrack_attach
 */
export function attach(answer: Skb, cause: Skb): void {
  if (cause.ct === null) {
    if (cause.ctInfo === CT_UNTRACKED) answer.ctInfo = CT_RELATED;
    return;
  }
  answer.ct = cause.ct;
  answer.ctInfo = cause.ctInfo === CT_ESTABLISHED_REPLY || cause.ctInfo === CT_RELATED_REPLY ? CT_RELATED : CT_RELATED_REPLY;
}

function create(stack: Stack, skb: Skb, sport: number, dport: number): CtEntry | null {
  const timeouts = stack.netns.sysctl.conntrack;
  const ct = new CtEntry(skb.proto, skb.src, skb.dst, sport, dport);
  ct.bornAt = stack.session.conntrack.generation;
  const now = stack.effects.nowMs;
  switch (skb.proto) {
    case ICMP:
      if (!isIcmpQuery(skb.icmpType)) return null;
      ct.icmpType = skb.icmpType;
      ct.replySport = sport;
      ct.replyDport = answerType(skb.icmpType);
      ct.expiresAtMs = now + timeouts.icmpTimeoutMs;
      return ct;
    case TCP: {
      const state = nextTcpState(false, skb.tcpFlags, TCP_NONE);
      if (state === INVALID || (state === ESTABLISHED && !timeouts.tcpLoose)) return null;
      ct.tcpState = state;
      remember(skb, ct, false);
      ct.expiresAtMs = now + tcpTimeoutMs(timeouts, state);
      return ct;
    }
    case UDP:
      ct.expiresAtMs = now + timeouts.udpTimeoutMs;
      ct.streamAtMs = now + UDP_STREAM_AFTER_MS;
      return ct;
    default:
      if (!hasPorts(skb.proto)) {
        ct.replySport = 0;
        ct.replyDport = 0;
      }
      ct.expiresAtMs = now + timeouts.genericTimeoutMs;
      return ct;
  }
}

/**
 * A SYN on a connection that is over starts a new one: on one that both ends closed, or that a RST of the same end has just ended.
 * @source nf_conntrack_tcp_packet, case TCP_CONNTRACK_SYN_SENT
 */
function reopens({ tcpState, lastFlags, lastIsReply }: CtEntry, reply: boolean): boolean {
  return tcpState === TIME_WAIT || (lastFlags !== null && (lastFlags & RST) !== 0 && lastIsReply === reply);
}

/** Whether it is a SYN after the end. */
function comesLate(skb: Skb, ct: CtEntry, reply: boolean): boolean {
  return skb.proto === TCP && ct.tcpState >= TIME_WAIT && nextTcpState(reply, skb.tcpFlags, ct.tcpState) === SYN_SENT;
}

/** Moves a known connection on. @returns false when the packet does not fit it: INVALID. */
function follow(stack: Stack, skb: Skb, ct: CtEntry, reply: boolean): boolean {
  const now = stack.effects.nowMs;
  const timeouts = stack.netns.sysctl.conntrack;
  switch (ct.proto) {
    case TCP:
      return followTcp(stack, skb, ct, reply);
    case UDP:
      if (ct.isReplyOnly) return true;
      if ((ct.status & IPS_SEEN_REPLY) !== 0 || reply) {
        const stream = (ct.status & IPS_SEEN_REPLY) !== 0 && now > ct.streamAtMs;
        ct.expiresAtMs = now + (stream ? timeouts.udpTimeoutStreamMs : timeouts.udpTimeoutMs);
        if (stream) ct.status |= IPS_ASSURED;
      } else {
        ct.expiresAtMs = now + timeouts.udpTimeoutMs;
      }
      return true;
    case ICMP:
      ct.expiresAtMs = now + timeouts.icmpTimeoutMs;
      return true;
    default:
      ct.expiresAtMs = now + timeouts.genericTimeoutMs;
      return true;
  }
}

function followTcp(stack: Stack, skb: Skb, ct: CtEntry, reply: boolean): boolean {
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
  if ((ct.status & IPS_SEEN_REPLY) === 0 && (skb.tcpFlags & RST) !== 0) {
    stack.session.conntrack.remove(ct);
    return true;
  }
  if ((before === SYN_RECV || before === ESTABLISHED) && next === ESTABLISHED) ct.status |= IPS_ASSURED;
  ct.expiresAtMs = stack.effects.nowMs + tcpTimeoutMs(stack.netns.sysctl.conntrack, next);
  return true;
}

function remember(skb: Skb, ct: CtEntry, reply: boolean): void {
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

/** @source nf_conntrack_proto_tcp.c tcp_timeouts */
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

/** An ICMP error belongs to the connection of the packet it quotes. @source nf_conntrack_inet_error */
function trackError(stack: Stack, skb: Skb): void {
  const { quoted } = skb;
  skb.ctInfo = CT_INVALID;
  if (quoted === null) return;
  const { conntrack } = stack.session;
  const isIcmp = quoted.proto === ICMP;
  const back = isIcmp ? answerType(quoted.icmpType) : tupleSport(quoted);
  if (isIcmp && back < 0) return;
  const sport = isIcmp ? tupleSport(quoted) : tupleDport(quoted);
  const ct = conntrack.find(quoted.proto, quoted.dst, quoted.src, sport, back, stack.effects.nowMs);
  if (ct === null) return;
  const reply = conntrack.foundReply;
  if (skb.dst !== (reply ? ct.replyDst : ct.origDst)) return;
  skb.ct = ct;
  skb.ctInfo = reply ? CT_RELATED_REPLY : CT_RELATED;
}
