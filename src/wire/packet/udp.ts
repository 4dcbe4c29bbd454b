import { ByteWriter, putU16 } from '../bytes.ts';
import { internetChecksum } from '../checksum.ts';
import type { Ipv4 } from '../ipv4.ts';
import { UDP } from '../proto.ts';
import { pseudoHeader } from './ipv4.ts';

export const UDP_HEADER_BYTES = 8;
const CHECKSUM_AT = 6;

/**
 * A datagram.
 * @param withChecksum false writes none, as tunnels do
 * @source RFC 768: a sum of zero is written as all ones
 */
export function encodeUdp(
  { sport, dport, payload }: { readonly sport: number; readonly dport: number; readonly payload: Uint8Array },
  src: Ipv4,
  dst: Ipv4,
  withChecksum = true,
): Uint8Array {
  const length = UDP_HEADER_BYTES + payload.length;
  const bytes = new ByteWriter().u16(sport).u16(dport).u16(length).u16(0).bytes(payload).toBytes();
  if (withChecksum) putU16(bytes, CHECKSUM_AT, internetChecksum(pseudoHeader(src, dst, UDP, length), bytes) || 0xffff);
  return bytes;
}
