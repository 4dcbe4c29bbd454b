import { ByteWriter } from '../bytes.ts';
import type { Ipv4 } from '../ipv4.ts';
import type { Mac } from '../mac.ts';
import { ETHERTYPE_IPV4, macBytes } from './ethernet.ts';

export interface ArpPacket {
  readonly op: 'request' | 'reply';
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

const ETHERNET = 1;

/** An ARP packet for IPv4 over Ethernet. @source RFC 826 */
export function encodeArp({ op, senderMac, senderIp, targetMac, targetIp }: ArpPacket): Uint8Array {
  return new ByteWriter()
    .u16(ETHERNET)
    .u16(ETHERTYPE_IPV4)
    .u8(6)
    .u8(4)
    .u16(op === 'request' ? 1 : 2)
    .bytes(macBytes(senderMac))
    .u32(senderIp)
    .bytes(macBytes(targetMac))
    .u32(targetIp)
    .toBytes();
}
