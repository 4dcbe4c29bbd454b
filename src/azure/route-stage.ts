import type { Considered, RouteRef } from '../trace/trace.ts';
import { InvariantError } from '../wire/invariant.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { contains, formatPrefix } from '../wire/prefix.ts';
import { type Crossing, drop, unknown } from './crossing.ts';
import type { Gateway } from './fabric.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import { leaveByEndpoint, leaveTo } from './leave.ts';
import { outbound } from './outbound.ts';
import { gatewaysOf, isPeered, lendsGateway, peeringHalf } from './peering.ts';
import { lookup } from './prefix-map.ts';
import { fromPublic } from './public-stage.ts';
import type { FabricResult } from './result.ts';
import { type EffectiveRoute, effectiveRoutes, isPrivate } from './routes.ts';
import { enterPeer, toAddress, toAppliance, toEndpoint } from './vnet-stage.ts';

/**
 * Follows the effective route of the subnet that a packet leaves.
 * @param nic the sending NIC; null for what a gateway brings in from on-premises
 * @param known what the NIC remembers of the connection
 */
export function byRoute(c: Crossing, nic: NicView | null, subnet: SubnetView, known: number): FabricResult {
  const route = lookup(subnet.routes, c.dst);
  if (route === undefined) return drop(c, 'azure:route', 'AZURE_ROUTE_NONE', `subnet ${subnet.id} has no route to ${formatIpv4(c.dst)}`);
  if (c.steps !== null) recordRoute(c, subnet, route);
  if (subnet.unresolvedTag !== null && !isPrivate(c.dst)) {
    const text = `route ${subnet.unresolvedTag.name} is for a service tag whose prefixes are not known: ${formatIpv4(c.dst)} may be one of them`;
    return unknown(c, 'azure:route', 'AZURE_SERVICE_TAG', text);
  }
  switch (route.nextHopType) {
    case 'VnetLocal':
      return toAddress(c, subnet.vnet);
    case 'VNetPeering':
      return overPeering(c, nic, subnet, route);
    case 'VirtualAppliance':
      return toAppliance(c, subnet.vnet, route.nextHopIp, route.name ?? formatPrefix(route.prefix), nic === null);
    case 'VirtualNetworkGateway':
      return toGateway(c, subnet, route);
    case 'VirtualNetworkServiceEndpoint':
      return leaveByEndpoint(c, nic, c.index.hostAt(c.dst));
    case 'InterfaceEndpoint':
      return overEndpoint(c, nic, route);
    case 'Internet':
      return toInternet(c, nic, subnet, known);
    case 'None':
      return nowhere(c, subnet, route);
  }
}

function overPeering(c: Crossing, nic: NicView | null, subnet: SubnetView, route: EffectiveRoute): FabricResult {
  const link = subnet.vnet.peers.get(route.name ?? '');
  if (link === undefined)
    return drop(c, 'azure:peering', 'AZURE_PEERING_DOWN', `${subnet.vnet.vnet.name} has no connected peer ${route.name ?? ''}`);
  const spoke = link.vnet.vnet.name;
  if (nic === null && !lendsGateway(c.fabric, subnet.vnet.vnet.name, spoke)) {
    const text = `${subnet.vnet.vnet.name} does not lend its gateway to ${spoke}: allowGatewayTransit and useRemoteGateways are not both on`;
    return drop(c, 'azure:peering', 'AZURE_PEERING_DOWN', text);
  }
  return enterPeer(c, subnet.vnet, link, nic === null) ?? toAddress(c, link.vnet);
}

function toGateway(c: Crossing, subnet: SubnetView, route: EffectiveRoute): FabricResult {
  const gateway = gatewayFor(c, subnet, route);
  if (gateway === null) {
    const text = `route ${route.name ?? ''} needs a VPN gateway of ${subnet.vnet.vnet.name}, and there is none`;
    return drop(c, 'azure:gateway', 'AZURE_NO_GATEWAY', text);
  }
  const host = c.index.hostAt(c.dst);
  return leaveTo(c, 'onprem', host?.kind === 'onprem' ? host : null);
}

/** A learned route names its gateway; a UDR takes a VPN gateway, never ExpressRoute. */
function gatewayFor(c: Crossing, subnet: SubnetView, route: EffectiveRoute): Gateway | null {
  const gateways = gatewaysOf(c.fabric, subnet.vnet.vnet.name);
  return gateways.find((gateway) => (route.source === 'User' ? gateway.kind === 'vpn' : gateway.name === route.name)) ?? null;
}

