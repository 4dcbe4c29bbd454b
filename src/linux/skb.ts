import type { HopRecord, LegRecord } from '../trace/recorder.ts';
import type { LegKind } from '../trace/trace.ts';
import { type Ipv4, ANY } from '../wire/ipv4.ts';
import { type Mac, ZERO_MAC } from '../wire/mac.ts';
import { ICMP } from '../wire/proto.ts';
import type { CtEntry } from './conntrack/entry.ts';
import type { Device } from './device.ts';
import type { InputRoute, OutputRoute } from './fib/route-result.ts';

export const SYN = 2;
export const RST = 4;
export const ACK = 16;

/** The user that the kernel's own packets have in a look-up. @source include/net/sock.h sock_net_uid */
export const KERNEL_UID = 0;

/** An ARP packet. @source RFC 826 */
export interface Arp {
  readonly op: 'request' | 'reply';
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

/** The header that an ICMP error quotes; NAT rewrites it together with the outer one. */
export interface Quoted {
  src: Ipv4;
  dst: Ipv4;
  proto: number;
  sport: number;
  dport: number;
  ttl: number;
  icmpType: number;
  tcpFlags: number;
  readonly lengthBytes: number;
  readonly tos: number;
  readonly df: boolean;
  readonly id: number;
  readonly moreFragments: boolean;
  readonly tcpSeq: number;
  readonly tcpAck: number;
  readonly mssBytes: number;
}

/** How conntrack sees a packet. @source include/uapi/linux/netfilter/nf_conntrack_common.h enum ip_conntrack_info */
export const CT_NONE = 0;
export const CT_NEW = 1;
export const CT_ESTABLISHED = 2;
export const CT_RELATED = 3;
export const CT_ESTABLISHED_REPLY = 4;
export const CT_RELATED_REPLY = 5;
export const CT_UNTRACKED = 6;
/** Looked at and found to belong to nothing that conntrack can follow. */
export const CT_INVALID = 7;
export type CtInfo = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** A way out of a namespace. */
export type Exit = Exclude<OutputRoute, { kind: 'error' | 'unknown' }> | Extract<InputRoute, { kind: 'forward' }>;

/**
 * What br_netfilter keeps beside a frame that crosses a bridge. @source include/linux/skbuff.h struct nf_bridge_info
 */
export interface BridgeInfo {
  /** The port it came in by, and the one it leaves by. */
  physIn: string;
  physOut: string | null;
  /** Destination before the IP PREROUTING hook. */
  origDst: Ipv4;
  wasOtherHost: boolean;
  inPrerouting: boolean;
  /** IP PREROUTING has run and must not run again when the frame goes up. */
  sabotaged: boolean;
  /** A bridged DNAT goes on below the bridge device once the neighbour is resolved. */
  bridgedDnat: boolean;
  /** Who sent the frame, kept while the neighbour code writes its own header. */
  smac: Mac;
  fragMaxBytes: number;
}

/** `struct sk_buff.hash`: of addresses and ports (`l4_hash`), or of addresses alone. */
export interface FlowHash {
  readonly value: number;
  readonly ofPorts: boolean;
}

/** The bridges that flooded a frame, newest first. */
export interface FloodedBy {
  readonly bridge: Device;
  /** The port by which it came; null from this host. */
  readonly from: Device | null;
  /** The port by which this copy left; null for the one that went up. */
  readonly to: Device | null;
  readonly before: FloodedBy | null;
}

/** Whom a frame is for, as the receiving device sees it. @source include/uapi/linux/if_packet.h */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export type PacketType = 0 | 1 | 2 | 3;

/** What several packets have in common, and maybe a socket that would send it again. */
export interface Bytes {
  readonly isKept: boolean;
}

/**
 * One packet on its way: Ethernet, IPv4 and transport headers plus what the kernel keeps beside them in `struct sk_buff`.
 * Mutable on purpose: a walk rewrites one object, as the kernel does.
 * For ICMP echo `sport` is the identifier and `dport` 0.
 */
export class Skb {
  smac: Mac = ZERO_MAC;
  dmac: Mac = ZERO_MAC;
  arp: Arp | null = null;

  src: Ipv4 = ANY;
  dst: Ipv4 = ANY;
  proto = 0;
  ttl = 64;
  tos = 0;
  df = false;
  /** `struct sk_buff.ignore_df`: may be fragmented on output in spite of DF. */
  ignoreDf = false;
  /** Its socket here looks how far it gets, and heeds the MTU of the device alone. @source include/net/ip.h ip_sk_use_pmtu */
  probesPath = false;
  /** Fragment offset in bytes. */
  fragOffsetBytes = 0;
  moreFragments = false;
  /** IP identification, which fragments of one datagram share; 0 as long as it was never cut. */
  id = 0;
  /** Total length of the IP packet. */
  lengthBytes = 0;
  /** Largest fragment seen while this datagram was put together again (0: it never was in fragments). */
  fragMaxBytes = 0;
  /** Payload bytes of the fragments that it was put together from on its way through, in order. @source skbuff.h skb_shared_info.frag_list */
  pieces: readonly number[] | null = null;
  /** Of a fragment: there is room before it for a tunnel's headers; of what was put together: before all of its fragments. */
  hasTunnelRoom = false;

