import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP, protoName } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import { type CtEntry, IPS_CONFIRMED } from '../conntrack/entry.ts';
import { isBound, isRelated, isReply, nullBinding, translate, translateIcmpError, type Manip } from '../conntrack/nat.ts';
import { confirm, conntrackIn } from '../conntrack/track.ts';
import type { CompiledTable } from '../netfilter/compiled-table.ts';
import { hasRules, runTable } from '../netfilter/run.ts';
import {
  ACCEPTED,
  FORWARD,
  type Hook,
  HOOK_NAMES,
  type HookEnv,
  INPUT,
  OUTPUT,
  POSTROUTING,
  PREROUTING,
  type TableVerdict,
  UNKNOWN,
} from '../netfilter/hook-env.ts';
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
import { note } from './record.ts';
import { rejectPacket } from './reject.ts';
import { routeMeHarder } from './route.ts';

/**
 * The netfilter hooks of IPv4, each with its tables in the kernel's order of priority.
 *
 *   PREROUTING   raw −300, conntrack −200, mangle −150, nat(dst) −100
 *   INPUT        mangle −150, filter 0, security 50, nat(src) 100, confirm
 *   FORWARD      mangle −150, filter 0, security 50
 *   OUTPUT       raw −300, conntrack −200, mangle −150, nat(dst) −100, filter 0, security 50
 *   POSTROUTING  mangle −150, nat(src) 100, confirm
 *
 * @returns whether the packet goes on; otherwise it has been accounted for.
 * @source include/uapi/linux/netfilter_ipv4.h enum nf_ip_hook_priorities
 */
export function nfHook(stack: Stack, hook: Hook, skb: Skb, input: Device | null, output: Device | null): boolean {
  const { firewall } = stack;
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.missing('iptables') ?? stack.gaps.atHook(hook))) return false;
  if (stack.gaps !== null && (hook === PREROUTING || hook === OUTPUT) && isBlind(stack, skb, stack.gaps.towards(skb.dst))) return false;
  if (firewall.idle) return true;
  const at: Crossing = { stack, hook, skb, input, output, env: null };
  switch (hook) {
    case PREROUTING:
      return table(at, firewall.raw) && track(at) && table(at, firewall.mangle) && nat(at, 'dst');
    case INPUT:
      return table(at, firewall.mangle) && table(at, firewall.filter) && table(at, firewall.security) && nat(at, 'src') && confirmed(at);
    case FORWARD:
      return table(at, firewall.mangle) && table(at, firewall.filter) && table(at, firewall.security);
    case OUTPUT:
      return (
        table(at, firewall.raw) &&
        track(at) &&
        mangleOutput(at) &&
        natOutput(at) &&
        table(at, firewall.filter) &&
        table(at, firewall.security)
      );
    case POSTROUTING:
      return table(at, firewall.mangle) && nat(at, 'src') && confirmed(at);
  }
}

/** A packet at one hook. What rules see of it is made when the first rule is asked, which most packets of a connection never need. */
interface Crossing {
  readonly stack: Stack;
  readonly hook: Hook;
  readonly skb: Skb;
  readonly input: Device | null;
  readonly output: Device | null;
  env: HookEnv | null;
}

function envOf(at: Crossing): HookEnv {
  return (at.env ??= {
    stack: at.stack,
    hook: at.hook,
    skb: at.skb,
    in: at.input,
    out: at.output,
    recorder: at.stack.effects.recorder,
    reject: rejectPacket,
    unknownReason: '',
    unknownText: '',
    dropReason: '',
    dropText: '',
  });
}

function table(at: Crossing, compiled: CompiledTable | null): boolean {
  if (compiled === null || (at.stack.effects.recorder === null && !hasRules(compiled, at.hook))) return true;
  const env = envOf(at);
  return settle(env, runTable(compiled, env));
}

/** Accounts for a packet that a table kept. */
function settle(env: HookEnv, verdict: TableVerdict): boolean {
  if (verdict === ACCEPTED) return true;
  const { stack, skb } = env;
  if (verdict === UNKNOWN) {
    stack.effects.unknown(stack, skb, env.unknownReason, env.unknownText);
  } else {
    refuse(stack, skb, env.dropReason, env.dropText);
  }
  return false;
}

/** A drop; the caller of a send that is still under way learns of it, a TCP socket does not. */
function refuse(stack: Stack, skb: Skb, reason: string, text: string): void {
  if (skb.sending) stack.effects.sendError(stack, skb, 'EPERM', reason);
  stack.effects.dropped(stack, skb, reason, text);
}

