import { ip, isMulticast, type Ipv4 } from '../wire/ipv4.ts';
import { type Prefix, DEFAULT_ROUTE, contains, covers, formatPrefix, prefix, prefixOf } from '../wire/prefix.ts';
import type { Fabric, RouteTable, Subnet, Udr, VNet } from './fabric.ts';
import { gatewaysOf, peersOf } from './peering.ts';
import { serviceTagPrefixes } from './service-tags.ts';
import type { SubnetId } from './subnet-id.ts';
import { type SubnetPlace, findSubnet } from './subnets.ts';

export type NextHopType =
  | 'VnetLocal'
  | 'VNetPeering'
  | 'VirtualNetworkGateway'
  | 'VirtualNetworkServiceEndpoint'
  | 'InterfaceEndpoint'
  | 'VirtualAppliance'
  | 'Internet'
  | 'None';

/** One row of a subnet's effective routes, as `az network nic show-effective-route-table` lists it. */
export interface EffectiveRoute {
  readonly source: 'Default' | 'User' | 'VirtualNetworkGateway';
  readonly state: 'Active' | 'Invalid';
  readonly prefix: Prefix;
  readonly nextHopType: NextHopType;
  readonly nextHopIp: Ipv4 | null;
  /** The UDR's name, the peer VNet, the gateway, the endpoint; null for the other system routes. */
  readonly name: string | null;
  /** Why the row does not count; null when it is Active. */
  readonly why: string | null;
}

