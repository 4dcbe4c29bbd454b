import { compileMatch, PLATFORM_TAGS } from './compiled-nsg.ts';
import type { Fabric } from './fabric.ts';
import type { AddressMatch } from './nsg.ts';
import { serviceTagPrefixes } from './service-tags.ts';

/** The service tags whose addresses are those of the fabric itself, or of its platform. */
export const OWN_TAGS: readonly string[] = ['VirtualNetwork', 'Internet', 'AzureLoadBalancer', ...PLATFORM_TAGS];

/** Addresses that a rule or a route names and the fabric does not know: a walk that they decide is UNKNOWN. */
export interface UnknownAddresses {
  readonly holder: 'nsg' | 'route table';
  /** The name of the NSG or of the route table. */
  readonly of: string;
  /** The name of the rule or of the route. */
  readonly entry: string;
  readonly kind: 'service tag' | 'application security group';
  readonly name: string;
}

/** Service tags without known prefixes and application security groups, in the order of the tables. */
export function unknownAddresses(fabric: Fabric): UnknownAddresses[] {
  const rules = fabric.nsgs.flatMap((nsg) =>
    nsg.rules.flatMap((rule) =>
      [...rule.sources, ...rule.destinations].flatMap((match): UnknownAddresses[] => {
        const found = unknownMatch(fabric, match);
        return found === null ? [] : [{ holder: 'nsg', of: nsg.name, entry: rule.name, ...found }];
      }),
    ),
  );
  const routes = fabric.routeTables.flatMap((table) =>
    table.routes.flatMap(({ name, destination }): UnknownAddresses[] =>
      destination.kind === 'tag' && serviceTagPrefixes(fabric, destination.tag) === null
        ? [{ holder: 'route table', of: table.name, entry: name, kind: 'service tag', name: destination.tag }]
        : [],
    ),
  );
  return [...rules, ...routes];
}

function unknownMatch(fabric: Fabric, match: AddressMatch): Pick<UnknownAddresses, 'kind' | 'name'> | null {
  const { undecidable } = compileMatch([match], fabric.serviceTags);
  switch (undecidable?.kind) {
    case 'asg':
      return { kind: 'application security group', name: undecidable.asg };
    case 'tag':
      return { kind: 'service tag', name: undecidable.tag };
    default:
      return null;
  }
}
