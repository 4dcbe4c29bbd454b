import { utf8ToBytes } from '@noble/hashes/utils.js';
import { ByteWriter, concatBytes } from './bytes.ts';

/** A device of a capture file. */
export interface CaptureInterface {
  readonly name: string;
  readonly description: string;
}

/** A frame of a capture file. */
export interface CapturedFrame {
  /** Index into the interfaces. */
  readonly interface: number;
  /** Microseconds since 1970. */
  readonly atUs: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
  readonly comment: string;
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const ETHERNET = 1;
const OPTION = { END: 0, COMMENT: 1, USER_APPLICATION: 4, IF_NAME: 2, IF_DESCRIPTION: 3, IF_TSRESOL: 9, EPB_FLAGS: 2 } as const;
const MICROSECONDS = 6;
const MAX_OPTION_BYTES = 0xfffc;

/**
 * A capture file of one section, little-endian, with Ethernet interfaces and microseconds.
 * @source draft-ietf-opsawg-pcapng
 */
export function encodePcapng(interfaces: readonly CaptureInterface[], frames: readonly CapturedFrame[], application: string): Uint8Array {
  return concatBytes([sectionHeader(application), ...interfaces.map(interfaceDescription), ...frames.map(enhancedPacket)]);
}

function sectionHeader(application: string): Uint8Array {
  const body = new ByteWriter().u32le(BYTE_ORDER_MAGIC).u16le(1).u16le(0).u32le(0xffff_ffff).u32le(0xffff_ffff);
  text(body, OPTION.USER_APPLICATION, application);
  return block(SECTION_HEADER, endOptions(body));
}

function interfaceDescription({ name, description }: CaptureInterface): Uint8Array {
  // No limit to the length of a frame.
  const body = new ByteWriter().u16le(ETHERNET).u16le(0).u32le(0);
  text(body, OPTION.IF_NAME, name);
  text(body, OPTION.IF_DESCRIPTION, description);
  option(body, OPTION.IF_TSRESOL, Uint8Array.of(MICROSECONDS));
  return block(INTERFACE_DESCRIPTION, endOptions(body));
}

function enhancedPacket(frame: CapturedFrame): Uint8Array {
  const { bytes, atUs } = frame;
  const body = new ByteWriter()
    .u32le(frame.interface)
    .u32le(Math.floor(atUs / 2 ** 32))
    .u32le(atUs % 2 ** 32)
    .u32le(bytes.length)
    .u32le(bytes.length)
    .bytes(bytes)
    .pad(4);
  text(body, OPTION.COMMENT, frame.comment);
  option(body, OPTION.EPB_FLAGS, Uint8Array.of(frame.direction === 'in' ? 1 : 2, 0, 0, 0));
  return block(ENHANCED_PACKET, endOptions(body));
}

function text(writer: ByteWriter, code: number, value: string): void {
  const bytes = utf8ToBytes(value);
  if (bytes.length > 0) option(writer, code, bytes.length <= MAX_OPTION_BYTES ? bytes : cut(bytes));
}

/** UTF-8 cut off between two characters. */
function cut(bytes: Uint8Array): Uint8Array {
  let end = MAX_OPTION_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function option(writer: ByteWriter, code: number, value: Uint8Array): void {
  writer.u16le(code).u16le(value.length).bytes(value).pad(4);
}

function endOptions(writer: ByteWriter): ByteWriter {
  return writer.u16le(OPTION.END).u16le(0);
}

function block(type: number, body: ByteWriter): Uint8Array {
  const length = body.length + 12;
  return new ByteWriter().u32le(type).u32le(length).bytes(body.toBytes()).u32le(length).toBytes();
}
