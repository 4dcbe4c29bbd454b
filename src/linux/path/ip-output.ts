import { ANY } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import { OUTPUT, POSTROUTING } from '../netfilter/hook-env.ts';
import { type Exit, PACKET_BROADCAST, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBound, rebound } from './exceptions.ts';
import { nfHook } from './hooks.ts';
import { fragment } from './fragment.ts';
import { neighOutput } from './neighbour.ts';
import { forkSkb } from './record.ts';
import { refuseTooBig } from './too-big.ts';

/** A packet made here leaves by the way that was found for it, unless OUTPUT finds it another. @source net/ipv4/ip_output.c ip_local_out */
export function ipLocalOut(stack: Stack, skb: Skb, via: Exit): void {
  skb.via = via;
  if (!nfHook(stack, OUTPUT, skb, null, via.device)) return;
  ipOutput(stack, skb, skb.via);
}

/** A broadcast also comes back to this host's own sockets. @source net/ipv4/ip_output.c ip_output, ip_mc_output */
export function ipOutput(stack: Stack, skb: Skb, via: Exit): void {
  if ((via.kind === 'broadcast' || via.kind === 'multicast') && via.loop) loopBack(stack, skb, via.device);
  if (via.kind === 'multicast' && skb.ttl === 0 && !via.device.isLoopback) {
    stack.effects.dropped(stack, skb, 'NOT_SPECIFIED', 'a multicast with a TTL of 0 stays on its host');
    return;
  }
  // Rules that ask for a device that it came in by stand in chains that POSTROUTING leads to.
  if (!nfHook(stack, POSTROUTING, skb, skb.cameBy, via.device)) return;
  ipFinishOutput(stack, skb, via);
}

/** @source net/core/dev.c dev_loopback_xmit */
function loopBack(stack: Stack, skb: Skb, device: Device): void {
  const copy = forkSkb(stack, skb);
  copy.sending = false;
  if (copy.leg !== null) copy.leg.loopedBack = true;
  if (!nfHook(stack, POSTROUTING, copy, null, device)) return;
  copy.packetType = PACKET_BROADCAST;
  copy.input = { kind: 'broadcast', route: null };
  stack.effects.loop(stack, device, copy, 'loopback');
}

/** @source net/ipv4/ip_output.c ip_finish_output, ip_fragment */
function ipFinishOutput(stack: Stack, skb: Skb, via: Exit): void {
  // @source include/net/ip.h ip_skb_dst_mtu
  const { mtuBytes } = skb.local && skb.probesPath ? via.device : via;
  if (skb.lengthBytes <= mtuBytes && skb.fragMaxBytes === 0) {
    ipFinishOutput2(stack, skb, via);
    return;
  }
  if (skb.df && (!skb.ignoreDf || skb.fragMaxBytes > mtuBytes)) {
    refuseTooBig(stack, via.device, skb, via.device, mtuBytes);
    return;
  }
  const limit = skb.fragMaxBytes > 0 && skb.fragMaxBytes < mtuBytes ? skb.fragMaxBytes : mtuBytes;
  const bound = isBound(stack, skb.dst, via);
  for (const part of fragment(stack, skb, limit, via.device)) ipFinishOutput2(stack, part, bound ? rebound(stack, skb.dst, via) : via);
}

/** Finds the next hop's Ethernet address and sends. @source net/ipv4/ip_output.c ip_finish_output2 */
function ipFinishOutput2(stack: Stack, skb: Skb, via: Exit): void {
  const nexthop = via.gateway === ANY ? skb.dst : via.gateway;
  neighOutput(stack, via.device, nexthop, skb);
}
