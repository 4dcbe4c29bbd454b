import { emptyFabric } from '../../azure/empty-fabric.ts';
import type { Fabric } from '../../azure/fabric.ts';
import type { Source } from '../read/source.ts';
import { checkEffectiveRoutes } from './effective-routes.ts';
import { readLoadBalancers } from './read-lb.ts';
import { natGatewaysOf, publicAddresses, readPeerings, readRouteTables, readVnets } from './read-network.ts';
import { readNics } from './read-nic.ts';
import { readNsgs } from './read-nsg.ts';
import { Resources } from './resources.ts';

/**
 * The fabric that the lists in `azure/` describe; null where there are none. Nobody holds its NICs yet. What is used and was not collected is
 * a gap: packets that would meet it are UNKNOWN.
 */
export function readFabric(source: Source): Fabric | null {
  const files = source.directory.list('azure').filter((name) => name.endsWith('.json'));
  if (files.length === 0) return null;
  const resources = new Resources(source);
  if (resources.list('virtualNetworks') === null) {
    const expected = 'the list that az network vnet list -o json prints';
    // What is wrong with a file that is there has been said.
    if (!files.includes('vnet.json'))
      source.problems.add({ file: source.fileName('azure/vnet.json'), line: 1, col: 1, message: 'there is no such file', expected });
    return null;
  }
  const publicAddress = publicAddresses(resources);
  const dump = readNics(resources, publicAddress);
  const fabric: Fabric = {
    ...emptyFabric(),
    vnets: readVnets(resources),
    nics: dump.nics,
    routeTables: readRouteTables(resources),
    nsgs: readNsgs(resources),
    peerings: readPeerings(resources),
    loadBalancers: readLoadBalancers(resources, dump, publicAddress),
    natGateways: natGatewaysOf(resources, publicAddress),
    caMap: dump.blocks,
    externalHosts: [],
  };
  if (resources.list('loadBalancers') === null) {
    resources.gap({ reason: 'NOT_COLLECTED', text: 'azure/lb.json was not collected', at: { kind: 'public' } });
  }
  checkEffectiveRoutes(resources, fabric);
  return resources.gaps.length === 0 ? fabric : { ...fabric, gaps: resources.gaps };
}