  sport = 0;
  dport = 0;
  icmpType = 0;
  icmpCode = 0;
  /** Next-hop MTU of a fragmentation-needed error. */
  icmpMtuBytes = 0;
  /** The gateway that a redirect names. */
  icmpGateway: Ipv4 = ANY;
  tcpFlags = 0;
  /** Sequence and acknowledgement number, as signed 32-bit integers. */
  tcpSeq = 0;
  tcpAck = 0;
  /** The MSS option of a SYN; 0 when absent. */
  mssBytes = 0;
  quoted: Quoted | null = null;
  /** VXLAN: the frame inside. */
  inner: Skb | null = null;
  vni = 0;

  mark = 0;
  priority = 0;
  ct: CtEntry | null = null;
  ctInfo: CtInfo = CT_NONE;
  packetType: PacketType = PACKET_HOST;
  /** Where it goes as a received packet, until something changes it so that this must be found again. */
  input: InputRoute | null = null;
  /** The device that it was received by, of this namespace; the tunnel for what a tunnel sends. */
  cameBy: Device | null = null;
  /** Where it goes on leaving. */
  via: Exit | null = null;
  /** What br_netfilter keeps while a frame crosses a bridge; null outside. */
  bridge: BridgeInfo | null = null;
  /** The call that sends this packet has not returned yet: a drop in OUTPUT or POSTROUTING is the caller's EPERM. */
  sending = false;
  /** IP_RECVERR: its socket is told of devices that take no more, which one that sends ready-made packets is not. @source net/ipv4/raw.c raw_send_hdrinc */
  recvErr = false;
  /** Made by a local socket or the kernel here, not received. */
  local = false;
  /** Made by the kernel, not by a process: its user is root, whatever the sockets here belong to. */
  byKernel = false;
  /**
   * Whose socket sends it: a process's, the kernel's own, which belongs to nobody, or none at all. The kernel's own is one for all namespaces:
   * it is given back once the packet has left, or waits for a neighbour. @source net/ipv4/icmp.c icmp_xmit_unlock
   */
  sender: 'process' | 'kernel' | 'given-back' | 'none' = 'process';
  /** SO_BINDTODEVICE of the sending socket. */
  boundDev: string | null = null;
  /** The user and group that own the sending socket: root, unless the probe says otherwise. */
  uid = 0;
  gid = 0;
  /** Its transport checksum is still to be filled in. @source CHECKSUM_PARTIAL */
  checksumPending = false;
  /** It is that of the packet inside, whose own header makes up the rest. @source net/ipv4/udp_tunnel_core.c udp_tunnel_handle_offloads (skb->encapsulation) */
  checksumInside = false;
  /** By how much a tunnel's checksum is wrong, modulo 65535. */
  checksumError = 0;
  /** What its flow was hashed to, once somebody asked. */
  flowHash: FlowHash | null = null;
  /** The bytes that copies share; null for as long as it is the only one that has them. @source skbuff.h skb_shared_info.dataref */
  data: Bytes | null = null;

  /** A further fragment of the packet that its leg shows. */
  trailing = false;
  /** Links crossed since the TTL last fell. */
  crossings = 0;
  /** Bridges that flooded it since then: one that meets it again is part of a loop. */
  flooded: FloodedBy | null = null;

  /** What it is to the probe that called it forth. */
  role: LegKind = 'request';
  /** A copy that went its own way: flooded, looped back, or passed up a promiscuous bridge. */
  isCopy = false;
  leg: LegRecord | null = null;
  hop: HopRecord | null = null;

  /** Copies all headers and metadata; the copy shares the conntrack entry and belongs to the same leg. */
  clone(): Skb {
    this.data ??= { isKept: false };
    const copy = Object.assign(new Skb(), this);
    if (this.quoted !== null) copy.quoted = { ...this.quoted };
    if (this.inner !== null) copy.inner = this.inner.clone();
    if (this.bridge !== null) copy.bridge = { ...this.bridge };
    return copy;
  }
}

/** Whether it goes in the reply direction of its connection. @source CTINFO2DIR */
export function isReply({ ctInfo }: Skb): boolean {
  return ctInfo === CT_ESTABLISHED_REPLY || ctInfo === CT_RELATED_REPLY;
}

/** An ICMP error or a redirect: it quotes the packet that it is about, to which conntrack calls it RELATED. */
export function isIcmpError(skb: Skb): boolean {
  if (skb.proto !== ICMP) return false;
  return skb.icmpType === 3 || skb.icmpType === 4 || skb.icmpType === 5 || skb.icmpType === 11 || skb.icmpType === 12;
}

/** A part of a packet, the first one included. */
export function isFragment(skb: Skb): boolean {
  return skb.moreFragments || skb.fragOffsetBytes > 0;
}

/** What an ICMP error says of the packet that it is about. */
export function quote(skb: Skb): Quoted {
  const { src, dst, proto, sport, dport, ttl, icmpType, tcpFlags, lengthBytes, tos, df, id, moreFragments, tcpSeq, tcpAck, mssBytes } = skb;
  return { src, dst, proto, sport, dport, ttl, icmpType, tcpFlags, lengthBytes, tos, df, id, moreFragments, tcpSeq, tcpAck, mssBytes };
}

/** The number that acknowledges a segment; a SYN counts as a byte, and no other segment here holds any. */
export function afterSegment({ tcpSeq, tcpFlags }: Skb): number {
  return (tcpFlags & SYN) !== 0 ? (tcpSeq + 1) | 0 : tcpSeq;
}
