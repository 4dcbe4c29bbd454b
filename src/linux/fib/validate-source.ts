import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { type Skb, isFragment } from '../skb.ts';
import { OK, UNMODELLED } from './errno.ts';
import { Flow } from './flow.ts';
import { fibLookup } from './lookup.ts';
import { SCOPE_HOST } from './scope.ts';

/** The source is good, but not a neighbour on this link. */
export const VALID = 0;
/** The source is good and on the link that the packet came from. */
export const ON_LINK = 1;
/** SKB_DROP_REASON_* of a source that is refused. */
export type BadSource = 'IP_RPFILTER' | 'IP_LOCAL_SOURCE' | 'IP_INVALID_SOURCE';
/** `unknown`: a rule could not be decided. */
export type SourceVerdict = typeof VALID | typeof ON_LINK | BadSource | 'unknown';

const back = new Flow();

/**
 * Whether a packet may come from `src` by this device: reverse path filter, and no address of this host.
 * @param dst the packet's destination, ANY for a broadcast
 * @param out the device it would be forwarded by; null when it stays here
 * @source net/ipv4/fib_frontend.c fib_validate_source, __fib_validate_source
 */
export function fibValidateSource(netns: CompiledNetns, skb: Skb, src: Ipv4, dst: Ipv4, out: Device | null, device: Device): SourceVerdict {
  const { sysctl } = device;
  const { fib } = netns;
  // A redirect may be due when a packet leaves by the device it came in by; then the kernel wants to know the way back in any case.
  if (sysctl.rpFilter === 0 && (out !== device || !sysctl.sendRedirects)) {
    if (sysctl.acceptLocal) return VALID;
    if (!fib.customLocalRoutes && fib.rules === null) return netns.localAddresses.has(src) ? 'IP_LOCAL_SOURCE' : VALID;
  }

  back.reset(src, dst);
  back.iif = out;
  back.uid = 0;
  back.tos = skb.tos;
  back.mark = sysctl.srcValidMark ? skb.mark : 0;
  if (fib.rulesNeedPorts) setPorts(back, skb, true);
  const error = fibLookup(netns, back);
  if (error === UNMODELLED) return 'unknown';
  const { route } = back;
  if (error === OK && route !== null) {
    if (route.type === 'local') {
      if (!sysctl.acceptLocal) return 'IP_LOCAL_SOURCE';
    } else if (route.type !== 'unicast') return 'IP_INVALID_SOURCE';
    if (usesDevice(back, device) || (route.type === 'local' && device.isLoopback)) return onLink(back);
  }
  if (error !== OK || device.addresses.length === 0) return sysctl.rpFilter === 0 ? VALID : 'IP_RPFILTER';
  if (sysctl.rpFilter === 1) return 'IP_RPFILTER';
  back.oif = device;
  back.ignoreLinkState = true;
  return fibLookup(netns, back) === OK && back.route?.type === 'unicast' ? onLink(back) : VALID;
}

function onLink(flow: Flow): typeof VALID | typeof ON_LINK {
  return flow.nexthop !== null && flow.nexthop.scope >= SCOPE_HOST ? ON_LINK : VALID;
}

/** Whether any way of the route found leaves by the device. @source net/ipv4/fib_frontend.c fib_info_nh_uses_dev */
function usesDevice(flow: Flow, device: Device): boolean {
  const nexthops = flow.route?.nexthops ?? [];
  for (let i = 0; i < nexthops.length; i++) if (nexthops[i]?.device === device) return true;
  return false;
}

/**
 * Gives a look-up the protocol and ports of a packet, as the kernel does only where a rule asks for them. Not even of a first fragment are
 * the ports read.
 * @param swapped the look-up is for the way back
 * @source include/net/ip_fib.h fib4_rules_early_flow_dissect; net/core/flow_dissector.c __skb_flow_dissect (FLOW_DIS_FIRST_FRAG)
 */
export function setPorts(flow: Flow, skb: Skb, swapped: boolean): void {
  flow.proto = skb.proto;
  if (skb.proto === ICMP || isFragment(skb)) return;
  flow.sport = swapped ? skb.dport : skb.sport;
  flow.dport = swapped ? skb.sport : skb.dport;
}

/** One sentence on why a source was refused. */
export function badSourceText(reason: BadSource, src: Ipv4, device: Device): string {
  switch (reason) {
    case 'IP_LOCAL_SOURCE':
      return `${formatIpv4(src)} is an address of this host, so it cannot come in by ${device.name} (accept_local is 0)`;
    case 'IP_INVALID_SOURCE':
      return `${formatIpv4(src)} cannot be a source: the route to it is not for one host`;
    case 'IP_RPFILTER':
      return `rp_filter=${device.sysctl.rpFilter}: no route back to ${formatIpv4(src)} by ${device.name}`;
  }
}
