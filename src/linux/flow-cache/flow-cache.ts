import { TCP } from '../../wire/proto.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import { IPS_CONFIRMED } from '../conntrack/entry.ts';
import type { Device } from '../device.ts';
import type { Firewall } from '../firewall.ts';
import type { Gaps } from '../gaps.ts';
import { PREROUTING } from '../netfilter/hook.ts';
import { hasRules } from '../netfilter/compiled-table.ts';
import { READS_DPORT, READS_SPORT } from '../netfilter/reads.ts';
import type { Netns } from '../netns.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { foresee } from './foresee.ts';
import { WayTable } from './way-table.ts';
import type { Way } from './way.ts';

/** So many fit a flow's key beside the protocol. */
const MAX_DEVICES = 32_768;
/** Beside the values of `ctInfo`, of which 0 stands for no connection: one that is in no table yet. */
const UNCONFIRMED = 8;

/**
 * Remembers where received packets go, by flow, so that only the first of a flow makes the tables of a namespace work. It belongs to the
 * frozen tables of one namespace and knows nothing of a session: whatever a session remembers is asked anew for every packet.
 * The kernel's own of this kind is the flow table of nftables; Open vSwitch's megaflows likewise grow their key by what was asked for.
 */
export class FlowCache {
  private readonly byState: readonly WayTable[] = Array.from({ length: UNCONFIRMED + 1 }, () => new WayTable());

  /** Where a packet goes that {@link isPlain} lets pass and that conntrack, if it is on, has given an untranslated connection. */
  wayOf(stack: Stack, device: Device, skb: Skb): Way {
    const { ct, src, dst } = skb;
    const table = this.byState[ct !== null && (ct.status & IPS_CONFIRMED) === 0 ? UNCONFIRMED : skb.ctInfo];
    if (table === undefined) return foresee(stack, device, skb).way;
    const kind = (device.index << 1) | (skb.proto === TCP ? 1 : 0);
    const ports = (skb.sport << 16) | skb.dport;
    const known = table.find(kind, src, dst, ports);
    if (known !== undefined) return known;
    const { way, foresight } = foresee(stack, device, skb);
    const portMask = ((foresight.reads & READS_SPORT) !== 0 ? 0xffff_0000 : 0) | ((foresight.reads & READS_DPORT) !== 0 ? 0xffff : 0);
    table.add(kind, src, dst, ports, portMask, way);
    return way;
  }
}

const caches = new WeakMap<Netns, FlowCache>();

/** The flow cache of a frozen namespace; null where its packets must be followed step by step whatever they are. */
export function flowCacheOf({ tables, fib, devices }: CompiledNetns, { raw }: Firewall, gaps: Gaps | null): FlowCache | null {
  // Of the ways of a multipath route chance picks one; rules of the raw table come before conntrack.
  if (gaps !== null || fib.multipath || devices.length > MAX_DEVICES || (raw !== null && hasRules(raw, PREROUTING))) return null;
  let cache = caches.get(tables);
  if (cache === undefined) caches.set(tables, (cache = new FlowCache()));
  return cache;
}
