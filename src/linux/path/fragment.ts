import { type Hook, HOOK_NAMES } from '../netfilter/hook-env.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { note } from './record.ts';

const IP_HEADER_BYTES = 20;
/** @source net.ipv4.ipfrag_time */
const FRAGMENT_TIMEOUT_MS = 30_000;
/** Datagrams that may wait for fragments in one namespace. */
const MAX_QUEUES = 64;

/**
 * Holds a fragment until its datagram is whole. Any namespace with conntrack does so before PREROUTING, any receiver before INPUT.
 * @returns the packet itself when it is none, the whole datagram with the last fragment, null while some are missing.
 * @source net/ipv4/ip_fragment.c ip_defrag, nf_ct_ipv4_gather_frags
 */
export function defragment(stack: Stack, skb: Skb, hook: Hook): Skb | null {
  if (!skb.moreFragments && skb.fragOffsetBytes === 0) return skb;
  const { fragments } = stack.session;
  const now = stack.effects.nowMs;
  const key = `${skb.src} ${skb.dst} ${skb.proto} ${skb.id} ${hook}`;
  let queue = fragments.get(key);
  if (queue === undefined || now - queue.sinceMs >= FRAGMENT_TIMEOUT_MS) {
    if (fragments.size >= MAX_QUEUES) fragments.clear();
    queue = { parts: [], sinceMs: now };
    fragments.set(key, queue);
  }
  queue.parts.push(skb);
  const whole = assemble(queue.parts);
  if (whole === null) {
    note(stack, skb, {
      stage: `defragment:${HOOK_NAMES[hook] ?? ''}`,
      verb: 'RECEIVED',
      text: 'a fragment waits for the rest of its datagram',
    });
    return null;
  }
  fragments.delete(key);
  whole.ignoreDf = true;
  const count = queue.parts.length;
  note(stack, whole, { stage: `defragment:${HOOK_NAMES[hook] ?? ''}`, verb: 'RECEIVED', text: `put together from ${count} fragments` });
  return whole;
}

function assemble(parts: readonly Skb[]): Skb | null {
  const sorted = [...parts].sort((a, b) => a.fragOffsetBytes - b.fragOffsetBytes);
  let end = 0;
  let largest = 0;
  let df = false;
  for (const part of sorted) {
    if (part.fragOffsetBytes > end) return null;
    end = Math.max(end, part.fragOffsetBytes + part.lengthBytes - IP_HEADER_BYTES);
    largest = Math.max(largest, part.lengthBytes);
    df ||= part.df;
  }
  const last = sorted.at(-1);
  const first = sorted[0];
  if (last === undefined || first === undefined || last.moreFragments) return null;
  first.lengthBytes = end + IP_HEADER_BYTES;
  first.moreFragments = false;
  // Only a datagram whose fragments had DF keeps their size as a limit. @source ip_fragment.c ip_frag_reasm, IPCB->frag_max_size
  first.fragMaxBytes = largest;
  first.df = df;
  return first;
}

/**
 * Cuts a packet into pieces that fit; every piece but the last carries a multiple of eight bytes. A packet is given its identification
 * here, the first time that anybody could ask for it.
 * @source ip_do_fragment, __ip_select_ident
 */
export function fragment(stack: Stack, skb: Skb, mtuBytes: number): Skb[] {
  const payload = skb.lengthBytes - IP_HEADER_BYTES;
  const step = Math.max(8, Math.floor((mtuBytes - IP_HEADER_BYTES) / 8) * 8);
  if (payload <= mtuBytes - IP_HEADER_BYTES) {
    skb.fragMaxBytes = 0;
    return [skb];
  }
  if (skb.id === 0) skb.id = stack.session.nextIpId++;
  const parts: Skb[] = [];
  for (let offset = 0; offset < payload; offset += step) {
    const part = offset === 0 ? skb : skb.clone();
    if (offset > 0) part.trailing = true;
    part.fragOffsetBytes = offset;
    part.moreFragments = offset + step < payload;
    part.lengthBytes = Math.min(step, payload - offset) + IP_HEADER_BYTES;
    part.fragMaxBytes = 0;
    parts.push(part);
  }
  if (skb.leg !== null) skb.leg.fragments = parts.length;
  return parts;
}
