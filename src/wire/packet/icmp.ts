import { ByteWriter, putU16 } from '../bytes.ts';
import { internetChecksum } from '../checksum.ts';

export const ICMP_HEADER_BYTES = 8;
const CHECKSUM_AT = 2;

/**
 * An ICMP message.
 * @param rest the second word of the header: identifier and sequence number, gateway, or next-hop MTU
 * @source RFC 792, RFC 1191 4
 */
export function encodeIcmp(type: number, code: number, rest: number, payload: Uint8Array): Uint8Array {
  const bytes = new ByteWriter().u8(type).u8(code).u16(0).u32(rest).bytes(payload).toBytes();
  putU16(bytes, CHECKSUM_AT, internetChecksum(bytes));
  return bytes;
}
