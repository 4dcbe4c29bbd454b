import { ByteWriter, putU16 } from '../bytes.ts';
import { internetChecksum } from '../checksum.ts';
import type { Ipv4 } from '../ipv4.ts';

export const IPV4_HEADER_BYTES = 20;

export interface Ipv4Header {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly proto: number;
  readonly ttl: number;
  readonly tos: number;
  readonly id: number;
  readonly df: boolean;
  readonly moreFragments: boolean;
  readonly fragOffsetBytes: number;
  /** Header and payload. */
  readonly totalBytes: number;
}

const CHECKSUM_AT = 10;

/** A header without options, its checksum filled in. @source RFC 791 3.1 */
export function encodeIpv4(header: Ipv4Header): Uint8Array {
  const flags = (header.df ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0) | (header.fragOffsetBytes >>> 3);
  const bytes = new ByteWriter()
    .u8(0x45)
    .u8(header.tos)
    .u16(header.totalBytes)
    .u16(header.id)
    .u16(flags)
    .u8(header.ttl)
    .u8(header.proto)
    .u16(0)
    .u32(header.src)
    .u32(header.dst)
    .toBytes();
  putU16(bytes, CHECKSUM_AT, internetChecksum(bytes));
  return bytes;
}

/** What TCP and UDP put before their own bytes for the checksum. @source RFC 9293 3.1, RFC 768 */
export function pseudoHeader(src: Ipv4, dst: Ipv4, proto: number, lengthBytes: number): Uint8Array {
  return new ByteWriter().u32(src).u32(dst).u8(0).u8(proto).u16(lengthBytes).toBytes();
}
