import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { icmpSend } from './icmp.ts';
import { FRAG_NEEDED, UNREACHABLE } from './icmp-types.ts';

/**
 * A packet that may not be cut is too long for its way: its sender is told how much passes.
 * @param at the device that the error is about
 * @source net/ipv4/ip_forward.c ip_forward; net/ipv4/ip_output.c ip_fragment
 */
export function refuseTooBig(stack: Stack, at: Device, skb: Skb, out: Device, mtuBytes: number): void {
  icmpSend(stack, at, skb, UNREACHABLE, FRAG_NEEDED, mtuBytes);
  if (skb.sending) stack.effects.sendError(stack, skb, 'EMSGSIZE', 'PKT_TOO_BIG');
  stack.effects.dropped(stack, skb, 'PKT_TOO_BIG', `${skb.lengthBytes} bytes with DF do not fit the MTU ${mtuBytes} of ${out.name}`);
}
