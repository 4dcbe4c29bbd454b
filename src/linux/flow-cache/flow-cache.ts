import type { Ipv4 } from '../../wire/ipv4.ts';
import { TCP } from '../../wire/proto.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import { IPS_CONFIRMED } from '../conntrack/entry.ts';
import type { Device } from '../device.ts';
import type { OutputRoute } from '../fib/route-result.ts';
import type { Firewall } from '../firewall.ts';
import type { Gaps } from '../gaps.ts';
import { hasRules } from '../netfilter/compiled-table.ts';
import { PREROUTING } from '../netfilter/hook.ts';
import type { Reads } from '../netfilter/reads.ts';
import type { Netns } from '../netns.ts';
import type { Skb } from '../skb.ts';
import type { Foreseen, ReceivedWay, SentWay } from './way.ts';
import { WayTable } from './way-table.ts';

/** So many fit a flow's kind beside its class and its protocol. */
const MAX_DEVICES = 4096;
/** Classes of flows: the values of `ctInfo` up to ESTABLISHED_REPLY, of which 0 stands for no connection, and these. */
const UNCONFIRMED = 5;
const SENT = 6;

/**
 * Remembers where packets go, by flow, so that only the first of a flow makes the tables of a namespace work. It belongs to the frozen
 * tables of one namespace and knows nothing of a session: whatever a session remembers is asked anew for every packet.
 * The kernel's own of this kind is the flow table of nftables; Open vSwitch's megaflows likewise grow their key by what was asked for.
 */
export class FlowCache extends WayTable {
  private lastSent: SentWay | null = null;

  /**
   * Where a packet goes that `path/fast-path` takes for plain and that conntrack, if it is on, has given an untranslated connection;
   * undefined when none of its flow came by.
   */
  received(device: Device, skb: Skb): ReceivedWay | undefined {
    const known = this.find(receivedKind(device, skb), skb.src, skb.dst, portsOf(skb));
    return known?.kind === 'sent' ? undefined : known;
  }

  rememberReceived(device: Device, skb: Skb, { way, reads }: Foreseen): void {
    this.add(receivedKind(device, skb), skb.src, skb.dst, portsOf(skb), reads, way);
  }

  /** How a packet of a socket was routed before; null when none of its flow was. */
  sent(skb: Skb): SentWay | null {
    const known = this.find(sentKind(skb), skb.src, skb.dst, portsOf(skb));
    return known?.kind === 'sent' ? known : null;
  }

  /** Remembers how a packet was routed that had no source, or its own, before. */
  rememberSent(skb: Skb, src: Ipv4, route: OutputRoute, reads: Reads): void {
    const last = this.lastSent;
    const way: SentWay = last?.route === route && last.src === skb.src ? last : { kind: 'sent', route, src: skb.src };
    this.lastSent = way;
    this.add(sentKind(skb), src, skb.dst, portsOf(skb), reads, way);
  }
}

function receivedKind(device: Device, { ct, ctInfo, proto }: Skb): number {
  const state = ct !== null && (ct.status & IPS_CONFIRMED) === 0 ? UNCONFIRMED : ctInfo;
  return (device.index << 4) | (proto === TCP ? 8 : 0) | state;
}

function portsOf({ sport, dport }: Skb): number {
  return (sport << 16) | dport;
}

function sentKind({ proto }: Skb): number {
  return (proto === TCP ? 8 : 0) | SENT;
}

const caches = new WeakMap<Netns, FlowCache>();

/** The flow cache of a frozen namespace; null where its packets must be followed step by step whatever they are. */
export function flowCacheOf({ tables, fib, devices }: CompiledNetns, { raw }: Firewall, gaps: Gaps | null): FlowCache | null {
  // Of the ways of a multipath route chance picks one, of default routes the state of their gateways; rules of the raw table come before conntrack.
  if (gaps !== null || fib.multipath || fib.severalDefaults || devices.length > MAX_DEVICES || (raw !== null && hasRules(raw, PREROUTING)))
    return null;
  let cache = caches.get(tables);
  if (cache === undefined) caches.set(tables, (cache = new FlowCache()));
  return cache;
}
