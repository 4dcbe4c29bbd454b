import type { ArpHeader, FurtherFrame, Header } from '../../trace/trace.ts';
import { type Ipv4, parseIpv4, ANY } from '../../wire/ipv4.ts';
import { type Mac, NO_MAC, parseMac, ZERO_MAC } from '../../wire/mac.ts';
import { encodeArp } from '../../wire/packet/arp.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, encodeEthernet } from '../../wire/packet/ethernet.ts';
import { ICMP_HEADER_BYTES, encodeIcmp } from '../../wire/packet/icmp.ts';
import { IPV4_HEADER_BYTES, encodeIpv4 } from '../../wire/packet/ipv4.ts';
import { encodeTcp } from '../../wire/packet/tcp.ts';
import { UDP_HEADER_BYTES, encodeUdp } from '../../wire/packet/udp.ts';
import { encodeVxlan } from '../../wire/packet/vxlan.ts';
import { concatBytes } from '../../wire/bytes.ts';
import { ICMP, TCP, UDP, protoNumber } from '../../wire/proto.ts';

/** No packet is longer. @source RFC 791: Total Length */
const MAX_IP_BYTES = 0xffff;
const TCP_HEADER_BYTES = 20;
const MAX_TCP_HEADER_BYTES = 60;
const SYN = 2;
const RST = 4;
const FLAG_BITS: ReadonlyMap<string, number> = new Map([
  ['SYN', SYN],
  ['RST', RST],
  ['ACK', 16],
]);
/** In a SYN, and scaled in every segment after it. @source net/ipv4/tcp_output.c tcp_select_initial_window, for an MSS of 1460 */
const SYN_WINDOW = 64_240;
const WINDOW = 502;
const ECHO_SEQUENCE = 1;

/**
 * The bytes of a frame that a trace shows, with valid lengths and checksums. What no trace says is as Linux has it: the window, the order
 * of TCP options; a payload is zeros.
 * @param fragments all fragments of the datagram that are known, this one too, where it is one
 * @param clockMs what the timestamp option of TCP shows
 */
export function frameBytes(header: Header | ArpHeader, fragments: readonly Header[], clockMs: number): Uint8Array {
  if ('op' in header) {
    const { op, src, dst, smac, dmac, targetMac } = header;
    const arp = { op, senderMac: mac(smac), senderIp: address(src), targetMac: mac(targetMac), targetIp: address(dst) };
    return encodeEthernet(mac(smac), mac(dmac), ETHERTYPE_ARP, encodeArp(arp));
  }
  return encodeEthernet(mac(header.smac), mac(header.dmac), ETHERTYPE_IPV4, ipBytes(header, fragments, clockMs));
}

function ipBytes(header: Header, fragments: readonly Header[], clockMs: number): Uint8Array {
  const { fragment } = header;
  const proto = protoNumber(header.proto) ?? 0;
  const first = fragment === undefined ? header : (fragments.find((one) => one.fragment?.offset === 0) ?? header);
  const end =
    fragment === undefined
      ? payloadBytes(header)
      : Math.max(...[header, ...fragments].map((one) => (one.fragment?.offset ?? 0) + payloadBytes(one)));
  const datagram = transportBytes(first, proto, Math.min(end, MAX_IP_BYTES), clockMs);
  const offset = fragment?.offset ?? 0;
  const payload = fragment === undefined ? datagram : datagram.subarray(offset, offset + payloadBytes(header));
  const bytes = encodeIpv4({
    src: address(header.src),
    dst: address(header.dst),
    proto,
    ttl: header.ttl,
    tos: header.tos ?? 0,
    id: header.id ?? 0,
    df: header.df === true,
    moreFragments: fragment?.more === true,
    fragOffsetBytes: offset,
    totalBytes: Math.min(IPV4_HEADER_BYTES + payload.length, MAX_IP_BYTES),
  });
  return concatBytes([bytes, payload]);
}

/** What follows the IP header, in bytes. */
function payloadBytes({ length = 0 }: Header): number {
  return Math.max(0, Math.min(length, MAX_IP_BYTES) - IPV4_HEADER_BYTES);
}

/** Transport header and payload; `length` of both, or more where the header itself needs more. */
function transportBytes(header: Header, proto: number, length: number, clockMs: number): Uint8Array {
  const src = address(header.src);
  const dst = address(header.dst);
  const { sport = 0, dport = 0, icmpType = 0, icmpCode = 0 } = header;
  switch (proto) {
    case TCP: {
      const headerBytes = Math.max(TCP_HEADER_BYTES, Math.min(MAX_TCP_HEADER_BYTES, length & ~3));
      const flags = flagBits(header.flags);
      const segment = {
        sport,
        dport,
        seqNumber: header.seqNumber ?? 0,
        ackNumber: header.ackNumber ?? 0,
        flags,
        window: windowOf(flags),
        mssBytes: header.mss ?? 0,
        clockMs,
        headerBytes,
        payload: zeros(length - headerBytes),
      };
      return encodeTcp(segment, src, dst);
    }
    case UDP: {
      const { inner } = header;
      if (inner === undefined) return encodeUdp({ sport, dport, payload: zeros(length - UDP_HEADER_BYTES) }, src, dst);
      const payload = encodeVxlan(header.vni ?? 0, frameBytes(inner, [], clockMs));
      return encodeUdp({ sport: header.tunnelSport ?? sport, dport, payload }, src, dst, false);
    }
    case ICMP: {
      const rest = icmpWord(header);
      const room = length - ICMP_HEADER_BYTES;
      const payload = header.quoted === undefined ? zeros(room) : ipBytes(header.quoted, [], clockMs).subarray(0, Math.max(0, room));
      return encodeIcmp(icmpType, icmpCode, rest, payload);
    }
    default:
      return zeros(length);
  }
}

/** The second word of an ICMP header. */
function icmpWord({ sport = 0, nextHopMtu, gateway, quoted }: Header): number {
  if (gateway !== undefined) return address(gateway);
  if (nextHopMtu !== undefined) return nextHopMtu;
  return quoted === undefined ? ((sport << 16) | ECHO_SEQUENCE) >>> 0 : 0;
}

function windowOf(flags: number): number {
  if ((flags & RST) !== 0) return 0;
  return (flags & SYN) !== 0 ? SYN_WINDOW : WINDOW;
}

function flagBits(text: string | undefined): number {
  return (text ?? '').split(',').reduce((bits, name) => bits | (FLAG_BITS.get(name) ?? 0), 0);
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(Math.max(0, length));
}

function address(text: string): Ipv4 {
  return parseIpv4(text) ?? ANY;
}

function mac(text: string | null | undefined): Mac {
  return text === null || text === undefined || text === NO_MAC ? ZERO_MAC : (parseMac(text) ?? ZERO_MAC);
}

/** The IP headers among the frames of one datagram. */
function ipHeaders(frames: readonly (Header | ArpHeader)[]): Header[] {
  return frames.flatMap((header) => ('op' in header ? [] : [header]));
}

/** The frame that a hop shows with its further fragments, as headers. */
export function datagramOf(shown: Header | ArpHeader | undefined, further: readonly FurtherFrame[] | undefined): Header[] {
  return ipHeaders([...(shown === undefined ? [] : [shown]), ...(further ?? []).map(({ header }) => header)]);
}
