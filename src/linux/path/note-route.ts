import type { Considered, RouteRef } from '../../trace/trace.ts';
import { ANY, formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { formatPrefix, prefixOf } from '../../wire/prefix.ts';
import type { Device } from '../device.ts';
import { errnoName } from '../fib/errno.ts';
import { explainInput, explainLookup, tableName } from '../fib/explain.ts';
import type { FibRoute } from '../fib/fib-route.ts';
import type { Flow } from '../fib/flow.ts';
import type { InputRoute, OutputRoute } from '../fib/route-result.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { note } from './record.ts';

/** A route as a trace shows it. */
function routeRef(route: FibRoute): RouteRef {
  const { route: table, nexthops } = route;
  const nexthop = table.nexthops[0];
  const ref: RouteRef = {
    table: tableName(route.table),
    dst: route.len === 0 ? 'default' : formatPrefix(prefixOf(route.dst, route.len)),
    type: route.type,
  };
  if (nexthops.length === 1 && nexthop !== undefined) {
    if (nexthop.dev !== null) ref.dev = nexthop.dev;
    if (nexthop.via !== null) ref.via = formatIpv4(nexthop.via);
  }
  if (table.src !== null) ref.src = formatIpv4(table.src);
  if (table.metric !== 0) ref.metric = table.metric;
  if (table.tos !== 0) ref.tos = table.tos;
  if (table.origin !== null) ref.origin = table.origin;
  return ref;
}

function wayText(device: Device, gateway: Ipv4): string {
  return gateway === ANY ? `dev ${device.name}` : `via ${formatIpv4(gateway)} dev ${device.name}`;
}

/** Says where a received packet goes. */
export function noteInputRoute(stack: Stack, device: Device, skb: Skb, route: InputRoute): void {
  const { dst } = skb;
  const fib = route.kind === 'multicast' || route.kind === 'unknown' ? null : route.route;
  const ref = {
    ...(fib === null ? {} : { route: (): RouteRef => routeRef(fib) }),
    ...passedOver(stack, () => explainInput(stack.netns, skb, device)),
  };
  switch (route.kind) {
    case 'forward':
      note(stack, skb, {
        stage: 'route-input',
        verb: 'ROUTED',
        text: () => `${formatIpv4(dst)} ${wayText(route.device, route.gateway)}`,
        ...ref,
      });
      return;
    case 'local':
      note(stack, skb, { stage: 'route-input', verb: 'ROUTED', text: () => `${formatIpv4(dst)} is an address of this host`, ...ref });
      return;
    case 'broadcast':
    case 'multicast':
      note(stack, skb, { stage: 'route-input', verb: 'ROUTED', text: () => `${formatIpv4(dst)} is a ${route.kind} address`, ...ref });
      return;
    case 'drop':
      note(stack, skb, { stage: 'route-input', verb: 'DROPPED', text: route.text, reason: route.reason, ...ref });
      return;
    case 'unreachable':
      note(stack, skb, {
        stage: 'route-input',
        verb: 'DROPPED',
        text: () =>
          fib === null ? `no route to ${formatIpv4(dst)} (came in by ${device.name})` : `the route to ${formatIpv4(dst)} says ${fib.type}`,
        reason: route.reason,
        ...ref,
      });
      return;
    case 'unknown':
      note(stack, skb, { stage: 'route-input', verb: 'UNKNOWN', text: route.text, reason: route.reason });
  }
}

/** What else could have been taken; asked at once, because the packet changes on its way. */
function passedOver(stack: Stack, explain: () => Considered[]): { considered?: Considered[] } {
  return stack.effects.recorder?.detailed === true ? { considered: explain() } : {};
}

/**
 * Says where a packet made here goes.
 * @param flow the key of the look-up
 */
export function noteOutputRoute(stack: Stack, skb: Skb, route: OutputRoute, flow: Flow, stage: string): void {
  const { dst, src } = skb;
  if (route.kind === 'unknown') {
    note(stack, skb, { stage, verb: 'UNKNOWN', text: route.text, reason: route.reason });
    return;
  }
  const fib = route.route;
  const ref = {
    ...(fib === null ? {} : { route: (): RouteRef => routeRef(fib) }),
    ...passedOver(stack, () => explainLookup(stack.netns, flow)),
  };
  if (route.kind === 'error') {
    note(stack, skb, { stage, verb: 'DROPPED', text: route.text, reason: errnoName(route.errno), ...ref });
    return;
  }
  note(stack, skb, {
    stage,
    verb: 'ROUTED',
    text: () =>
      `${formatIpv4(dst)} ${route.kind === 'local' ? 'is an address of this host' : wayText(route.device, route.gateway)}, src ${formatIpv4(src)}`,
    ...ref,
  });
}
