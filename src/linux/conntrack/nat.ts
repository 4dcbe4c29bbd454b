import { type Ipv4, ipv4 } from '../../wire/ipv4.ts';
import { ICMP, TCP } from '../../wire/proto.ts';
import { mistranslate } from '../checksum.ts';
import { ACCEPTED, type HookEnv, type TableVerdict } from '../netfilter/hook-env.ts';
import { type Skb, CT_RELATED, CT_RELATED_REPLY, isReply } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { type CtEntry, IPS_CONFIRMED, IPS_DST_NAT, IPS_DST_NAT_DONE, IPS_SRC_NAT, IPS_SRC_NAT_DONE, type Manip } from './entry.ts';
import { jhash2 } from './jhash.ts';
import type { NatRange } from './nat-range.ts';
import { SYN_SENT, TIME_WAIT } from './tcp.ts';
import { answerType, hasPorts } from './tuple.ts';

/** How many ports are tried from one random start. @source nf_nat_core.c NF_NAT_MAX_ATTEMPTS */
const MAX_ATTEMPTS = 128;
/** Of so many tries left a connection that is over may be lost. @source nf_nat_core.c NF_NAT_HARDER_THRESH */
const HARDER_BELOW = MAX_ATTEMPTS / 4;
/** Initial sequence numbers of two sources: either may be the greater. */
const EITHER: readonly number[] = [0.5, 0.5];

/** The connection as its first packet looks after the translations bound so far; reused, so nothing is allocated per packet. */
const tuple: { proto: number; src: Ipv4; dst: Ipv4; sport: number; dport: number } = {
  proto: 0,
  src: ipv4(0),
  dst: ipv4(0),
  sport: 0,
  dport: 0,
};

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

/** What a translation puts in a header's place; reused, so nothing is allocated per packet. */
const target: { addr: Ipv4; port: number; icmpId: number } = { addr: ipv4(0), port: 0, icmpId: 0 };

/** What becomes of a packet's source or destination, null where its connection leaves that alone. @source nf_nat_packet */
function manipTarget(skb: Skb, ct: CtEntry, manip: Manip): typeof target | null {
  const reply = isReply(skb);
  const bit = (manip === 'src') !== reply ? IPS_SRC_NAT : IPS_DST_NAT;
  if ((ct.status & bit) === 0) return null;
  target.icmpId = reply ? ct.origSport : ct.replySport;
  if (manip === 'src') {
    target.addr = reply ? ct.origDst : ct.replyDst;
    target.port = reply ? ct.origDport : ct.replyDport;
  } else {
    target.addr = reply ? ct.origSrc : ct.replySrc;
    target.port = target.icmpId;
  }
  return target;
}

/** Rewrites a packet as its connection's bindings say. @source nf_nat_packet, nf_nat_manip_pkt */
export function translate(skb: Skb, ct: CtEntry, manip: Manip): boolean {
  const to = manipTarget(skb, ct, manip);
  if (to === null) return false;
  // Of what others have, too, only they keep the bytes. @source net/core/skbuff.c skb_ensure_writable
  if (skb.isCopy) skb.data = null;
  if (skb.inner !== null) mistranslate(skb, { addr: skb[manip], port: manip === 'src' ? skb.sport : skb.dport }, to);
  skb[manip] = to.addr;
  if (skb.fragOffsetBytes === 0) setPort(skb, manip, to.port, to.icmpId);
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
  const to = manipTarget(skb, ct, manip);
  if (to === null) return true;
  const { quoted } = skb;
  if (quoted !== null) {
    // The quoted packet went the other way.
    const end = manip === 'src' ? 'dst' : 'src';
    quoted[end] = to.addr;
    setPort(quoted, end, to.port, to.icmpId);
  }
  skb[manip] = to.addr;
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

/**
 * The same for one of the last tries: a connection that is over makes room for one whose numbers have advanced past its own, which those
 * that two sources begin with do or do not.
 * @source nf_nat_core.c nf_nat_used_tuple_harder, nf_nat_may_kill, nf_seq_has_advanced
 */
function usedHarder(stack: Stack, ct: CtEntry, attemptsLeft: number): boolean {
  if (attemptsLeft > HARDER_BELOW || ct.proto !== TCP || ct.tcpState !== SYN_SENT) return used(stack, ct);
  const { conntrack } = stack.session;
  const old = conntrack.find(ct.proto, tuple.dst, tuple.src, tuple.dport, tuple.sport, stack.effects.nowMs);
  if (old === null || old === ct) return false;
  if (old.tcpState < TIME_WAIT || (old.status & IPS_SRC_NAT) === 0) return true;
  if (stack.effects.choose({ what: 'isn', at: stack.at, odds: EITHER }) === 1) return true;
  conntrack.remove(old);
  return false;
}

/** @source nf_nat_core.c get_unique_tuple */
function uniqueTuple(stack: Stack, ct: CtEntry, manip: Manip, range: NatRange): void {
  const hasPortRange = range.minPort !== 0 || range.maxPort !== 0;
  const isRandom = range.random || range.randomFully;
  if (manip === 'src' && !isRandom) {
    if (inRange(tuple.src, tuple.sport, range, hasPortRange)) {
      if (!used(stack, ct)) return;
    } else if (reuseMapping(stack, ct, range, hasPortRange)) {
      return;
    }
  }
  pickAddress(manip, range);
  if (!isRandom) {
    if (hasPortRange) {
      const port = manip === 'src' ? tuple.sport : tuple.dport;
      if (port >= range.minPort && port <= range.maxPort && (range.minPort === range.maxPort || !used(stack, ct))) return;
    } else if (!used(stack, ct)) {
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
  for (const other of stack.session.conntrack.translatedFrom(ct.proto, src, sport, stack.effects.nowMs)) {
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

/** An address in network order as a little-endian machine reads it: a number with its bytes turned round. */
function inMemory(addr: Ipv4): number {
  return (addr << 24) | ((addr & 0xff00) << 8) | ((addr >>> 8) & 0xff00) | (addr >>> 24);
}

/** @source find_best_ips_proto: a hash of the source (and of the destination unless persistent) picks the address */
function pickAddress(manip: Manip, range: NatRange): void {
  const { minAddr, maxAddr } = range;
  if (minAddr === null || maxAddr === null) return;
  let addr = minAddr;
  if (minAddr !== maxAddr) {
    const size = (maxAddr >>> 0) - (minAddr >>> 0) + 1;
    const h = jhash2([inMemory(tuple.src), 0, 0, 0], range.persistent ? 0 : inMemory(tuple.dst));
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
  const ports = { low: min, high: min + size };
  let offset = range.random || range.randomFully || manip === 'src' ? stack.effects.firstPort(stack, ct, manip, ports) : 0;
  for (let attempts = Math.min(size, MAX_ATTEMPTS); ; attempts = attempts >> 1, offset = stack.effects.firstPort(stack, ct, manip, ports)) {
    for (let i = 0; i < attempts; i++, offset++) {
      const port = min + (offset % size);
      if (manip === 'src' || isIcmp) tuple.sport = port;
      else tuple.dport = port;
      if (!usedHarder(stack, ct, attempts - i)) return;
    }
    if (attempts >= size || attempts < 16) return;
  }
}
