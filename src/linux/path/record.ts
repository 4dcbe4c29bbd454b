import type { Recorder, StepDraft } from '../../trace/recorder.ts';
import type { ArpHeader, Header } from '../../trace/trace.ts';
import { ANY, formatIpv4 } from '../../wire/ipv4.ts';
import { NO_MAC } from '../../wire/mac.ts';
import { ICMP, protoName, TCP } from '../../wire/proto.ts';
import { hasPorts } from '../conntrack/tuple.ts';
import { ACK, type Quoted, RST, type Skb, SYN } from '../skb.ts';
import type { Stack } from '../stack.ts';

/** Writes a step to the hop that a packet is in, where anybody listens. */
export function note(stack: Stack, skb: Skb, draft: StepDraft): void {
  const { recorder } = stack.effects;
  if (recorder !== null && skb.hop !== null) recorder.step(skb.hop, draft);
}

/** A hop for a packet that enters a namespace by a device. */
export function enter(recorder: Recorder, stack: Stack, device: string, skb: Skb): void {
  if (skb.leg === null) return;
  if (skb.trailing) {
    // Hops are those of the first fragment; a later one only adds its steps.
    const visit = skb.leg.hops.findLast((h) => h.at === stack.at && h.in === device);
    visit?.rxFragments.push(recorder.frame(stack.effects.nowMs, headerOf(skb)));
    skb.hop = visit ?? recorder.hop(skb.leg, stack.at);
    return;
  }
  const hop = recorder.hop(skb.leg, stack.at);
  hop.in = device;
  hop.rx = recorder.frame(stack.effects.nowMs, headerOf(skb));
  skb.hop = hop;
}

/** Writes down by which device a packet leaves, and how it looks. */
export function leave(stack: Stack, skb: Skb, device: string): void {
  const { recorder, nowMs } = stack.effects;
  const { hop } = skb;
  if (recorder === null || hop === null) return;
  if (!skb.trailing) {
    hop.out = device;
    hop.tx = recorder.frame(nowMs, headerOf(skb));
  } else if (hop.out === device) hop.txFragments.push(recorder.frame(nowMs, headerOf(skb)));
}

/** Writes down a further device crossed inside the namespace. */
export function through(skb: Skb, device: string): void {
  if (skb.hop !== null && !skb.trailing) skb.hop.through.push(device);
}

/**
 * A frame passes the taps of a device.
 * What is looped back is no frame that a tap takes.
 * @source net/core/dev.c __netif_receive_skb_core, dev_queue_xmit_nit; net/packet/af_packet.c tpacket_rcv (PACKET_LOOPBACK)
 */
export function tapped(stack: Stack, skb: Skb, device: string, out: boolean): void {
  const taps = stack.effects.recorder?.taps ?? null;
  if (taps === null || skb.leg === null || skb.trailing || (skb.leg.loopedBack && !out)) return;
  taps.push({ at: stack.at, dev: device, out, kind: skb.leg.kind, header: headerOf(skb) });
}

/** A hop for a packet that starts in a namespace. */
export function start(recorder: Recorder, stack: Stack, skb: Skb): void {
  if (skb.leg !== null) skb.hop = recorder.hop(skb.leg, stack.at);
}

/** A copy that goes its own way from here: flooded, looped back, or passed up a promiscuous bridge. */
export function forkSkb(stack: Stack, skb: Skb): Skb {
  const copy = skb.clone();
  copy.isCopy = true;
  copy.sender = 'none';
  const { recorder } = stack.effects;
  if (recorder !== null && skb.leg !== null && skb.hop !== null) {
    const fork = recorder.fork(skb.leg, skb.hop);
    copy.leg = fork.leg;
    // Of a datagram in pieces the first one tells the way.
    fork.leg.foreign = skb.trailing;
    copy.hop = fork.hop;
  }
  return copy;
}

function flagsText(flags: number): string {
  const names: string[] = [];
  if ((flags & SYN) !== 0) names.push('SYN');
  if ((flags & RST) !== 0) names.push('RST');
  if ((flags & ACK) !== 0) names.push('ACK');
  return names.join(',');
}

/** The headers as they are now; formatted only when somebody reads them. */
export function headerOf(skb: Skb): () => Header | ArpHeader {
  if (skb.arp !== null) {
    const { arp, smac, dmac } = skb;
    const { op, senderIp, targetIp, targetMac } = arp;
    return () => ({ proto: 'arp', op, src: formatIpv4(senderIp), dst: formatIpv4(targetIp), smac, dmac, targetMac });
  }
  return ipHeaderOf(skb);
}

