import { ByteWriter } from '../bytes.ts';

const VNI_VALID = 0x08;

/** A frame behind the VXLAN header. @source RFC 7348 5 */
export function encodeVxlan(vni: number, frame: Uint8Array): Uint8Array {
  return new ByteWriter()
    .u32(VNI_VALID * 2 ** 24)
    .u32(vni * 256)
    .bytes(frame)
    .toBytes();
}
