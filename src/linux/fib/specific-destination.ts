import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import { isZeronet } from './addr-type.ts';
import { OK, UNMODELLED } from './errno.ts';
import { Flow } from './flow.ts';
import { fibLookup } from './lookup.ts';
import { SCOPE_LINK, SCOPE_UNIVERSE } from './scope.ts';
import { inetSelectAddr } from './select-address.ts';
import { preferredSource } from './source.ts';

const flow = new Flow();

/**
 * The address of this host that the sender of a broadcast or multicast would have named, had it meant this host alone; ANY: none; null
 * where a rule decides that is not modelled.
 * @source net/ipv4/fib_frontend.c fib_compute_spec_dst
 */
export function specificDestination(netns: CompiledNetns, { src, tos, mark }: Skb, device: Device): Ipv4 | null {
  if (isZeronet(src)) return inetSelectAddr(netns, device, src, SCOPE_LINK);
  flow.reset(src, ANY);
  flow.uid = 0;
  flow.tos = tos;
  flow.mark = device.sysctl.srcValidMark ? mark : 0;
  const error = fibLookup(netns, flow);
  if (error === UNMODELLED) return null;
  // Of a route of several ways it is the first that could be taken: none is chosen here.
  if (error === OK && flow.nexthop !== null) return preferredSource(netns, flow.nexthop);
  return inetSelectAddr(netns, device, src, SCOPE_UNIVERSE);
}
