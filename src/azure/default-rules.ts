import { type AddressMatch, type NsgAccess, type NsgDirection, type NsgRule, ANY_ADDRESS, ANY_PORT } from './nsg.ts';

const VNET: AddressMatch = { kind: 'tag', tag: 'VirtualNetwork' };
const INTERNET: AddressMatch = { kind: 'tag', tag: 'Internet' };
const LOAD_BALANCER: AddressMatch = { kind: 'tag', tag: 'AzureLoadBalancer' };

const RULES: readonly NsgRule[] = [
  rule('AllowVnetInBound', 65_000, 'Inbound', 'Allow', VNET, VNET),
  rule('AllowAzureLoadBalancerInBound', 65_001, 'Inbound', 'Allow', LOAD_BALANCER, ANY_ADDRESS),
  rule('DenyAllInBound', 65_500, 'Inbound', 'Deny', ANY_ADDRESS, ANY_ADDRESS),
  rule('AllowVnetOutBound', 65_000, 'Outbound', 'Allow', VNET, VNET),
  rule('AllowInternetOutBound', 65_001, 'Outbound', 'Allow', ANY_ADDRESS, INTERNET),
  rule('DenyAllOutBound', 65_500, 'Outbound', 'Deny', ANY_ADDRESS, ANY_ADDRESS),
];

/** The rules behind every NSG's own, which cannot be removed. @source network-security-groups-overview */
export function defaultRules(direction: NsgDirection): readonly NsgRule[] {
  return RULES.filter((candidate) => candidate.direction === direction);
}

function rule(
  name: string,
  priority: number,
  direction: NsgDirection,
  access: NsgAccess,
  source: AddressMatch,
  destination: AddressMatch,
): NsgRule {
  return {
    name,
    priority,
    direction,
    access,
    protocol: '*',
    sources: [source],
    sourcePorts: [ANY_PORT],
    destinations: [destination],
    destinationPorts: [ANY_PORT],
  };
}
