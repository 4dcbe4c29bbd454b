import { type Ipv4, ipv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import { ACCEPTED, type HookEnv, type TableVerdict } from '../netfilter/hook-env.ts';
import { type Skb, CT_ESTABLISHED_REPLY, CT_RELATED, CT_RELATED_REPLY } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { type CtEntry, IPS_CONFIRMED, IPS_DST_NAT, IPS_DST_NAT_DONE, IPS_SRC_NAT, IPS_SRC_NAT_DONE } from './entry.ts';
import { jhash2 } from './jhash.ts';
import type { NatRange } from './nat-range.ts';
import { answerType, hasPorts } from './tuple.ts';

export type Manip = 'src' | 'dst';

/** How many ports are tried from one random start. @source nf_nat_core.c NF_NAT_MAX_ATTEMPTS */
const MAX_ATTEMPTS = 128;

/** The connection as its first packet looks after the translations bound so far; reused, so nothing is allocated per packet. */
const tuple: { proto: number; src: Ipv4; dst: Ipv4; sport: number; dport: number } = {
  proto: 0,
  src: ipv4(0),
  dst: ipv4(0),
  sport: 0,
  dport: 0,
};

/** Whether the reply direction is meant. @source CTINFO2DIR */
export function isReply(skb: Skb): boolean {
  return skb.ctInfo === CT_ESTABLISHED_REPLY || skb.ctInfo === CT_RELATED_REPLY;
}

/** What a rule's NAT target does: binds a translation to the packet's connection. @source nf_nat_setup_info */
export function setupNat(env: HookEnv, manip: Manip, range: NatRange): TableVerdict {
  const ct = env.skb.ct;
  if (ct === null || (ct.status & IPS_CONFIRMED) !== 0) return ACCEPTED;
  bind(env.stack, ct, manip, range);
  return ACCEPTED;
}

/** Binds the identity translation, which still finds another port when the tuple is taken. @source nf_nat_alloc_null_binding */
export function nullBinding(stack: Stack, ct: CtEntry, manip: Manip): void {
  const addr = manip === 'src' ? ct.replyDst : ct.replySrc;
  if ((ct.status & IPS_CONFIRMED) !== 0) return;
  const { generation } = stack.session.conntrack;
  invertReply(ct);
  if (ct.uniqueAt === generation || !used(stack, ct)) {
    ct.uniqueAt = generation;
    ct.status |= manip === 'src' ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
    return;
  }
  bind(stack, ct, manip, { minAddr: addr, maxAddr: addr, minPort: 0, maxPort: 0, random: false, randomFully: false, persistent: false });
}

export function isBound(ct: CtEntry, manip: Manip): boolean {
  return (ct.status & (manip === 'src' ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE)) !== 0;
}

/** Rewrites a packet as its connection's bindings say. @source nf_nat_packet, nf_nat_manip_pkt */
export function translate(skb: Skb, ct: CtEntry, manip: Manip): boolean {
  const reply = isReply(skb);
  const bit = (manip === 'src') !== reply ? IPS_SRC_NAT : IPS_DST_NAT;
  if ((ct.status & bit) === 0) return false;
  if (manip === 'src') {
    skb.src = reply ? ct.origDst : ct.replyDst;
    if (skb.fragOffsetBytes === 0) setPort(skb, 'src', reply ? ct.origDport : ct.replyDport, reply ? ct.origSport : ct.replySport);
  } else {
    skb.dst = reply ? ct.origSrc : ct.replySrc;
    if (skb.fragOffsetBytes === 0) setPort(skb, 'dst', reply ? ct.origSport : ct.replySport, reply ? ct.origSport : ct.replySport);
  }
  return true;
}

function setPort(skb: { proto: number; sport: number; dport: number; icmpType: number }, which: Manip, port: number, icmpId: number): void {
  if (skb.proto === ICMP) {
    if (answerType(skb.icmpType) >= 0) skb.sport = icmpId;
  } else if (hasPorts(skb.proto)) {
    if (which === 'src') skb.sport = port;
    else skb.dport = port;
  }
}

/**
 * Translates an ICMP error: the header it quotes back to what the quoted packet's sender sent, then the outer header.
 * @returns false when the packet must be dropped (a redirect about a translated connection).
 * @source nf_nat_icmp_reply_translation
 */
export function translateIcmpError(skb: Skb, ct: CtEntry, manip: Manip): boolean {
  const done = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
  if (skb.icmpType === 5 && ((ct.status & done) !== done || (ct.status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0)) return false;
  const reply = isReply(skb);
  const bit = (manip === 'src') !== reply ? IPS_SRC_NAT : IPS_DST_NAT;
  if ((ct.status & bit) === 0) return true;
  const quoted = skb.quoted;
  if (manip === 'src') {
    if (quoted !== null) {
      quoted.dst = reply ? ct.origDst : ct.replyDst;
      setPort(quoted, 'dst', reply ? ct.origDport : ct.replyDport, reply ? ct.origSport : ct.replySport);
    }
    skb.src = reply ? ct.origDst : ct.replyDst;
  } else {
    if (quoted !== null) {
      quoted.src = reply ? ct.origSrc : ct.replySrc;
      setPort(quoted, 'src', reply ? ct.origSport : ct.replySport, reply ? ct.origSport : ct.replySport);
    }
    skb.dst = reply ? ct.origSrc : ct.replySrc;
  }
  return true;
}

/** Whether an error that belongs to a connection takes the error's way through NAT. @source nf_nat_ipv4_fn */
export function isRelated(skb: Skb): boolean {
  return skb.ctInfo === CT_RELATED || skb.ctInfo === CT_RELATED_REPLY;
}

function bind(stack: Stack, ct: CtEntry, manip: Manip, range: NatRange): void {
  invertReply(ct);
  const { src, dst, sport, dport } = tuple;
  uniqueTuple(stack, ct, manip, range);
  if (tuple.src !== src || tuple.dst !== dst || tuple.sport !== sport || tuple.dport !== dport) {
    ct.replySrc = tuple.dst;
    ct.replyDst = tuple.src;
    if (ct.proto === ICMP) {
      ct.replySport = tuple.sport;
    } else {
      ct.replySport = tuple.dport;
      ct.replyDport = tuple.sport;
    }
    ct.status |= manip === 'src' ? IPS_SRC_NAT : IPS_DST_NAT;
    ct.uniqueAt = -1;
  }
  ct.status |= manip === 'src' ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
}

function invertReply(ct: CtEntry): void {
  tuple.proto = ct.proto;
  tuple.src = ct.replyDst;
  tuple.dst = ct.replySrc;
  if (ct.proto === ICMP) {
    tuple.sport = ct.replySport;
    tuple.dport = ct.origDport;
  } else {
    tuple.sport = ct.replyDport;
    tuple.dport = ct.replySport;
  }
}

/** Whether the reply to `tuple` would be another connection's. @source nf_nat_used_tuple */
function used(stack: Stack, ct: CtEntry): boolean {
  const { conntrack } = stack.session;
  const now = stack.effects.nowMs;
  return ct.proto === ICMP
    ? conntrack.taken(ct.proto, tuple.dst, tuple.src, tuple.sport, answerType(tuple.dport), now, ct)
    : conntrack.taken(ct.proto, tuple.dst, tuple.src, tuple.dport, tuple.sport, now, ct);
}

/** @source nf_nat_core.c get_unique_tuple */
function uniqueTuple(stack: Stack, ct: CtEntry, manip: Manip, range: NatRange): void {
  const hasPortRange = range.minPort !== 0 || range.maxPort !== 0;
  if (manip === 'src' && !range.randomFully) {
    if (inRange(tuple.src, tuple.sport, range, hasPortRange)) {
      if (!used(stack, ct)) return;
    } else if (reuseMapping(stack, ct, range, hasPortRange)) {
      return;
    }
  }
  pickAddress(manip, range);
  if (!range.randomFully) {
    if (hasPortRange) {
      const port = manip === 'src' ? tuple.sport : tuple.dport;
      if (!range.random && port >= range.minPort && port <= range.maxPort && (range.minPort === range.maxPort || !used(stack, ct))) return;
    } else if (!range.random && !used(stack, ct)) {
      return;
    }
  }
  pickPort(stack, ct, manip, range, hasPortRange);
}

function inRange(addr: Ipv4, port: number, range: NatRange, hasPortRange: boolean): boolean {
  if (range.minAddr !== null && range.maxAddr !== null && (addr >>> 0 < range.minAddr >>> 0 || addr >>> 0 > range.maxAddr >>> 0))
    return false;
  return !hasPortRange || (port >= range.minPort && port <= range.maxPort);
}

/** The mapping this source already has for another destination. @source find_appropriate_src */
function reuseMapping(stack: Stack, ct: CtEntry, range: NatRange, hasPortRange: boolean): boolean {
  const { src, sport } = tuple;
  for (const other of stack.session.conntrack.translatedFrom(ct.proto, src, sport)) {
    const port = ct.proto === ICMP ? other.replySport : other.replyDport;
    if (!inRange(other.replyDst, port, range, hasPortRange)) continue;
    tuple.src = other.replyDst;
    tuple.sport = port;
    if (!used(stack, ct)) return true;
    tuple.src = src;
    tuple.sport = sport;
    return false;
  }
  return false;
}

/** @source find_best_ips_proto: a hash of the source (and of the destination unless persistent) picks the address */
function pickAddress(manip: Manip, range: NatRange): void {
  const { minAddr, maxAddr } = range;
  if (minAddr === null || maxAddr === null) return;
  let addr = minAddr;
  if (minAddr !== maxAddr) {
    const size = (maxAddr >>> 0) - (minAddr >>> 0) + 1;
    const h = jhash2([tuple.src, 0, 0, 0], range.persistent ? 0 : tuple.dst);
    addr = ipv4((minAddr >>> 0) + Number((BigInt(h) * BigInt(size)) >> 32n));
  }
  if (manip === 'src') tuple.src = addr;
  else tuple.dst = addr;
}

/** @source nf_nat_l4proto_unique_tuple */
function pickPort(stack: Stack, ct: CtEntry, manip: Manip, range: NatRange, hasPortRange: boolean): void {
  const isIcmp = ct.proto === ICMP;
  if (!isIcmp && !hasPorts(ct.proto)) return;
  const current = manip === 'src' || isIcmp ? tuple.sport : tuple.dport;
  let min: number;
  let size: number;
  if (hasPortRange) {
    min = range.minPort;
    size = range.maxPort - range.minPort + 1;
  } else if (isIcmp) {
    min = 0;
    size = 65536;
  } else if (manip === 'dst') {
    return;
  } else if (current < 512) {
    min = 1;
    size = 511;
  } else if (current < 1024) {
    min = 600;
    size = 424;
  } else {
    min = 1024;
    size = 64512;
  }
  let offset = range.random || range.randomFully || manip === 'src' ? stack.effects.random(65536) : 0;
  for (let attempts = Math.min(size, MAX_ATTEMPTS); ; attempts = attempts >> 1, offset = stack.effects.random(65536)) {
    for (let i = 0; i < attempts; i++, offset++) {
      const port = min + (offset % size);
      if (manip === 'src' || isIcmp) tuple.sport = port;
      else tuple.dport = port;
      if (!used(stack, ct)) return;
    }
    if (attempts >= size || attempts < 16) return;
  }
}
