import type { Ipv4 } from '../wire/ipv4.ts';
import { ICMP, TCP } from '../wire/proto.ts';

/** What an ICMP error quotes of the packet it is about. */
export interface QuotedHeader {
  src: Ipv4;
  dst: Ipv4;
  proto: number;
  sport: number;
  dport: number;
}

/**
 * What the fabric reads and rewrites of a packet. For ICMP echo `sport` is the identifier and `dport` 0.
 * A socket buffer of `linux/` satisfies it.
 */
export interface FabricPacket {
  src: Ipv4;
  dst: Ipv4;
  proto: number;
  sport: number;
  dport: number;
  ttl: number;
  /** IP identification; fragments of one datagram share it. */
  id: number;
  /** Total length of the IP packet. */
  lengthBytes: number;
  df: boolean;
  fragOffsetBytes: number;
  moreFragments: boolean;
  icmpType: number;
  tcpFlags: number;
  /** The MSS option of a SYN or SYN-ACK; 0 when absent. */
  mssBytes: number;
  quoted: QuotedHeader | null;
}

const SYN = 2;
const RST = 4;
const ACK = 16;

/** SYN or SYN-ACK: the only segments whose MSS option the fabric lowers. */
export function isSyn(packet: FabricPacket): boolean {
  return packet.proto === TCP && (packet.tcpFlags & SYN) !== 0;
}

/** The first packet of a connection, as far as one packet can tell. */
export function opensConnection(packet: FabricPacket): boolean {
  return packet.proto !== TCP || (packet.tcpFlags & (SYN | ACK | RST)) === SYN;
}

export function isFragment(packet: FabricPacket): boolean {
  return packet.moreFragments || packet.fragOffsetBytes > 0;
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
export function isIcmpError(packet: FabricPacket): boolean {
  if (packet.proto !== ICMP || packet.quoted === null) return false;
  const type = packet.icmpType;
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
