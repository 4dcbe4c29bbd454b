import { fillChecksum } from '../checksum.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';

export const IP_HEADER_BYTES = 20;

/**
 * Cuts a packet into pieces that fit; every piece but the last carries a multiple of eight bytes. What is a fragment already is cut
 * further: its pieces keep their places in the datagram. A packet is given its identification here, the first time that anybody could
 * ask for it.
 * @source ip_do_fragment, __ip_select_ident
 */
export function fragment(stack: Stack, skb: Skb, mtuBytes: number): Skb[] {
  const payload = skb.lengthBytes - IP_HEADER_BYTES;
  const step = Math.max(8, Math.floor((mtuBytes - IP_HEADER_BYTES) / 8) * 8);
  if (payload <= mtuBytes - IP_HEADER_BYTES) {
    skb.fragMaxBytes = 0;
    return [skb];
  }
  fillChecksum(skb);
  if (skb.id === 0) skb.id = stack.session.nextIpId++;
  const { fragOffsetBytes: base, moreFragments: hasSuccessor } = skb;
  const wasWhole = base === 0 && !hasSuccessor;
  const parts: Skb[] = [];
  for (let offset = 0; offset < payload; offset += step) {
    const part = offset === 0 ? skb : skb.clone();
    if (offset > 0) part.trailing = true;
    part.fragOffsetBytes = base + offset;
    part.moreFragments = hasSuccessor || offset + step < payload;
    part.lengthBytes = Math.min(step, payload - offset) + IP_HEADER_BYTES;
    part.fragMaxBytes = 0;
    parts.push(part);
  }
  if (skb.leg !== null) skb.leg.fragments = wasWhole ? parts.length : skb.leg.fragments + parts.length - 1;
  return parts;
}
