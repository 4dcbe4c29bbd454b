import { ByteWriter } from '../bytes.ts';
import { type Mac, NO_MAC, ZERO_MAC } from '../mac.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;

/** The six bytes of an Ethernet address; one that nobody knows is all zeros. */
export function macBytes(address: Mac): Uint8Array {
  const text = address === NO_MAC ? ZERO_MAC : address;
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

/** An Ethernet II frame, not padded to a length and without check sequence, as a capture shows it. @source IEEE 802.3 3.1 */
export function encodeEthernet(smac: Mac, dmac: Mac, etherType: number, payload: Uint8Array): Uint8Array {
  return new ByteWriter().bytes(macBytes(dmac)).bytes(macBytes(smac)).u16(etherType).bytes(payload).toBytes();
}
