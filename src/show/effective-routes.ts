import type { Fabric } from '../azure/fabric.ts';
import { type EffectiveRoute, effectiveRoutes } from '../azure/routes.ts';
import type { SubnetId } from '../azure/subnet-id.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { azTable } from './az-table.ts';
import type { Row } from './listing.ts';
import { routeId } from './row-id.ts';

const HEADING = ['Source', 'State', 'Address Prefix', 'Next Hop Type', 'Next Hop IP'] as const;

/** What a subnet's NICs follow, as `az network nic show-effective-route-table -o table` prints it. @source azure-cli transform_effective_route_table */
export function effectiveRouteRows(fabric: Fabric, subnet: SubnetId): readonly Row[] {
  return azTable(
    HEADING,
    effectiveRoutes(fabric, subnet).map((route) => ({ cells: cellsOf(route), id: idOf(route, subnet) })),
  );
}

function cellsOf({ source, state, prefix, nextHopType, nextHopIp }: EffectiveRoute): string[] {
  return [source, state, formatPrefix(prefix), nextHopType, nextHopIp === null ? '' : formatIpv4(nextHopIp)];
}

function idOf({ prefix, nextHopType, nextHopIp, state }: EffectiveRoute, table: SubnetId): string {
  const id = routeId({
    table,
    dst: formatPrefix(prefix),
    type: nextHopType,
    ...(nextHopIp === null ? {} : { via: formatIpv4(nextHopIp) }),
  });
  return state === 'Active' ? id : `${id} ${state}`;
}