function overEndpoint(c: Crossing, nic: NicView | null, route: EffectiveRoute): FabricResult {
  const endpoint = c.fabric.privateEndpoints.find((candidate) => candidate.name === route.name);
  if (endpoint === undefined) throw new InvariantError(`no private endpoint ${route.name ?? ''}`);
  return toEndpoint(c, nic, endpoint);
}

function toInternet(c: Crossing, nic: NicView | null, subnet: SubnetView, known: number): FabricResult {
  if (isPrivate(c.dst)) {
    if (unconnectedPeer(c, subnet) !== null) return nowhere(c, subnet, null);
    return drop(
      c,
      'azure:route',
      'AZURE_PRIVATE_TO_INTERNET',
      `the route leads to the internet, where ${formatIpv4(c.dst)} has no meaning`,
    );
  }
  if (nic === null) {
    const text = `a gateway carries nothing to public addresses like ${formatIpv4(c.dst)}; the way of on-premises hosts to the internet is their own, and not modelled`;
    return drop(c, 'azure:gateway', 'AZURE_NO_OUTBOUND', text);
  }
  const ended = outbound(c, nic, subnet, known);
  if (ended !== null) return ended;
  const target = c.index.publicTargets.get(c.dst);
  return target === undefined ? leaveTo(c, 'internet', c.index.hostAt(c.dst)) : fromPublic(c, target);
}

/** Names a peering that would have carried the packet, had both halves been connected. */
function nowhere(c: Crossing, subnet: SubnetView, route: EffectiveRoute | null): FabricResult {
  const peer = unconnectedPeer(c, subnet);
  if (peer !== null) return drop(c, 'azure:route', 'AZURE_PEERING_DOWN', peer);
  const what = route === null ? 'no route' : `route ${formatPrefix(route.prefix)} ${route.name ?? '(system)'} with next hop None`;
  return drop(c, 'azure:route', 'AZURE_ROUTE_NONE', `subnet ${subnet.id}: ${what} takes ${formatIpv4(c.dst)}`);
}

function unconnectedPeer(c: Crossing, subnet: SubnetView): string | null {
  const own = subnet.vnet.vnet.name;
  const remote = c.fabric.vnets.find((vnet) => vnet.name !== own && vnet.prefixes.some((range) => contains(range, c.dst)))?.name;
  if (remote === undefined || isPeered(c.fabric, own, remote)) return null;
  const here = peeringHalf(c.fabric, own, remote);
  const there = peeringHalf(c.fabric, remote, own);
  if (here === null && there === null) return null;
  const state = `${own} → ${remote} ${here?.state ?? 'missing'}, ${remote} → ${own} ${there?.state ?? 'missing'}`;
  return `${formatIpv4(c.dst)} is in ${remote}, but the peering is not connected (${state}), so no route leads there`;
}

function recordRoute(c: Crossing, subnet: SubnetView, route: EffectiveRoute): void {
  const { steps, dst, fabric } = c;
  if (steps === null) return;
  const text = `${formatIpv4(dst)} takes ${routeText(route)} of subnet ${subnet.id}`;
  const considered = (): Considered[] =>
    effectiveRoutes(fabric, subnet.id)
      .filter((other) => contains(other.prefix, dst) && !(other.state === 'Active' && other.prefix === route.prefix))
      .slice(0, 5)
      .map((other) => ({ what: routeText(other), why: other.why ?? `shorter than ${formatPrefix(route.prefix)}` }));
  steps.step({
    stage: 'azure:route',
    verb: route.nextHopType === 'None' ? 'MATCHED' : 'ROUTED',
    text,
    route: () => routeRef(subnet, route),
    ...(steps.detailed ? { considered } : {}),
  });
}

function routeRef(subnet: SubnetView, route: EffectiveRoute): RouteRef {
  return {
    table: subnet.id,
    dst: formatPrefix(route.prefix),
    type: route.nextHopType,
    origin: route.name === null ? route.source : `${route.source} ${route.name}`,
    ...(route.nextHopIp === null ? {} : { via: formatIpv4(route.nextHopIp) }),
  };
}

/** `User route to-b 10.244.1.0/24 VirtualAppliance 10.224.0.5`. */
function routeText(route: EffectiveRoute): string {
  const name = route.name === null ? '' : ` ${route.name}`;
  const via = route.nextHopIp === null ? '' : ` ${formatIpv4(route.nextHopIp)}`;
  return `${route.source} route${name} ${formatPrefix(route.prefix)} ${route.nextHopType}${via}`;
}