/** The private ranges that go nowhere unless a VNet, a peer, a gateway or a UDR claims them. @source virtual-networks-udr-overview */
const NONE_RANGES: readonly Prefix[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map((text) => prefix(text));

/** Whether an address is of no use on the internet. */
export function isPrivate(addr: Ipv4): boolean {
  return NONE_RANGES.some((range) => contains(range, addr)) || contains(LINK_LOCAL, addr) || isMulticast(addr);
}

const LINK_LOCAL: Prefix = prefixOf(ip('169.254.0.0'), 16);

/** Rows that stay preferred over any BGP row inside them. */
const ABOVE_BGP: ReadonlySet<NextHopType> = new Set(['VnetLocal', 'VNetPeering', 'VirtualNetworkServiceEndpoint', 'InterfaceEndpoint']);

/**
 * All rows for a subnet, Active and Invalid: the subnet's system routes, what gateways learned, the user's routes.
 * Longest prefix decides between Active rows; on one prefix a UDR beats BGP beats the system.
 * @throws InvariantError when the subnet does not exist
 * @source virtual-networks-udr-overview
 */
export function effectiveRoutes(fabric: Fabric, subnetId: SubnetId): EffectiveRoute[] {
  const place = findSubnet(fabric, subnetId);
  const table = fabric.routeTables.find((candidate) => candidate.name === place.subnet.routeTable) ?? null;
  const user = userRoutes(fabric, table);
  const system = systemRoutes(fabric, place, user);
  const bgp = table?.disableBgpRoutePropagation === true ? [] : gatewayRoutes(fabric, place.vnet, system);
  const userKeys = activeKeys(user);
  const bgpKeys = activeKeys(bgp);
  return [
    ...system.map((row) =>
      beaten(beaten(row, userKeys, 'a user route has the same prefix'), bgpKeys, 'a gateway route has the same prefix'),
    ),
    ...bgp.map((row) => beaten(row, userKeys, 'a user route has the same prefix')),
    ...user,
  ];
}

function activeKeys(rows: readonly EffectiveRoute[]): Set<string> {
  return new Set(rows.filter((row) => row.state === 'Active').map((row) => formatPrefix(row.prefix)));
}

function beaten(route: EffectiveRoute, by: ReadonlySet<string>, why: string): EffectiveRoute {
  return route.state === 'Active' && by.has(formatPrefix(route.prefix)) ? invalid(route, why) : route;
}

function systemRoutes(fabric: Fabric, place: SubnetPlace, user: readonly EffectiveRoute[]): EffectiveRoute[] {
  const { vnet, subnet } = place;
  const rows: EffectiveRoute[] = vnet.prefixes.map((range) => row('Default', range, 'VnetLocal'));
  const claimed = [...vnet.prefixes];
  for (const peer of peersOf(fabric, vnet.name)) {
    const ranges = fabric.vnets.find((candidate) => candidate.name === peer)?.prefixes ?? [];
    rows.push(...ranges.map((range) => row('Default', range, 'VNetPeering', null, peer)));
    claimed.push(...ranges);
  }
  rows.push(...endpointRoutes(fabric, vnet, user), ...serviceEndpointRoutes(fabric, subnet), row('Default', DEFAULT_ROUTE, 'Internet'));
  const userDefault = user.some((udr) => udr.state === 'Active' && udr.prefix.len === 0);
  for (const range of NONE_RANGES) {
    if (userDefault || claimed.some((wider) => covers(wider, range))) continue;
    rows.push(row('Default', range, 'None'));
  }
  return rows;
}

function serviceEndpointRoutes(fabric: Fabric, subnet: Subnet): EffectiveRoute[] {
  return subnet.serviceEndpoints.flatMap((tag) =>
    (serviceTagPrefixes(fabric, tag) ?? []).map((range) => row('Default', range, 'VirtualNetworkServiceEndpoint', null, tag)),
  );
}

/**
 * Private endpoints of the VNet and its peers. A UDR at least as long as the VNet's range takes over where the endpoint's subnet has
 * network policies for route tables. @source disable-private-endpoint-network-policy
 */
function endpointRoutes(fabric: Fabric, vnet: VNet, user: readonly EffectiveRoute[]): EffectiveRoute[] {
  const near = new Set([vnet.name, ...peersOf(fabric, vnet.name)]);
  return fabric.privateEndpoints.flatMap((endpoint) => {
    const at = findSubnet(fabric, endpoint.subnet);
    if (!near.has(at.vnet.name)) return [];
    const host = row('Default', prefixOf(endpoint.addr, 32), 'InterfaceEndpoint', null, endpoint.name);
    const rangeLen = at.vnet.prefixes.find((range) => contains(range, endpoint.addr))?.len ?? 32;
    const taken = user.some((udr) => udr.state === 'Active' && udr.prefix.len >= rangeLen && contains(udr.prefix, endpoint.addr));
    return [at.subnet.privateEndpointPolicies.routeTable && taken ? invalid(host, 'a user route covers the private endpoint') : host];
  });
}

/** What gateways learned. A BGP row never takes traffic from the VNet, a peer or a service endpoint, however specific it is. */
function gatewayRoutes(fabric: Fabric, vnet: VNet, system: readonly EffectiveRoute[]): EffectiveRoute[] {
  const kept = system.filter((candidate) => ABOVE_BGP.has(candidate.nextHopType));
  const rows: EffectiveRoute[] = [];
  const advertised = new Set<string>();
  for (const gateway of gatewaysOf(fabric, vnet.name)) {
    for (const range of gateway.prefixes) {
      const learned = row('VirtualNetworkGateway', range, 'VirtualNetworkGateway', null, gateway.name);
      const above = kept.find((candidate) => covers(candidate.prefix, range));
      const twice = advertised.has(formatPrefix(range));
      if (above !== undefined) rows.push(invalid(learned, `the ${above.nextHopType} route ${formatPrefix(above.prefix)} stays preferred`));
      else {
        advertised.add(formatPrefix(range));
        rows.push(twice ? invalid(learned, 'another gateway advertises the same prefix') : learned);
      }
    }
  }
  return rows;
}

/**
 * The rows of a route table. On one prefix an explicit route beats a service tag, and of tags the more specific name wins:
 * regional, top level, AzureCloud with region, AzureCloud.
 */
function userRoutes(fabric: Fabric, table: RouteTable | null): EffectiveRoute[] {
  if (table === null) return [];
  const drafts = table.routes.flatMap((udr) => {
    const { destination } = udr;
    const rank = destination.kind === 'prefix' ? 0 : tagRank(destination.tag);
    const ranges = destination.kind === 'prefix' ? [destination.prefix] : (serviceTagPrefixes(fabric, destination.tag) ?? []);
    return ranges.map((range) => ({ rank, row: row('User', range, udr.nextHopType, udr.nextHopIp, udr.name) }));
  });
  const best = new Map<string, (typeof drafts)[number]>();
  for (const draft of drafts) {
    const key = formatPrefix(draft.row.prefix);
    const held = best.get(key);
    if (held === undefined || draft.rank < held.rank) best.set(key, draft);
  }
  return drafts.map((draft) =>
    best.get(formatPrefix(draft.row.prefix)) === draft ? draft.row : invalid(draft.row, 'a more explicit route has the same prefix'),
  );
}

function tagRank(tag: string): number {
  const isCloud = tag === 'AzureCloud' || tag.startsWith('AzureCloud.');
  return (isCloud ? 3 : 1) + (tag.includes('.') ? 0 : 1);
}

/** The UDR whose service tag has no known prefixes: where it leads cannot be told. */
export function unresolvedTagRoute(fabric: Fabric, table: RouteTable | null): Udr | null {
  return table?.routes.find((udr) => udr.destination.kind === 'tag' && serviceTagPrefixes(fabric, udr.destination.tag) === null) ?? null;
}

function row(
  source: EffectiveRoute['source'],
  range: Prefix,
  nextHopType: NextHopType,
  nextHopIp: Ipv4 | null = null,
  name: string | null = null,
): EffectiveRoute {
  return { source, state: 'Active', prefix: range, nextHopType, nextHopIp, name, why: null };
}

function invalid(route: EffectiveRoute, why: string): EffectiveRoute {
  return { ...route, state: 'Invalid', why };
}
