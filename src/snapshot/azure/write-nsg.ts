import { type AddressMatch, type Nsg, type NsgRule, type PortRange, ANY_PORT } from '../../azure/nsg.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { JsonRow } from '../write/json-row.ts';
import { exportedId } from './resource-id.ts';

/** A security group as `az network nsg list` prints it, without the default rules. */
export function nsgRow({ name, rules }: Nsg): JsonRow {
  return { name, id: exportedId(['networkSecurityGroups', name]), securityRules: rules.map(ruleRow) };
}

function ruleRow(rule: NsgRule): JsonRow {
  return {
    name: rule.name,
    priority: rule.priority,
    direction: rule.direction,
    access: rule.access,
    protocol: rule.protocol,
    ...addressCells('source', rule.sources),
    ...portCells('source', rule.sourcePorts),
    ...addressCells('destination', rule.destinations),
    ...portCells('destination', rule.destinationPorts),
  };
}

type Side = 'source' | 'destination';

/** Azure writes one prefix and several in different fields. */
function addressCells(side: Side, matches: readonly AddressMatch[]): JsonRow {
  const texts: string[] = [];
  const groups: string[] = [];
  for (const match of matches) {
    if (match.kind === 'asg') groups.push(match.asg);
    else texts.push(match.kind === 'any' ? '*' : match.kind === 'tag' ? match.tag : formatPrefix(match.prefix));
  }
  const [only, ...more] = texts;
  return {
    ...(only !== undefined && more.length === 0 ? { [`${side}AddressPrefix`]: only } : { [`${side}AddressPrefixes`]: texts }),
    ...(groups.length === 0 ? {} : { [`${side}ApplicationSecurityGroups`]: groups.map((name) => ({ id: groupId(name) })) }),
  };
}

function groupId(name: string): string {
  return `${exportedId()}/applicationSecurityGroups/${name}`;
}

function portCells(side: Side, ranges: readonly PortRange[]): JsonRow {
  const texts = ranges.map(portText);
  const [only, ...more] = texts;
  return only !== undefined && more.length === 0 ? { [`${side}PortRange`]: only } : { [`${side}PortRanges`]: texts };
}

function portText({ from, to }: PortRange): string {
  if (from === ANY_PORT.from && to === ANY_PORT.to) return '*';
  return from === to ? String(from) : `${from}-${to}`;
}
