import { ByteWriter, putU16 } from '../bytes.ts';
import { internetChecksum } from '../checksum.ts';
import type { Ipv4 } from '../ipv4.ts';
import { TCP } from '../proto.ts';
import { pseudoHeader } from './ipv4.ts';

export interface TcpSegment {
  readonly sport: number;
  readonly dport: number;
  readonly seqNumber: number;
  readonly ackNumber: number;
  readonly flags: number;
  readonly window: number;
  /** The MSS option; 0 leaves it out. */
  readonly mssBytes: number;
  /** The clock that the timestamp option shows. */
  readonly clockMs: number;
  /** Header and options: a multiple of four from 20 to 60. */
  readonly headerBytes: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 20;
const CHECKSUM_AT = 16;
const MSS_BYTES = 4;
const TIMESTAMP_BYTES = 10;
const NOP = 1;
const SYN = 2;
const ACK = 16;
/** What Linux announces on Ethernet. @source net/ipv4/tcp_output.c tcp_select_initial_window */
const WINDOW_SCALE = 7;

/** A segment with its checksum. @source RFC 9293 3.1, RFC 7323 */
export function encodeTcp(segment: TcpSegment, src: Ipv4, dst: Ipv4): Uint8Array {
  const { headerBytes, payload } = segment;
  const bytes = new ByteWriter()
    .u16(segment.sport)
    .u16(segment.dport)
    .u32(segment.seqNumber)
    .u32(segment.ackNumber)
    .u8((headerBytes >>> 2) << 4)
    .u8(segment.flags)
    .u16(segment.window)
    .u32(0)
    .bytes(options(segment, headerBytes - HEADER_BYTES))
    .bytes(payload)
    .toBytes();
  putU16(bytes, CHECKSUM_AT, internetChecksum(pseudoHeader(src, dst, TCP, bytes.length), bytes));
  return bytes;
}

/** The options that Linux writes, as far as the header has room for them, in its order. @source net/ipv4/tcp_output.c tcp_options_write */
function options({ flags, mssBytes, clockMs }: TcpSegment, room: number): Uint8Array {
  const writer = new ByteWriter();
  const isSyn = (flags & SYN) !== 0;
  const fits = (length: number): boolean => writer.length + length <= room;
  if (isSyn && mssBytes > 0 && fits(MSS_BYTES)) writer.u8(2).u8(MSS_BYTES).u16(mssBytes);
  if (fits(TIMESTAMP_BYTES + 2)) {
    // SACK permitted stands where other segments have two blanks.
    if (isSyn) writer.u8(4).u8(2);
    else writer.u8(NOP).u8(NOP);
    writer
      .u8(8)
      .u8(TIMESTAMP_BYTES)
      .u32(clockMs)
      .u32((flags & ACK) === 0 ? 0 : clockMs);
  }
  if (isSyn && fits(MSS_BYTES)) writer.u8(NOP).u8(3).u8(3).u8(WINDOW_SCALE);
  while (writer.length < room) writer.u8(NOP);
  return writer.toBytes();
}
