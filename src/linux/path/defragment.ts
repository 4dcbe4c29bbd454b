import type { Device } from '../device.ts';
import { type Hook, HOOK_NAMES, INPUT } from '../netfilter/hook-env.ts';
import type { FragmentQueue } from '../netns-session.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { IP_HEADER_BYTES } from './fragment.ts';
import { icmpSend } from './icmp.ts';
import { TIME_EXCEEDED } from './icmp-types.ts';
import { note } from './record.ts';
import { routeReceived } from './route.ts';

/** Datagrams that may wait for fragments in one namespace; a further one costs the oldest its place. */
const MAX_QUEUES = 64;
/** Code of an ICMP time exceeded. @source include/uapi/linux/icmp.h ICMP_EXC_FRAGTIME */
const FRAGMENT_TIME = 1;

/**
 * Holds a fragment until its datagram is whole. Any namespace with conntrack does so before PREROUTING, any receiver before INPUT.
 * @returns the packet itself when it is none, the whole datagram with the last fragment, null while some are missing.
 * @source net/ipv4/ip_fragment.c ip_defrag, nf_ct_ipv4_gather_frags
 */
export function defragment(stack: Stack, device: Device, skb: Skb, hook: Hook): Skb | null {
  if (!skb.moreFragments && skb.fragOffsetBytes === 0) return skb;
  const { fragments } = stack.session;
  // Bridged fragments are none of those that are routed. @source nf_defrag_ipv4.c nf_ct_defrag_user
  const isBridged = skb.bridge?.inPrerouting === true;
  const key = `${skb.src} ${skb.dst} ${skb.proto} ${skb.id} ${hook}${isBridged ? ' bridged' : ''}`;
  const queue = fragments.get(key) ?? newQueue(stack, device, key, hook);
  queue.parts.push(skb);
  const whole = assemble(queue.parts);
  if (whole === null) {
    note(stack, skb, {
      stage: `defragment:${HOOK_NAMES[hook]}`,
      verb: 'RECEIVED',
      text: 'a fragment waits for the rest of its datagram',
    });
    return null;
  }
  fragments.delete(key);
  whole.ignoreDf = true;
  // Only for a receiver here they grow together. @source net/ipv4/ip_fragment.c ip_frag_coalesce_ok
  if (hook === INPUT) whole.pieces = null;
  const count = queue.parts.length;
  note(stack, whole, { stage: `defragment:${HOOK_NAMES[hook]}`, verb: 'RECEIVED', text: `put together from ${count} fragments` });
  return whole;
}

/** @source net/ipv4/inet_fragment.c inet_frag_create */
function newQueue(stack: Stack, device: Device, key: string, hook: Hook): FragmentQueue {
  const { fragments } = stack.session;
  const [oldest] = fragments;
  if (oldest !== undefined && fragments.size >= MAX_QUEUES) {
    fragments.delete(oldest[0]);
    lose(stack, oldest[1], `more than ${MAX_QUEUES} datagrams wait for fragments here`);
  }
  const queue: FragmentQueue = { parts: [] };
  fragments.set(key, queue);
  const { ipfragTimeMs } = stack.netns.sysctl;
  stack.effects.timer(ipfragTimeMs, {
    pending: () => fragments.get(key) === queue,
    fire: () => {
      fragments.delete(key);
      expire(stack, device, queue, hook);
      lose(stack, queue, `the rest of the datagram did not come within ${ipfragTimeMs / 1000} seconds`);
    },
  });
  return queue;
}

function lose(stack: Stack, { parts }: FragmentQueue, text: string): void {
  for (const part of parts) stack.effects.dropped(stack, part, 'FRAG_REASM_TIMEOUT', text);
}

/**
 * Tells the sender of an incomplete datagram, if its first fragment is here. What conntrack had put together on the way through is no
 * business of this host.
 * @source net/ipv4/ip_fragment.c ip_expire, frag_expire_skip_icmp
 */
function expire(stack: Stack, device: Device, { parts }: FragmentQueue, hook: Hook): void {
  const first = parts.find(({ fragOffsetBytes }) => fragOffsetBytes === 0);
  if (first === undefined) return;
  const route = routeReceived(stack, device, first);
  if (route.kind === 'unknown') {
    stack.effects.unknown(stack, first, route.reason, route.text);
    return;
  }
  if (route.kind === 'drop' || route.kind === 'unreachable' || (hook !== INPUT && route.kind !== 'local')) return;
  first.input = route;
  icmpSend(stack, device, first, TIME_EXCEEDED, FRAGMENT_TIME);
}

function payloadOf({ lengthBytes }: Skb): number {
  return lengthBytes - IP_HEADER_BYTES;
}

/** @source net/ipv4/ip_fragment.c ip_frag_queue, ip_frag_reasm */
function assemble(parts: readonly Skb[]): Skb | null {
  if (!maybeWhole(parts)) return null;
  const sorted = [...parts].sort((a, b) => a.fragOffsetBytes - b.fragOffsetBytes);
  let end = 0;
  let largest = 0;
  let largestWithDf = 0;
  for (const part of sorted) {
    if (part.fragOffsetBytes > end) return null;
    end = Math.max(end, part.fragOffsetBytes + payloadOf(part));
    largest = Math.max(largest, part.lengthBytes);
    if (part.df) largestWithDf = Math.max(largestWithDf, part.lengthBytes);
  }
  const last = sorted.at(-1);
  const first = sorted[0];
  if (last === undefined || first === undefined || last.moreFragments) return null;
  first.pieces = sorted.map(payloadOf);
  first.hasTunnelRoom = sorted.every(({ hasTunnelRoom }) => hasTunnelRoom);
  first.lengthBytes = end + IP_HEADER_BYTES;
  first.moreFragments = false;
  // Sent on, it is cut into none larger than those that came, and has DF where the largest of them had.
  first.fragMaxBytes = largest;
  first.df = largestWithDf === largest;
  return first;
}

/** Whether the last part is there, and bytes enough before it. */
function maybeWhole(parts: readonly Skb[]): boolean {
  const last = parts.find(({ moreFragments }) => !moreFragments);
  if (last === undefined) return false;
  return parts.reduce((sum, part) => sum + payloadOf(part), 0) >= last.fragOffsetBytes + payloadOf(last);
}