export function ipHeaderOf(skb: Skb): () => Header {
  const {
    src,
    dst,
    proto,
    sport,
    dport,
    ttl,
    smac,
    dmac,
    mark,
    lengthBytes,
    icmpType,
    icmpCode,
    tcpFlags,
    mssBytes,
    df,
    vni,
    fragOffsetBytes,
    moreFragments,
    tos,
    id,
    tcpSeq,
    tcpAck,
    icmpMtuBytes,
    icmpGateway,
  } = skb;
  const inner = skb.inner === null ? null : headerOf(skb.inner);
  const quoted = skb.quoted === null ? null : quotedHeader({ ...skb.quoted });
  return () => {
    const header: Header = {
      src: formatIpv4(src),
      dst: formatIpv4(dst),
      proto: protoName(proto),
      ttl,
      smac,
      dmac: dmac === NO_MAC ? null : dmac,
      mark: mark >>> 0,
      length: lengthBytes,
    };
    if (hasPorts(proto) && fragOffsetBytes === 0) {
      header.sport = inner === null ? sport : 0;
      header.dport = dport;
    }
    if (proto === ICMP && fragOffsetBytes === 0) {
      header.icmpType = icmpType;
      header.icmpCode = icmpCode;
      if (icmpType === 8 || icmpType === 0) header.sport = sport;
      if (icmpMtuBytes > 0) header.nextHopMtu = icmpMtuBytes;
      if (icmpGateway !== ANY) header.gateway = formatIpv4(icmpGateway);
      if (quoted !== null) header.quoted = quoted();
    }
    if (proto === TCP && fragOffsetBytes === 0) {
      header.flags = flagsText(tcpFlags);
      if (mssBytes > 0) header.mss = mssBytes;
      header.seqNumber = tcpSeq >>> 0;
      header.ackNumber = tcpAck >>> 0;
    }
    if (df) header.df = true;
    if (tos !== 0) header.tos = tos;
    if (id !== 0) header.id = id & 0xffff;
    if (moreFragments || fragOffsetBytes > 0) header.fragment = { offset: fragOffsetBytes, more: moreFragments };
    if (inner !== null) {
      header.vni = vni;
      if (fragOffsetBytes === 0) header.tunnelSport = sport;
      header.inner = inner();
    }
    return header;
  };
}

/** The packet that an ICMP error quotes, as NAT has rewritten it so far. */
function quotedHeader(quoted: Quoted): () => Header {
  return () => {
    const header: Header = {
      src: formatIpv4(quoted.src),
      dst: formatIpv4(quoted.dst),
      proto: protoName(quoted.proto),
      ttl: quoted.ttl,
      mark: 0,
      length: quoted.lengthBytes,
    };
    if (hasPorts(quoted.proto)) {
      header.sport = quoted.sport;
      header.dport = quoted.dport;
    }
    if (quoted.proto === ICMP) {
      header.sport = quoted.sport;
      header.icmpType = quoted.icmpType;
      header.icmpCode = 0;
    }
    if (quoted.proto === TCP) {
      header.flags = flagsText(quoted.tcpFlags);
      header.seqNumber = quoted.tcpSeq >>> 0;
      header.ackNumber = quoted.tcpAck >>> 0;
      if (quoted.mssBytes > 0) header.mss = quoted.mssBytes;
    }
    if (quoted.df) header.df = true;
    if (quoted.tos !== 0) header.tos = quoted.tos;
    if (quoted.id !== 0) header.id = quoted.id & 0xffff;
    if (quoted.moreFragments) header.fragment = { offset: 0, more: true };
    return header;
  };
}

/** `10.0.0.1:40000 -> 10.0.0.2:80 TCP` for sentences. */
export function flowText(skb: Skb): string {
  const ports = hasPorts(skb.proto) && skb.fragOffsetBytes === 0;
  const src = ports ? `${formatIpv4(skb.src)}:${skb.sport}` : formatIpv4(skb.src);
  const dst = ports ? `${formatIpv4(skb.dst)}:${skb.dport}` : formatIpv4(skb.dst);
  return `${src} -> ${dst} ${protoName(skb.proto).toUpperCase()}`;
}
