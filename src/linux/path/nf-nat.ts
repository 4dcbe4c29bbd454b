import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import { mayHaveMoved } from '../conntrack/masquerade.ts';
import type { Manip } from '../conntrack/entry.ts';
import { isBound, isRelated, nullBinding, translate, translateIcmpError } from '../conntrack/nat.ts';
import { HOOK_NAMES, POSTROUTING } from '../netfilter/hook-env.ts';
import { CT_NEW, isReply, type Skb } from '../skb.ts';
import { type Crossing, refuse, reroute, table } from './nf-crossing.ts';
import { note } from './record.ts';

/** nat chains see the first packet of a connection; every later one is translated as that one was. @source nf_nat_inet_fn */
export function nat(at: Crossing, manip: Manip): boolean {
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
    if (!table(at, stack.firewall.natTable)) return false;
    if (!isBound(ct, manip)) nullBinding(stack, ct, manip);
  } else if (at.hook === POSTROUTING && ct.masqIfindex !== 0 && at.output !== null && !isReply(skb)) {
    if (ct.masqIfindex === null) {
      if (mayHaveMoved(stack.netns, skb, ct, at.output)) {
        const text = `a listing does not tell whether MASQUERADE bound the connection to another device than ${at.output.name}`;
        stack.effects.unknown(stack, skb, 'CONNTRACK_HISTORY', text);
        return false;
      }
    } else if (at.output.ifindex !== ct.masqIfindex) {
      stack.session.conntrack.remove(ct);
      refuse(stack, skb, 'NETFILTER_DROP', 'the route of a masqueraded connection moved to another device; the connection is forgotten');
      return false;
    }
  }
  const before = recorder === null ? null : addresses(skb);
  if (translate(skb, ct, manip)) noteTranslation(at, fresh ? null : before);
  return true;
}

/** nat OUTPUT; a packet whose destination it moved is routed again. @source net/netfilter/nf_nat_proto.c nf_nat_ipv4_local_fn */
export function natOutput(at: Crossing): boolean {
  const { skb } = at;
  if (!nat(at, 'dst')) return false;
  const { ct } = skb;
  if (ct === null) return true;
  const moved = isReply(skb) ? ct.replyDst !== ct.origSrc : ct.origDst !== ct.replySrc;
  return moved ? reroute(at) : true;
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
  // Texts are made later, when the packet has moved on.
  const back = isReply(skb) ? 'back ' : '';
  const isIcmp = skb.proto === ICMP;
  note(stack, skb, {
    stage: `nat:${HOOK_NAMES[at.hook]}`,
    verb: 'REWRITTEN',
    text: () => `translated ${back}by its connection: ${changes(before, after, isIcmp)}`,
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

/** ICMP has no ports; what stands in their place is the identifier of an echo. */
function changes(before: Addresses, after: Addresses, bare: boolean): string {
  const end = (address: Ipv4, port: number): string => (bare ? formatIpv4(address) : `${formatIpv4(address)}:${port}`);
  const parts: string[] = [];
  if (before.src !== after.src || before.sport !== after.sport)
    parts.push(`src ${end(before.src, before.sport)} → ${end(after.src, after.sport)}`);
  if (before.dst !== after.dst || before.dport !== after.dport)
    parts.push(`dst ${end(before.dst, before.dport)} → ${end(after.dst, after.dport)}`);
  return parts.join(', ');
}
