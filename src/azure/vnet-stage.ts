import { type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import { arrive, traverse } from './arrive.ts';
import { type Crossing, drop, unknown } from './crossing.ts';
import type { PrivateEndpoint } from './fabric.ts';
import type { NicView, PeerLink, Target, VNetView } from './fabric-index.ts';
import { inSet } from './prefix-map.ts';
import { toBackend } from './lb-stage.ts';
import { leaveByEndpoint } from './leave.ts';
import type { FabricResult, FabricStage } from './result.ts';
import { findSubnet, isReserved } from './subnets.ts';

/** Delivers to whatever has the packet's destination in a VNet. */
export function toAddress(c: Crossing, vnet: VNetView): FabricResult {
  const target = c.index.find(vnet, c.dst);
  if (target === null) return nobody(c, vnet);
  return toTarget(c, vnet, target, false);
}

/**
 * Delivers to a NIC, a frontend or an endpoint.
 * @param asNextHop the target is where a UDR leads, not the packet's destination
 */
function toTarget(c: Crossing, vnet: VNetView, target: Target, asNextHop: boolean): FabricResult {
  if (c.steps !== null) {
    const what = target.kind === 'nic' ? `NIC ${target.nic.nic.name}` : fixtureText(target);
    const which = asNextHop ? 'the next hop' : formatIpv4(c.dst);
    c.steps.step({ stage: 'azure:ca-map', verb: 'RESOLVED', text: `${which} in ${vnet.vnet.name} is ${what}` });
  }
  if (target.kind === 'fixture' && target.fixture.kind === 'endpoint') return toEndpoint(c, null, target.fixture.endpoint);
  const ended = traverse(c, c.fromInternet);
  if (ended !== null) return ended;
  if (target.kind === 'nic') return arrive(c, target.nic, target.subnet);
  return target.fixture.kind === 'frontend' ? toBackend(c, target.fixture.lb, target.fixture.frontend, asNextHop) : nobody(c, vnet);
}

/** A private endpoint stands for a service, which sees the private source. */
export function toEndpoint(c: Crossing, nic: NicView | null, endpoint: PrivateEndpoint): FabricResult {
  const { subnet } = findSubnet(c.fabric, endpoint.subnet);
  if (subnet.privateEndpointPolicies.nsg && subnet.nsg !== null) {
    const text = `subnet ${endpoint.subnet} applies NSG ${subnet.nsg} to private endpoint ${endpoint.name}, which is not modelled`;
    return unknown(c, 'azure:ca-map', 'AZURE_PRIVATE_ENDPOINT_POLICY', text);
  }
  return leaveByEndpoint(c, nic, c.fabric.externalHosts.find((host) => host.name === endpoint.host) ?? null);
}

function fixtureText({ fixture }: Extract<Target, { kind: 'fixture' }>): string {
  return fixture.kind === 'frontend'
    ? `frontend ${fixture.frontend.name} of ${fixture.lb.name}`
    : `private endpoint ${fixture.endpoint.name}`;
}

function nobody(c: Crossing, vnet: VNetView): FabricResult {
  const addr = formatIpv4(c.dst);
  const subnet = vnet.vnet.subnets.find((candidate) => isReserved(candidate.prefix, c.dst));
  if (subnet !== undefined) {
    const text = `${addr} is kept by Azure in subnet ${subnet.name}: it answers ARP, nothing else`;
    return drop(c, 'azure:ca-map', 'AZURE_GATEWAY_ADDRESS', text);
  }
  return drop(c, 'azure:ca-map', 'AZURE_NO_CA_MAPPING', `no NIC of ${vnet.vnet.name} has ${addr}`);
}

/** What a connected peer lets in. @returns null when the packet may enter @source virtual-network-manage-peering */
export function enterPeer(c: Crossing, from: VNetView, link: PeerLink, fromGateway: boolean): FabricResult | null {
  const names = `${from.vnet.name} and ${link.vnet.vnet.name}`;
  if (!link.access) return drop(c, 'azure:peering', 'AZURE_PEERING_DOWN', `the peering of ${names} has allowVirtualNetworkAccess off`);
  if (!fromGateway && !link.takesForwarded && !inSet(from.ranges, c.src)) {
    const text = `${formatIpv4(c.src)} is not of ${from.vnet.name}, and the peering of ${link.vnet.vnet.name} has allowForwardedTraffic off`;
    return drop(c, 'azure:peering', 'AZURE_PEERING_FORWARDED', text);
  }
  if (c.steps !== null) c.steps.step({ stage: 'azure:peering', verb: 'MATCHED', text: `the peering of ${names} lets it through` });
  return null;
}

/** Sends to the next hop of a UDR: a NIC or an internal frontend in the VNet or a connected peer. */
export function toAppliance(c: Crossing, from: VNetView, nextHop: Ipv4 | null, route: string, fromGateway: boolean): FabricResult {
  const stage: FabricStage = 'azure:udr';
  if (nextHop === null) return drop(c, stage, 'AZURE_NO_UDR_TARGET', `route ${route} has no next hop address`);
  const own = c.index.find(from, nextHop);
  if (own !== null && isHop(own)) return toTarget(c, from, own, true);
  for (const link of from.peers.values()) {
    const target = c.index.find(link.vnet, nextHop);
    if (target === null || !isHop(target)) continue;
    return enterPeer(c, from, link, fromGateway) ?? toTarget(c, link.vnet, target, true);
  }
  const text = `route ${route} leads to ${formatIpv4(nextHop)}, which no NIC and no internal frontend has`;
  return drop(c, stage, 'AZURE_NO_UDR_TARGET', text);
}

function isHop(target: Target): boolean {
  return target.kind === 'nic' || target.fixture.kind === 'frontend';
}
