import { ANY } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import { KERNEL_UID, type Skb } from '../skb.ts';
import { inetDevAddrType } from './addr-type.ts';
import { Flow } from './flow.ts';
import type { OutputRoute } from './fib-route.ts';
import { routeOutput } from './route-output.ts';
import type { RoutingStack } from './select-path.ts';
import { setPorts } from './validate-source.ts';

const flow = new Flow();

/**
 * Routes a packet of this host again after OUTPUT changed its destination, mark or TOS. The source stays, even one that is no address
 * of this host; only a group or broadcast source is left out of the look-up.
 * @param bound the device of the sending socket
 * @source net/ipv4/netfilter.c ip_route_me_harder; that protocol and ports count was measured on Linux 6.18
 */
export function routeMeHarder(stack: RoutingStack, skb: Skb, bound: Device | null): OutputRoute {
  const type = inetDevAddrType(stack.netns, skb.src, null);
  const keepsSource = type === 'local' || type === 'unicast';
  flow.reset(skb.dst, keepsSource ? skb.src : ANY);
  flow.oif = bound;
  flow.mark = skb.mark;
  flow.tos = skb.tos;
  if (skb.byKernel) flow.uid = KERNEL_UID;
  flow.anySrc = keepsSource;
  if (stack.netns.fib.rulesNeedPorts) setPorts(flow, skb, false);
  return routeOutput(stack, flow);
}
