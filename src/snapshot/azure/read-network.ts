import type { NatGateway, Peering, RouteTable, Subnet, Udr, VNet } from '../../azure/fabric.ts';
import { parseAddressMatch } from '../../azure/nsg-notation.ts';
import { subnetId } from '../../azure/subnet-id.ts';
import type { Field } from '../../kube/objects/field.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { type Prefix, parsePrefix } from '../../wire/prefix.ts';
import { ipv4Of, isIpv6Text } from '../read/scalar.ts';
import { MAX_ROWS } from '../read/source.ts';
import { refOf } from './resource-id.ts';
import { type Resource, type Resources, resourceName } from './resources.ts';
import { serviceTagOf } from './service-endpoint.ts';

/** Reads `az network vnet list`. */
export function readVnets(resources: Resources): VNet[] {
  return (resources.list('virtualNetworks') ?? []).map(({ name, field }) => ({
    name,
    prefixes: prefixes(field.mapping('addressSpace').get('addressPrefixes')),
    subnets: field
      .get('subnets')
      .items(MAX_ROWS)
      .flatMap((subnet) => readSubnet(resources, name, subnet)),
    dnsServers: field
      .mapping('dhcpOptions')
      .get('dnsServers')
      .items(64)
      .filter((server) => !isIpv6Text(server))
      .flatMap((server) => ipv4Of(server) ?? []),
  }));
}

function readSubnet(resources: Resources, vnet: string, field: Field): Subnet[] {
  const name = resourceName(field.get('name'));
  if (name === null) return [];
  const one = field.get('addressPrefix');
  const ranges = prefixes(one.present && !isIpv6Text(one) ? one : field.get('addressPrefixes'));
  const [range, ...more] = ranges;
  const at = { kind: 'subnet', subnet: subnetId(vnet, name) } as const;
  if (range === undefined) {
    field.fail(`subnet ${name} has no IPv4 range`, 'addressPrefix, or addressPrefixes with an IPv4 range');
    return [];
  }
  if (more.length > 0) resources.gap({ reason: 'NOT_MODELLED', text: `subnet ${name} has several IPv4 ranges`, at });
  const policies = field.get('privateEndpointNetworkPolicies').value;
  return [
    {
      name,
      prefix: range,
      nsg: resources.referred(field.get('networkSecurityGroup'), 'networkSecurityGroups', at),
      routeTable: resources.referred(field.get('routeTable'), 'routeTables', at),
      natGateway: resources.referred(field.get('natGateway'), 'natGateways', { kind: 'public' }),
      serviceEndpoints: field
        .get('serviceEndpoints')
        .items(64)
        .flatMap((endpoint) => {
          const service = endpoint.get('service').text(80);
          return service === null ? [] : [serviceTagOf(service)];
        }),
      // Subnets that say nothing are older than the setting, and have it.
      defaultOutboundAccess: field.get('defaultOutboundAccess').bool(true),
      privateEndpointPolicies: {
        nsg: policies === 'Enabled' || policies === 'NetworkSecurityGroupEnabled',
        routeTable: policies === 'Enabled' || policies === 'RouteTableEnabled',
      },
    },
  ];
}

/** The IPv4 ranges of a list, or of a single text. */
function prefixes(field: Field): Prefix[] {
  const list = typeof field.value === 'string' ? [field] : field.items(1000);
  return list.filter((item) => !isIpv6Text(item)).flatMap((item) => item.parsed(parsePrefix, 'a range such as 10.224.0.0/16') ?? []);
}

const STATES = ['Initiated', 'Connected', 'Disconnected'] as const;

