import { defaultRules } from '../azure/default-rules.ts';
import type { AddressMatch, Nsg, NsgRule, PortRange } from '../azure/nsg.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { azTable } from './az-table.ts';
import { type Row, printedOnce } from './listing.ts';

const HEADING = [
  'Name',
  'Priority',
  'SourcePortRanges',
  'SourceAddressPrefixes',
  'SourceASG',
  'Access',
  'Protocol',
  'Direction',
  'DestinationPortRanges',
  'DestinationAddressPrefixes',
  'DestinationASG',
] as const;

/**
 * The rules of a network security group as `az network nsg rule list --include-default -o table` prints them, without the resource group:
 * the user's by direction and priority, then the default ones.
 * @source azure-cli network/_format.py transform_nsg_rule_table_output
 */
export const nsgRows: (nsg: Nsg) => readonly Row[] = printedOnce(({ rules }) => {
  const byPriority = rules.toSorted((a, b) => a.direction.localeCompare(b.direction, 'en') || a.priority - b.priority);
  const all = [...byPriority, ...defaultRules('Inbound'), ...defaultRules('Outbound')];
  return azTable(
    HEADING,
    all.map((rule) => ({ cells: cellsOf(rule), id: rule.name })),
  );
});

function cellsOf(rule: NsgRule): string[] {
  return [
    rule.name,
    String(rule.priority),
    ports(rule.sourcePorts),
    addresses(rule.sources),
    groups(rule.sources),
    rule.access,
    rule.protocol,
    rule.direction,
    ports(rule.destinationPorts),
    addresses(rule.destinations),
    groups(rule.destinations),
  ];
}

function ports(ranges: readonly PortRange[]): string {
  return ranges.map(({ from, to }) => (from === 0 && to === 65_535 ? '*' : from === to ? String(from) : `${from}-${to}`)).join(' ');
}

function addresses(matches: readonly AddressMatch[]): string {
  const texts = matches.flatMap((match) => {
    switch (match.kind) {
      case 'any':
        return ['*'];
      case 'prefix':
        return [formatPrefix(match.prefix)];
      case 'tag':
        return [match.tag];
      case 'asg':
        return [];
    }
  });
  return texts.join(' ') || 'None';
}

function groups(matches: readonly AddressMatch[]): string {
  return matches.flatMap((match) => (match.kind === 'asg' ? [match.asg] : [])).join(' ') || 'None';
}
