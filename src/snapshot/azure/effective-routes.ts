import type { Fabric } from '../../azure/fabric.ts';
import { type EffectiveRoute, effectiveRoutes } from '../../azure/routes.ts';
import type { Field } from '../../kube/objects/field.ts';
import { type Prefix, formatPrefix, parsePrefix } from '../../wire/prefix.ts';
import { isIpv6Text } from '../read/scalar.ts';
import type { Resources } from './resources.ts';

const MAX_ROUTES = 10_000;

/**
 * Compares what `az network nic show-effective-route-table` printed (`azure/effective-routes/NIC.json`) with the routes that follow from the
 * tables. Where they differ nobody knows why, so packets that the NIC sends to that range are UNKNOWN.
 */
export function checkEffectiveRoutes(resources: Resources, fabric: Fabric): void {
  const { source } = resources;
  for (const file of source.directory.list('azure/effective-routes')) {
    const path = `azure/effective-routes/${file}`;
    const name = /^(.{1,200})\.json$/.exec(file)?.[1];
    const nic = fabric.nics.find((one) => one.name === name);
    const document = source.json(path);
    if (document === null) continue;
    if (nic === undefined || name === undefined) {
      document.fail('this file belongs to no NIC', 'NIC.json, with the name of a NIC of azure/nic.json');
      continue;
    }
    const listed = Array.isArray(document.value) ? document : document.get('value');
    const seen = new Map(listed.items(MAX_ROUTES).flatMap(rowsOf));
    const derived = new Map(
      effectiveRoutes(fabric, nic.subnet)
        .filter(({ state }) => state === 'Active')
        .map(keyed),
    );
    for (const [range, hop] of new Map([...seen, ...derived])) {
      if (!served(hop.type) || seen.get(range)?.type === derived.get(range)?.type) continue;
      const is = seen.get(range)?.type ?? 'nothing';
      const would = derived.get(range)?.type ?? 'nothing';
      const text = `${path} has ${is} for ${range}, and the tables give ${would}`;
      resources.gap({ reason: 'NOT_MODELLED', text, at: { kind: 'nic', nic: name }, to: hop.prefix });
    }
  }
}

interface Hop {
  readonly prefix: Prefix;
  readonly type: string;
}

function keyed({ prefix, nextHopType }: EffectiveRoute): [string, Hop] {
  return [formatPrefix(prefix), { prefix, type: nextHopType }];
}

/** Routes of service endpoints come from prefix lists that change by the week: a difference there says nothing. */
function served(type: string): boolean {
  return type !== 'VirtualNetworkServiceEndpoint';
}

/** Azure calls the private ranges without a way None, and gateways and peerings as the portal does. */
function rowsOf(row: Field): [string, Hop][] {
  if (row.get('state').value !== 'Active') return [];
  const type = row.get('nextHopType').text(64) ?? '';
  return row
    .get('addressPrefix')
    .items(MAX_ROUTES)
    .filter((field) => !isIpv6Text(field))
    .flatMap((field): [string, Hop][] => {
      const prefix = field.parsed(parsePrefix, 'a range such as 10.224.0.0/16');
      return prefix === null ? [] : [[formatPrefix(prefix), { prefix, type: type === 'VnetPeering' ? 'VNetPeering' : type }]];
    });
}
