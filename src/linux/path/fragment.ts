import { fillChecksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';

export const IP_HEADER_BYTES = 20;

/**
 * Cuts a packet into pieces that fit; every piece but the last carries a multiple of eight bytes. What is a fragment already is cut
 * further: its pieces keep their places in the datagram. A packet is given its identification here, the first time that anybody could
 * ask for it.
 * @param device where it is to leave: fragments without room for its headers are not kept as they came
 * @source ip_do_fragment, __ip_select_ident
 */
export function fragment(stack: Stack, skb: Skb, mtuBytes: number, device: Device): Skb[] {
  const payload = skb.lengthBytes - IP_HEADER_BYTES;
  const room = mtuBytes - IP_HEADER_BYTES;
  if (payload <= room) {
    skb.fragMaxBytes = 0;
    return [skb];
  }
  const asTheyCame = !leadsIntoTunnel(device) || skb.hasTunnelRoom ? piecesThatFit(stack, skb, payload, room) : null;
  const sizes = asTheyCame ?? evenPieces(payload, room);
  fillChecksum(skb);
  if (skb.id === 0) skb.id = stack.session.nextIpId++;
  const { fragOffsetBytes: base, moreFragments: hasSuccessor } = skb;
  const wasWhole = base === 0 && !hasSuccessor;
  let offset = 0;
  const parts = sizes.map((size) => {
    const part = offset === 0 ? skb : skb.clone();
    if (offset > 0) part.trailing = true;
    part.fragOffsetBytes = base + offset;
    offset += size;
    part.moreFragments = hasSuccessor || offset < payload;
    part.lengthBytes = size + IP_HEADER_BYTES;
    part.fragMaxBytes = 0;
    part.pieces = null;
    if (asTheyCame === null) part.hasTunnelRoom = leadsIntoTunnel(device);
    return part;
  });
  if (skb.leg !== null) skb.leg.fragments = wasWhole ? parts.length : skb.leg.fragments + parts.length - 1;
  return parts;
}

/** Whether what leaves by a device needs room for a tunnel's headers. @source include/linux/netdevice.h LL_RESERVED_SPACE; br_if.c update_headroom */
function leadsIntoTunnel({ type, ports }: Device): boolean {
  return type === 'vxlan' || ports.some((port) => port.type === 'vxlan');
}

/** What was put together of fragments here is taken apart into the same, as long as nobody else has the packet. @source ip_do_fragment */
function piecesThatFit({ effects }: Stack, skb: Skb, payload: number, room: number): readonly number[] | null {
  const { pieces } = skb;
  if (pieces === null || effects.hasCopies(skb)) return null;
  const isFit = pieces.every((size, i) => size <= room && (size % 8 === 0 || i === pieces.length - 1));
  return isFit && pieces.reduce((sum, size) => sum + size, 0) === payload ? pieces : null;
}

function evenPieces(payload: number, room: number): number[] {
  const step = Math.max(8, Math.floor(room / 8) * 8);
  const count = Math.ceil(payload / step);
  return Array.from({ length: count }, (_, i) => Math.min(step, payload - i * step));
}
