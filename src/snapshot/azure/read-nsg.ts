import { type AddressMatch, type Nsg, type NsgRule, type PortRange, ANY_ADDRESS, ANY_PORT } from '../../azure/nsg.ts';
import { parseAddressMatch, parsePortRanges } from '../../azure/nsg-notation.ts';
import type { Field } from '../../kube/objects/field.ts';
import { isIpv6Text } from '../read/scalar.ts';
import { type Resources, resourceName } from './resources.ts';

const DIRECTIONS = ['Inbound', 'Outbound'] as const;
const ACCESS = ['Allow', 'Deny'] as const;
const PROTOCOLS = ['*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah'] as const;
/** @source azure-subscription-service-limits */
const MAX_RULES = 2000;
const MAX_MATCHES = 8000;

/** Reads `az network nsg list`. The default rules stand in every group and are not read. */
export function readNsgs(resources: Resources): Nsg[] {
  return (resources.list('networkSecurityGroups') ?? []).map(({ name, field }) => ({
    name,
    rules: field.get('securityRules').items(MAX_RULES).flatMap(readRule),
  }));
}

function readRule(field: Field): NsgRule[] {
  const name = resourceName(field.get('name'));
  const priority = field.get('priority').required('a priority').int(100, 4096);
  const sources = addresses(field, 'source');
  const destinations = addresses(field, 'destination');
  // A rule for IPv6 alone never meets an IPv4 packet.
  if (name === null || priority === null || sources.length === 0 || destinations.length === 0) return [];
  const protocol = field.get('protocol').required(`one of ${PROTOCOLS.join(', ')}`);
  return [
    {
      name,
      priority,
      direction: field.get('direction').required('a direction').oneOf(DIRECTIONS, 'Inbound'),
      access: field.get('access').required('Allow or Deny').oneOf(ACCESS, 'Deny'),
      protocol: PROTOCOLS.find((known) => known.toLowerCase() === String(protocol.value).toLowerCase()) ?? protocol.oneOf(PROTOCOLS, '*'),
      sources,
      sourcePorts: ports(field, 'source'),
      destinations,
      destinationPorts: ports(field, 'destination'),
    },
  ];
}

type Side = 'source' | 'destination';

/** One side of a rule: a prefix, several, or application security groups. */
function addresses(rule: Field, side: Side): AddressMatch[] {
  const one = rule.get(`${side}AddressPrefix`);
  const given = [...(one.present && one.value !== '' ? [one] : []), ...rule.get(`${side}AddressPrefixes`).items(MAX_MATCHES)];
  const groups = rule
    .get(`${side}ApplicationSecurityGroups`)
    .items(100)
    .map((group): AddressMatch => ({ kind: 'asg', asg: (group.get('id').text(500) ?? '').replace(/^.*\//, '') }));
  if (given.length === 0 && groups.length === 0) return [ANY_ADDRESS];
  const matches = given
    .filter((field) => !isIpv6Text(field))
    .flatMap((field) => field.parsed(parseAddressMatch, 'a range, a service tag or *') ?? []);
  return [...matches, ...groups];
}

function ports(rule: Field, side: Side): PortRange[] {
  const one = rule.get(`${side}PortRange`);
  const given = [...(one.present && one.value !== '' ? [one] : []), ...rule.get(`${side}PortRanges`).items(MAX_MATCHES)];
  if (given.length === 0) return [ANY_PORT];
  return given.flatMap((field) => field.parsed(parsePortRanges, '*, a port or a range such as 8000-8999') ?? []);
}