function track(at: Crossing): boolean {
  const { stack, skb } = at;
  const { recorder } = stack.effects;
  if (!stack.firewall.conntrack) return true;
  const seen = skb.ct !== null;
  if (stack.gaps !== null && !seen && !stack.session.cold && isBlind(stack, skb, stack.gaps.missing('conntrack'))) return false;
  const room = conntrackIn(stack, skb);
  if (room !== 'free') return withoutRoom(stack, skb, room);
  if (recorder !== null && skb.ct !== null) stack.effects.tracked(stack, skb.ct);
  if (recorder !== null && !seen) {
    const { ct, ctInfo } = skb;
    note(stack, skb, {
      stage: `conntrack:${HOOK_NAMES[at.hook] ?? ''}`,
      verb: 'TRACKED',
      text: () => trackText(ctInfo, ct),
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

/** nat chains see the first packet of a connection; every later one is translated as that one was. @source nf_nat_inet_fn */
function nat(at: Crossing, manip: Manip): boolean {
  const { stack, skb } = at;
  const { recorder } = stack.effects;
  const { ct } = skb;
  if (ct === null || !stack.firewall.nat) return true;
  if (isRelated(skb) && skb.proto === ICMP) {
    const before = recorder === null ? null : addresses(skb);
    if (!translateIcmpError(skb, ct, manip)) {
      stack.effects.dropped(stack, skb, 'NETFILTER_DROP', 'NAT drops an ICMP redirect about a translated connection');
      return false;
    }
    noteTranslation(at, before);
    return true;
  }
  const fresh = skb.ctInfo === CT_NEW || isRelated(skb);
  if (fresh && !isBound(ct, manip)) {
    const compiled = stack.firewall.natTable;
    if (compiled !== null && (ct.status & IPS_CONFIRMED) === 0 && (recorder !== null || hasRules(compiled, at.hook))) {
      const env = envOf(at);
      if (!settle(env, runTable(compiled, env))) return false;
    }
    if (!isBound(ct, manip)) nullBinding(stack, ct, manip);
  } else if (
    at.hook === POSTROUTING &&
    ct.masqIfindex !== 0 &&
    at.output !== null &&
    at.output.ifindex !== ct.masqIfindex &&
    !isReply(skb)
  ) {
    stack.session.conntrack.remove(ct);
    stack.effects.dropped(
      stack,
      skb,
      'NETFILTER_DROP',
      'the route of a masqueraded connection moved to another device; the connection is forgotten',
    );
    return false;
  }
  const before = recorder === null ? null : addresses(skb);
  if (translate(skb, ct, manip)) noteTranslation(at, fresh ? null : before);
  return true;
}

interface Addresses {
  src: Ipv4;
  dst: Ipv4;
  sport: number;
  dport: number;
}

function addresses(skb: Skb): Addresses {
  return { src: skb.src, dst: skb.dst, sport: skb.sport, dport: skb.dport };
}

/** A packet translated by its connection, not by a rule, says so itself. */
function noteTranslation(at: Crossing, before: Addresses | null): void {
  const { stack, skb } = at;
  if (before === null) return;
  const after = addresses(skb);
  if (before.src === after.src && before.dst === after.dst && before.sport === after.sport && before.dport === after.dport) return;
  note(stack, skb, {
    stage: `nat:${HOOK_NAMES[at.hook] ?? ''}`,
    verb: 'REWRITTEN',
    text: () => `translated back by its connection: ${changes(before, after)}`,
    before: () => partial(before, after),
    after: () => partial(after, before),
  });
}

function partial(of: Addresses, other: Addresses): { src?: string; dst?: string; sport?: number; dport?: number } {
  const out: { src?: string; dst?: string; sport?: number; dport?: number } = {};
  if (of.src !== other.src) out.src = formatIpv4(of.src);
  if (of.dst !== other.dst) out.dst = formatIpv4(of.dst);
  if (of.sport !== other.sport) out.sport = of.sport;
  if (of.dport !== other.dport) out.dport = of.dport;
  return out;
}

function changes(before: Addresses, after: Addresses): string {
  const parts: string[] = [];
  if (before.src !== after.src || before.sport !== after.sport)
    parts.push(`src ${formatIpv4(before.src)}:${before.sport} → ${formatIpv4(after.src)}:${after.sport}`);
  if (before.dst !== after.dst || before.dport !== after.dport)
    parts.push(`dst ${formatIpv4(before.dst)}:${before.dport} → ${formatIpv4(after.dst)}:${after.dport}`);
  return parts.join(', ');
}

/** @source net/ipv4/netfilter/iptable_mangle.c ipt_mangle_out */
function mangleOutput(at: Crossing): boolean {
  const { skb, stack } = at;
  const { mangle } = stack.firewall;
  if (mangle === null) return true;
  const { src, dst, mark, tos } = skb;
  if (!table(at, mangle)) return false;
  if (skb.src !== src || skb.dst !== dst || skb.mark !== mark || skb.tos !== tos) return reroute(at);
  return true;
}

/** @source net/netfilter/nf_nat_proto.c nf_nat_ipv4_local_fn */
function natOutput(at: Crossing): boolean {
  const { skb } = at;
  if (!nat(at, 'dst')) return false;
  const { ct } = skb;
  if (ct === null) return true;
  const moved = isReply(skb) ? ct.replyDst !== ct.origSrc : ct.origDst !== ct.replySrc;
  return moved ? reroute(at) : true;
}

function reroute(at: Crossing): boolean {
  const { stack, skb } = at;
  const errno = routeMeHarder(stack, skb);
  if (errno === null) return true;
  if (skb.sending) stack.effects.sendError(stack, skb, errno, 'NETFILTER_DROP');
  stack.effects.dropped(stack, skb, 'NETFILTER_DROP', `no route after OUTPUT changed the packet (${errno})`);
  return false;
}

function confirmed(at: Crossing): boolean {
  const { stack, skb } = at;
  if (skb.ct === null || confirm(stack, skb)) return true;
  refuse(stack, skb, 'NETFILTER_DROP', 'conntrack: another connection took the same tuple first');
  return false;
}
