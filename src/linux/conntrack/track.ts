import { ICMP, TCP, UDP } from '../../wire/proto.ts';
import { hasWrongChecksum } from '../checksum.ts';
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
  isIcmpError,
  isReply,
} from '../skb.ts';
import type { Stack } from '../stack.ts';
import { CtEntry, IPS_ASSURED, IPS_SEEN_REPLY } from './entry.ts';
import { comesLate, followTcp, remember, reopens, timeoutMs } from './follow-tcp.ts';
import { ESTABLISHED, INVALID, nextTcpState, TCP_NONE, TIME_WAIT } from './tcp.ts';
import { answerType, hasPorts, isIcmpQuery, tupleDport, tupleSport } from './tuple.ts';

/** Seconds a UDP flow must live before it counts as a stream. @source nf_conntrack_proto_udp.c nf_conntrack_udp_packet */
const UDP_STREAM_AFTER_MS = 2_000;

/**
 * Finds or makes the connection a packet belongs to and sets `skb.ct` and `skb.ctInfo`. A new connection is in no table before
 * `confirm`.
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
  answer.ctInfo = isReply(cause) ? CT_RELATED : CT_RELATED_REPLY;
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
      ct.expiresAtMs = now + timeoutMs(timeouts, ct);
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

/** Moves a known connection on. @returns false when the packet does not fit it: INVALID. */
function follow(stack: Stack, skb: Skb, ct: CtEntry, reply: boolean): boolean {
  const now = stack.effects.nowMs;
  const timeouts = stack.netns.sysctl.conntrack;
  switch (ct.proto) {
    case TCP:
      return followTcp(stack, skb, ct, reply);
    case UDP: {
      if (ct.isReplyOnly) return true;
      // It was there when its last packet came, and may be older. Not every listing tells how much time is left.
      const streamAtMs = (ct.streamAtMs ??= Math.min(ct.expiresAtMs - timeouts.udpTimeoutMs, now) + UDP_STREAM_AFTER_MS);
      if ((ct.status & IPS_SEEN_REPLY) !== 0 || reply) {
        const stream = (ct.status & IPS_ASSURED) !== 0 || ((ct.status & IPS_SEEN_REPLY) !== 0 && now > streamAtMs);
        ct.expiresAtMs = now + (stream ? timeouts.udpTimeoutStreamMs : timeouts.udpTimeoutMs);
        if (stream) ct.status |= IPS_ASSURED;
      } else {
        ct.expiresAtMs = now + timeouts.udpTimeoutMs;
      }
      return true;
    }
    case ICMP:
      ct.expiresAtMs = now + timeouts.icmpTimeoutMs;
      return true;
    default:
      ct.expiresAtMs = now + timeouts.genericTimeoutMs;
      return true;
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
