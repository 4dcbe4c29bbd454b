import { BROADCAST, type Ipv4, isLoopback, isMulticast } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import { isZeronet } from '../fib/addr-type.ts';
import type { Device } from '../device.ts';
import { isFragment, isIcmpError, quote, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { FRAG_NEEDED, icmpText, UNREACHABLE } from './icmp-types.ts';
import { lowerPathMtu } from './path-mtu.ts';
import { note, start } from './record.ts';

/** Below that, no error says how little passes. */
const MIN_TOLD_BYTES = 576;
/** The error quotes no more than makes a packet of this size. */
const ERROR_BYTES = 576;
const HEADERS_BYTES = 28;

/**
 * A frame that is too long for the way to the far end. What this host routed into the tunnel makes the path's MTU smaller; a bridge's frame
 * is answered in the name of whom it is for, if it must not be cut. All others go on and are cut once the tunnel is around them.
 * @param roomBytes what the way takes of the packet inside
 * @returns the error that goes back by the tunnel in the frame's stead; null where the frame goes on
 * @source net/ipv4/ip_tunnel_core.c skb_tunnel_check_pmtu, iptunnel_pmtud_check_icmp
 */
export function checkTunnelMtu(stack: Stack, device: Device, skb: Skb, roomBytes: number): Skb | null {
  if (skb.arp !== null || skb.lengthBytes <= roomBytes) return null;
  if (skb.via !== null && skb.bridge === null && skb.via.mtuBytes >= roomBytes) lowerPathMtu(stack, skb.dst, skb.via, roomBytes);
  if (device.bridge === null || roomBytes < MIN_TOLD_BYTES || !skb.df || isFragment(skb)) return null;
  if (isIcmpError(skb) || isGroup(skb.dst) || isGroup(skb.src) || isZeronet(skb.src) || isLoopback(skb.src)) return null;
  return errorInPlaceOf(stack, skb, roomBytes);
}

function isGroup(address: Ipv4): boolean {
  return address === BROADCAST || isMulticast(address);
}

/** Made of the frame itself, so it keeps connection, mark and route. @source net/ipv4/ip_tunnel_core.c iptunnel_pmtud_build_icmp */
function errorInPlaceOf(stack: Stack, skb: Skb, mtuBytes: number): Skb {
  const error = skb.clone();
  error.smac = skb.dmac;
  error.dmac = skb.smac;
  error.src = skb.dst;
  error.dst = skb.src;
  error.proto = ICMP;
  error.icmpType = UNREACHABLE;
  error.icmpCode = FRAG_NEEDED;
  error.icmpMtuBytes = mtuBytes;
  error.quoted = quote(skb);
  error.sport = 0;
  error.dport = 0;
  error.tcpFlags = 0;
  error.tos = 0;
  error.id = 0;
  error.lengthBytes = HEADERS_BYTES + Math.min(skb.lengthBytes, ERROR_BYTES - HEADERS_BYTES);
  error.checksumPending = false;
  error.checksumInside = false;
  error.checksumError = 0;
  error.inner = null;
  error.vni = 0;
  error.pieces = null;
  error.role = 'icmp-error';
  const { recorder } = stack.effects;
  if (recorder !== null) {
    error.leg = recorder.leg(error.role);
    start(recorder, stack, error);
    note(stack, error, { stage: 'icmp', verb: 'ORIGINATED', text: `${icmpText(UNREACHABLE, FRAG_NEEDED)} in the name of the receiver` });
  }
  return error;
}
