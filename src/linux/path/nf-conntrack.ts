import type { ConntrackRef, Tuple } from '../../trace/trace.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { ICMP, protoName } from '../../wire/proto.ts';
import type { CtEntry } from '../conntrack/entry.ts';
import { confirm } from '../conntrack/confirm.ts';
import { conntrackIn } from '../conntrack/track.ts';
import { hasPorts } from '../conntrack/tuple.ts';
import { HOOK_NAMES } from '../netfilter/hook-env.ts';
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_INVALID,
  CT_NEW,
  CT_NONE,
  CT_RELATED,
  CT_RELATED_REPLY,
  CT_UNTRACKED,
  type CtInfo,
  type Skb,
} from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { type Crossing, refuse } from './nf-crossing.ts';
import { note } from './record.ts';

/** Finds or makes the packet's connection. @returns whether the packet goes on @source net/netfilter/nf_conntrack_proto.c ipv4_conntrack_in */
export function track(at: Crossing): boolean {
  const { stack, skb } = at;
  const { recorder } = stack.effects;
  if (!stack.firewall.conntrack) return true;
  const seen = skb.ct !== null;
  if (stack.gaps !== null && !seen && !stack.session.cold && isBlind(stack, skb, stack.gaps.missing('conntrack'))) return false;
  const room = conntrackIn(stack, skb, at.hook);
  if (room === 'untold') {
    stack.effects.unknown(stack, skb, 'CONNTRACK_HISTORY', 'a listing does not tell who ended a connection that is CLOSE');
    return false;
  }
  if (room !== 'free') return withoutRoom(stack, skb, room);
  if (recorder !== null && skb.ct !== null) stack.effects.tracked(stack, skb.ct);
  if (recorder !== null && !seen) {
    const { ct, ctInfo } = skb;
    note(stack, skb, {
      stage: `conntrack:${HOOK_NAMES[at.hook]}`,
      verb: 'TRACKED',
      text: () => trackText(ctInfo, ct),
      ...connectionOf(ctInfo, ct),
    });
  }
  return true;
}

/** @source net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc: "nf_conntrack: table full, dropping packet" */
function withoutRoom(stack: Stack, skb: Skb, room: 'perhaps' | 'full'): false {
  const { max } = stack.netns.sysctl.conntrack;
  const text = `the connection table of ${stack.at} is full (nf_conntrack_max = ${max})`;
  if (room === 'full') refuse(stack, skb, 'NETFILTER_DROP', text);
  else
    stack.effects.unknown(
      stack,
      skb,
      'CONNTRACK_EVICTION',
      `${text}, and whether the kernel finds a connection to evict is left to its hash`,
    );
  return false;
}

function trackText(info: CtInfo, ct: CtEntry | null): string {
  if (info === CT_UNTRACKED) return 'untracked (NOTRACK)';
  if (info === CT_INVALID || info === CT_NONE || ct === null) return 'INVALID: belongs to no connection';
  const ports = ct.proto === ICMP ? ['', ''] : [`:${ct.origSport}`, `:${ct.origDport}`];
  const flow = `${protoName(ct.proto)} ${formatIpv4(ct.origSrc)}${ports[0]} -> ${formatIpv4(ct.origDst)}${ports[1]}`;
  switch (info) {
    case CT_NEW:
      return `NEW connection ${flow}`;
    case CT_ESTABLISHED:
      return `ESTABLISHED, original direction of ${flow}`;
    case CT_ESTABLISHED_REPLY:
      return `ESTABLISHED, reply to ${flow}`;
    case CT_RELATED:
    case CT_RELATED_REPLY:
      return `RELATED to ${flow}`;
  }
}

/** The connection as a trace names it: its original direction never changes. */
function connectionOf(info: CtInfo, ct: CtEntry | null): { conntrack?: () => ConntrackRef } {
  const state = STATES[info];
  if (ct === null || state === null) return {};
  const { proto, origSrc, origDst, origSport, origDport } = ct;
  const direction = info === CT_ESTABLISHED_REPLY || info === CT_RELATED_REPLY ? 'reply' : 'original';
  return {
    conntrack: () => {
      const orig: Tuple = { proto: protoName(proto), src: formatIpv4(origSrc), dst: formatIpv4(origDst) };
      if (hasPorts(proto) || proto === ICMP) orig.sport = origSport;
      if (hasPorts(proto)) orig.dport = origDport;
      return { state, direction, orig };
    },
  };
}

const STATES: Readonly<Record<CtInfo, ConntrackRef['state'] | null>> = {
  [CT_NONE]: null,
  [CT_NEW]: 'NEW',
  [CT_ESTABLISHED]: 'ESTABLISHED',
  [CT_RELATED]: 'RELATED',
  [CT_ESTABLISHED_REPLY]: 'ESTABLISHED',
  [CT_RELATED_REPLY]: 'RELATED',
  [CT_UNTRACKED]: null,
  [CT_INVALID]: null,
};

/** Puts the packet's connection into the table. @returns whether the packet goes on @source net/netfilter/nf_conntrack_proto.c nf_confirm */
export function confirmed(stack: Stack, skb: Skb): boolean {
  if (skb.ct === null || confirm(stack, skb)) return true;
  refuse(stack, skb, 'NETFILTER_DROP', 'conntrack: another connection took the same tuple first');
  return false;
}
