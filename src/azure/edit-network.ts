import type { Ipv4 } from '../wire/ipv4.ts';
import type { Prefix } from '../wire/prefix.ts';
import type { CaRow, ExternalHost, Fabric, Gateway, NatGateway, Overlay, Peering, PrivateEndpoint, Subnet, VNet } from './fabric.ts';
import { addNamed, named, vnetNamed } from './find.ts';
import { peeringHalf } from './peering.ts';
import { type SubnetId, subnetId } from './subnet-id.ts';
import { findSubnet } from './subnets.ts';

/** Adds a virtual network without subnets. */
export function addVnet(
  fabric: Fabric,
  vnet: { readonly name: string; readonly prefixes: readonly Prefix[]; readonly dnsServers?: readonly Ipv4[] },
): VNet {
  return addNamed('VNet', fabric.vnets, {
    name: vnet.name,
    prefixes: [...vnet.prefixes],
    subnets: [],
    dnsServers: [...(vnet.dnsServers ?? [])],
  });
}

export type SubnetInput = Pick<Subnet, 'name' | 'prefix'> & Partial<Subnet>;

/** Adds a subnet: private, without NSG and route table unless the input says so. */
export function addSubnet(fabric: Fabric, vnet: string, input: SubnetInput): SubnetId {
  addNamed('subnet', vnetNamed(fabric, vnet).subnets, {
    nsg: null,
    routeTable: null,
    natGateway: null,
    serviceEndpoints: [],
    defaultOutboundAccess: false,
    privateEndpointPolicies: { nsg: false, routeTable: false },
    ...input,
  });
  return subnetId(vnet, input.name);
}

/** Associates a route table, an NSG or a NAT gateway with a subnet, or takes it away (`null`). */
export function associate(fabric: Fabric, subnet: SubnetId, what: Partial<Pick<Subnet, 'routeTable' | 'nsg' | 'natGateway'>>): void {
  Object.assign(findSubnet(fabric, subnet).subnet, what);
}

export type PeeringInput = Pick<Peering, 'vnet' | 'remote'> & Partial<Omit<Peering, 'state'>>;

/** Adds one half of a peering. It is Initiated until the other half exists; then both are Connected. */
export function addPeering(fabric: Fabric, input: PeeringInput): Peering {
  const other = peeringHalf(fabric, input.remote, input.vnet);
  const connects = other?.state === 'Initiated';
  if (other !== null && connects) other.state = 'Connected';
  return addNamed('peering', fabric.peerings, {
    name: `${input.vnet}-to-${input.remote}`,
    allowVirtualNetworkAccess: true,
    allowForwardedTraffic: false,
    allowGatewayTransit: false,
    useRemoteGateways: false,
    ...input,
    state: connects ? 'Connected' : 'Initiated',
  });
}

/** Removes one half; the other becomes Disconnected when it was Connected, and stays Initiated when it was that. */
export function removePeering(fabric: Fabric, vnet: string, remote: string): boolean {
  const half = peeringHalf(fabric, vnet, remote);
  if (half === null) return false;
  fabric.peerings.splice(fabric.peerings.indexOf(half), 1);
  const other = peeringHalf(fabric, remote, vnet);
  if (other?.state === 'Connected') other.state = 'Disconnected';
  return true;
}

const DEFAULT_IDLE_MINUTES = 4;

export function addNatGateway(
  fabric: Fabric,
  gateway: { readonly name: string; readonly publicIps: readonly Ipv4[]; readonly tcpIdleMinutes?: number },
): NatGateway {
  const { name, publicIps, tcpIdleMinutes = DEFAULT_IDLE_MINUTES } = gateway;
  return addNamed('NAT gateway', fabric.natGateways, { name, publicIps: [...publicIps], tcpIdleMinutes });
}

/** Adds an overlay routing domain without nodes. */
export function addOverlay(fabric: Fabric, name: string, prefixes: readonly Prefix[]): Overlay {
  return addNamed('overlay', fabric.overlays, { name, prefixes: [...prefixes], nodes: [] });
}

/** Makes a NIC a member of an overlay and gives it further prefixes. */
export function addOverlayNode(fabric: Fabric, overlay: string, nic: string, prefixes: readonly Prefix[]): void {
  const { nodes } = named('overlay', fabric.overlays, overlay);
  const node = nodes.find((candidate) => candidate.nic === nic);
  if (node === undefined) nodes.push({ nic, prefixes: [...prefixes] });
  else node.prefixes.push(...prefixes);
}

export function removeOverlayNode(fabric: Fabric, overlay: string, nic: string): boolean {
  const { nodes } = named('overlay', fabric.overlays, overlay);
  const at = nodes.findIndex((node) => node.nic === nic);
  if (at >= 0) nodes.splice(at, 1);
  return at >= 0;
}

/** Maps addresses of a pod subnet to a NIC. */
export function addCaRow(fabric: Fabric, row: CaRow): void {
  fabric.caMap.push(row);
}

/** Adds a gateway; `subnet` must exist (Azure calls it GatewaySubnet). */
export function addGateway(fabric: Fabric, gateway: Gateway): Gateway {
  return addNamed('gateway', fabric.gateways, gateway);
}

export function addPrivateEndpoint(fabric: Fabric, endpoint: PrivateEndpoint): PrivateEndpoint {
  return addNamed('private endpoint', fabric.privateEndpoints, endpoint);
}

export function addExternalHost(fabric: Fabric, host: ExternalHost): ExternalHost {
  return addNamed('external host', fabric.externalHosts, host);
}