/** Reads `az network vnet peering list`, and the peerings that `az network vnet list` holds. */
export function readPeerings(resources: Resources): Peering[] {
  const found = new Map<string, Peering>();
  const add = (vnet: string | null, field: Field): void => {
    const remoteId = refOf(field.get('remoteVirtualNetwork'));
    const name = resourceName(field.get('name'));
    if (vnet === null || remoteId === null || name === null) return;
    const remote = resources.nameOf(remoteId, 'virtualNetworks') ?? remoteId.name('virtualNetworks');
    if (remote === null) return field.get('remoteVirtualNetwork').fail('this is no virtual network', 'the id of a virtual network');
    found.set(`${vnet} ${remote}`, {
      name,
      vnet,
      remote,
      state: field.get('peeringState').required(STATES.join(', ')).oneOf(STATES, 'Disconnected'),
      allowVirtualNetworkAccess: field.get('allowVirtualNetworkAccess').bool(false),
      allowForwardedTraffic: field.get('allowForwardedTraffic').bool(false),
      allowGatewayTransit: field.get('allowGatewayTransit').bool(false),
      useRemoteGateways: field.get('useRemoteGateways').bool(false),
    });
  };
  for (const { name, field } of resources.list('virtualNetworks') ?? []) {
    for (const peering of field.get('virtualNetworkPeerings').items(1000)) add(name, peering);
  }
  for (const field of resources.source.rows('azure/peering.json') ?? []) {
    const id = refOf(field);
    if (id === null) field.get('id').required("the peering's own id, which names its virtual network");
    else add(resources.nameOf(id, 'virtualNetworks') ?? id.name('virtualNetworks'), field);
  }
  return [...found.values()];
}

const NEXT_HOPS = ['VirtualAppliance', 'VirtualNetworkGateway', 'VnetLocal', 'Internet', 'None'] as const;

/** Reads `az network route-table list`. */
export function readRouteTables(resources: Resources): RouteTable[] {
  return (resources.list('routeTables') ?? []).map(({ name, field }) => ({
    name,
    routes: field.get('routes').items(10_000).flatMap(readUdr),
    disableBgpRoutePropagation: field.get('disableBgpRoutePropagation').bool(false),
  }));
}

function readUdr(field: Field): Udr[] {
  const to = field.get('addressPrefix').required('a range or a service tag');
  const name = resourceName(field.get('name'));
  if (name === null || isIpv6Text(to)) return [];
  const destination = to.parsed((text): Udr['destination'] | null => {
    const range = parsePrefix(text);
    if (range !== null) return { kind: 'prefix', prefix: range };
    const match = parseAddressMatch(text);
    return match?.kind === 'tag' ? { kind: 'tag', tag: match.tag } : null;
  }, 'a range or a service tag');
  const nextHopType = field
    .get('nextHopType')
    .required(`one of ${NEXT_HOPS.join(', ')}`)
    .oneOf(NEXT_HOPS, 'None');
  const address = field.get('nextHopIpAddress');
  const nextHopIp = nextHopType === 'VirtualAppliance' && address.value !== '' ? ipv4Of(address.required('an IPv4 address')) : null;
  return destination === null ? [] : [{ name, destination, nextHopType, nextHopIp }];
}

/** Reads `az network nat gateway list`. */
export function natGatewaysOf(resources: Resources, publicAddress: (reference: Field) => Ipv4 | null): NatGateway[] {
  return (resources.list('natGateways') ?? []).map(({ name, field }: Resource): NatGateway => {
    if (field.get('publicIpPrefixes').items(100).length > 0) {
      const text = `NAT gateway ${name} has prefixes of public addresses, which are not modelled`;
      resources.gap({ reason: 'NOT_MODELLED', text, at: { kind: 'public' } });
    }
    return {
      name,
      publicIps: field
        .get('publicIpAddresses')
        .items(100)
        .flatMap((reference) => publicAddress(reference) ?? []),
      tcpIdleMinutes: field.get('idleTimeoutInMinutes').int(4, 120) ?? 4,
    };
  });
}

/** The addresses of `az network public-ip list` by the id of the resource. */
export function publicAddresses(resources: Resources): (reference: Field) => Ipv4 | null {
  const known = new Map<string, Ipv4 | null>();
  for (const { name, field } of resources.list('publicIPAddresses') ?? []) {
    const address = field.get('ipAddress');
    known.set(name, isIpv6Text(address) ? null : ipv4Of(address));
  }
  return (reference) => {
    const name = resources.referred(reference, 'publicIPAddresses', { kind: 'public' });
    return name === null ? null : (known.get(name) ?? null);
  };
}
