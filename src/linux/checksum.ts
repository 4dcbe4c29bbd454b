import { TCP, UDP } from '../wire/proto.ts';
import type { Skb } from './skb.ts';

/**
 * What a process sends leaves its transport checksum to whatever device it goes out by; only a datagram that has to be cut is summed up
 * at once, and what the kernel or a raw socket makes.
 * @source net/ipv4/ip_output.c __ip_append_data; net/ipv4/tcp_ipv4.c __tcp_v4_send_check
 */
export function leavesChecksum({ proto, sender, lengthBytes }: Skb, mtuBytes: number): boolean {
  return sender === 'process' && (proto === TCP || (proto === UDP && lengthBytes <= mtuBytes));
}

/** Fills the checksum in: no wire of ours ever asks for it, most devices do below a tunnel's header. @source net/core/dev.c skb_checksum_help */
export function fillChecksum(skb: Skb): void {
  for (let part: Skb | null = skb; part !== null; part = part.inner) {
    part.checksumPending = false;
    part.checksumInside = false;
  }
}

/** Sixteen-bit words of an address and a port. */
interface End {
  readonly addr: number;
  readonly port: number;
}

/**
 * NAT takes the checksum of a tunnel's header for one that is still to be filled in where that of the packet inside is. It is complete,
 * and then wrong: by twice what the address differs, and by what the port does.
 * @source net/core/utils.c inet_proto_csum_replace4; include/linux/skbuff.h lco_csum
 */
export function mistranslate(skb: Skb, from: End, to: End): void {
  if (!skb.checksumInside) return;
  const error = skb.checksumError + 2 * (words(to.addr) - words(from.addr)) + to.port - from.port;
  skb.checksumError = error % 0xffff;
}

function words(addr: number): number {
  return (addr >>> 16) + (addr & 0xffff);
}

/** Whether a receiver refuses the packet; one whose checksum was never asked for is believed. @source include/linux/skbuff.h skb_csum_unnecessary */
export function hasWrongChecksum({ checksumError, checksumPending }: Skb): boolean {
  return checksumError !== 0 && !checksumPending;
}
