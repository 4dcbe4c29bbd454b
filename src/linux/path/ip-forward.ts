import type { Device } from '../device.ts';
import type { InputRoute } from '../fib/route-result.ts';
import { FORWARD } from '../netfilter/hook-env.ts';
import { PACKET_HOST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { nfHook } from './hooks.ts';
import { icmpSend, sendRedirect } from './icmp.ts';
import { TIME_EXCEEDED } from './icmp-types.ts';
import { ipOutput } from './ip-output.ts';
import { note } from './record.ts';
import { refuseTooBig } from './too-big.ts';

/** From this TTL on the walk is told who forwards: enough to see a loop of fifteen routers twice. */
export const FEW_HOPS = 32;

/**
 * A packet for somebody else: TTL, MTU, redirect, then FORWARD. The order is what a user sees: an error for TTL or MTU is sent before
 * any FORWARD rule is asked, and rules see the TTL already lowered.
 * @param mayRedirect the sender may be told of a shorter way
 * @source net/ipv4/ip_forward.c ip_forward; net/ipv4/ip_input.c ip_rcv_core, which clears IPCB
 */
export function ipForward(
  stack: Stack,
  device: Device,
  skb: Skb,
  route: Extract<InputRoute, { kind: 'forward' }>,
  mayRedirect: boolean,
): void {
  if (skb.packetType !== PACKET_HOST) {
    stack.effects.dropped(stack, skb, 'NOT_SPECIFIED', 'a broadcast or multicast frame is not forwarded');
    return;
  }
  if (skb.ttl <= FEW_HOPS) stack.effects.fading(stack, skb);
  if (skb.ttl <= 1) {
    icmpSend(stack, device, skb, TIME_EXCEEDED, 0);
    stack.effects.dropped(stack, skb, 'IP_INHDR', 'the TTL ends here');
    return;
  }
  const mtuBytes = route.mtuBytes;
  if (exceedsMtu(skb, mtuBytes)) {
    refuseTooBig(stack, device, skb, route.device, mtuBytes);
    return;
  }
  skb.data = null;
  skb.ttl--;
  skb.crossings = 0;
  skb.flooded = null;
  if (route.redirect && mayRedirect) sendRedirect(stack, device, skb, route);
  if (stack.effects.recorder !== null) {
    note(stack, skb, {
      stage: 'forward',
      verb: 'ROUTED',
      text: `forwarded from ${device.name} to ${route.device.name}, TTL lowered`,
      after: { ttl: skb.ttl },
    });
  }
  if (!nfHook(stack, FORWARD, skb, device, route.device)) return;
  ipOutput(stack, skb, route);
}

/** @source net/ipv4/ip_forward.c ip_exceeds_mtu */
function exceedsMtu(skb: Skb, mtuBytes: number): boolean {
  if (skb.lengthBytes <= mtuBytes || !skb.df) return false;
  if (skb.fragMaxBytes > mtuBytes) return true;
  return !skb.ignoreDf;
}
