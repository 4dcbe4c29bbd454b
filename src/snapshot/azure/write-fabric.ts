import type { Fabric, Nic, Peering, RouteTable, Subnet, VNet } from '../../azure/fabric.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import { type JsonRow, rowsText } from '../write/json-row.ts';
import { exportedId, ipconfigResource, publicIpName, publicIpResource, subnetResource } from './resource-id.ts';
import { serviceOfTag } from './service-endpoint.ts';
import { lbRow } from './write-lb.ts';
import { nsgRow } from './write-nsg.ts';

/** A reference to a resource that may not be there. */
function ref(id: string | null): JsonRow | null {
  return id === null ? null : { id };
}

/** The lists of `azure/` as `az network … list -o json` prints them, by file. Names of the subscription and the group are made up. */
export function azureFiles(fabric: Fabric): Map<string, string> {
  const files = new Map<string, string>();
  const put = (name: string, rows: readonly JsonRow[]): void => void files.set(`azure/${name}.json`, rowsText(rows));
  put('vnet', fabric.vnets.map(vnetRow));
  put('nic', fabric.nics.map(nicRow));
  put('nsg', fabric.nsgs.map(nsgRow));
  put('route-table', fabric.routeTables.map(routeTableRow));
  put('public-ip', publicIps(fabric).map(publicIpRow));
  put('lb', fabric.loadBalancers.map(lbRow));
  put('nat-gateway', fabric.natGateways.map(natGatewayRow));
  put('peering', fabric.peerings.map(peeringRow));
  return files;
}

function vnetRow({ name, prefixes, subnets, dnsServers }: VNet): JsonRow {
  return {
    name,
    id: exportedId(['virtualNetworks', name]),
    addressSpace: { addressPrefixes: prefixes.map(formatPrefix) },
    dhcpOptions: { dnsServers: dnsServers.map(formatIpv4) },
    subnets: subnets.map((subnet) => subnetRow(name, subnet)),
  };
}

function subnetRow(vnet: string, subnet: Subnet): JsonRow {
  const { nsg, routeTable, natGateway, privateEndpointPolicies: policies } = subnet;
  return {
    name: subnet.name,
    id: subnetResource(`${vnet}/${subnet.name}`),
    addressPrefix: formatPrefix(subnet.prefix),
    networkSecurityGroup: ref(nsg === null ? null : exportedId(['networkSecurityGroups', nsg])),
    routeTable: ref(routeTable === null ? null : exportedId(['routeTables', routeTable])),
    natGateway: ref(natGateway === null ? null : exportedId(['natGateways', natGateway])),
    serviceEndpoints: subnet.serviceEndpoints.map((tag) => ({ service: serviceOfTag(tag) })),
    defaultOutboundAccess: subnet.defaultOutboundAccess,
    privateEndpointNetworkPolicies: policyText(policies),
  };
}

function policyText({ nsg, routeTable }: Subnet['privateEndpointPolicies']): string {
  if (nsg && routeTable) return 'Enabled';
  return nsg ? 'NetworkSecurityGroupEnabled' : routeTable ? 'RouteTableEnabled' : 'Disabled';
}

function nicRow(nic: Nic): JsonRow {
  return {
    name: nic.name,
    id: exportedId(['networkInterfaces', nic.name]),
    macAddress: nic.mac.toUpperCase().replaceAll(':', '-'),
    enableIPForwarding: nic.enableIPForwarding,
    networkSecurityGroup: ref(nic.nsg === null ? null : exportedId(['networkSecurityGroups', nic.nsg])),
    ipConfigurations: nic.ipconfigs.map((config) => ({
      name: config.name,
      id: ipconfigResource(nic.name, config.name),
      primary: config.primary,
      privateIPAddress: formatIpv4(config.addr),
      subnet: { id: subnetResource(nic.subnet) },
      publicIPAddress: ref(config.publicIp === null ? null : publicIpResource(config.publicIp)),
    })),
  };
}

function routeTableRow({ name, routes, disableBgpRoutePropagation }: RouteTable): JsonRow {
  return {
    name,
    id: exportedId(['routeTables', name]),
    disableBgpRoutePropagation,
    routes: routes.map((route) => ({
      name: route.name,
      addressPrefix: route.destination.kind === 'tag' ? route.destination.tag : formatPrefix(route.destination.prefix),
      nextHopType: route.nextHopType,
      ...(route.nextHopIp === null ? {} : { nextHopIpAddress: formatIpv4(route.nextHopIp) }),
    })),
  };
}

function publicIps({ nics, loadBalancers, natGateways }: Fabric): Ipv4[] {
  const all = [
    ...nics.flatMap(({ ipconfigs }) => ipconfigs.flatMap(({ publicIp }) => publicIp ?? [])),
    ...loadBalancers.flatMap(({ frontends }) => frontends.flatMap(({ addr, subnet }) => (subnet === null ? [addr] : []))),
    ...natGateways.flatMap((gateway) => gateway.publicIps),
  ];
  return [...new Set(all)];
}

function publicIpRow(addr: Ipv4): JsonRow {
  return { name: publicIpName(addr), id: publicIpResource(addr), ipAddress: formatIpv4(addr), publicIPAllocationMethod: 'Static' };
}

function natGatewayRow({ name, publicIps: addrs, tcpIdleMinutes }: Fabric['natGateways'][number]): JsonRow {
  return {
    name,
    id: exportedId(['natGateways', name]),
    idleTimeoutInMinutes: tcpIdleMinutes,
    publicIpAddresses: addrs.map((addr) => ({ id: publicIpResource(addr) })),
  };
}

function peeringRow(peering: Peering): JsonRow {
  const { name, vnet, remote, state, ...allows } = peering;
  return {
    name,
    id: `${exportedId(['virtualNetworks', vnet])}/virtualNetworkPeerings/${name}`,
    remoteVirtualNetwork: { id: exportedId(['virtualNetworks', remote]) },
    peeringState: state,
    ...allows,
  };
}
