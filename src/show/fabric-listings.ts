import type { Fabric } from '../azure/fabric.ts';
import { subnetId } from '../azure/subnet-id.ts';
import { effectiveRouteRows } from './effective-routes.ts';
import type { Listing } from './listing.ts';
import { nsgRows } from './nsg.ts';
import { routeTableRows } from './route-table.ts';

/** The fabric's tables: what each subnet's NICs follow, then route tables and security groups by name. */
export function fabricListings(fabric: Fabric): Listing[] {
  return [
    ...fabric.vnets.flatMap((vnet) =>
      vnet.subnets.map((subnet) => {
        const id = subnetId(vnet.name, subnet.name);
        const nic = fabric.nics.find((candidate) => candidate.subnet === id)?.name;
        const named = nic === undefined ? `# subnet ${id}` : `--name ${nic}`;
        return {
          key: `effective-routes:${id}`,
          command: `az network nic show-effective-route-table -o table ${named}`,
          rows: () => effectiveRouteRows(fabric, id),
        };
      }),
    ),
    ...fabric.routeTables.map((table) => ({
      key: `route-table:${table.name}`,
      command: `az network route-table route list -o table --route-table-name ${table.name}`,
      rows: () => routeTableRows(table),
    })),
    ...fabric.nsgs.map((nsg) => ({
      key: `nsg:${nsg.name}`,
      command: `az network nsg rule list --include-default -o table --nsg-name ${nsg.name}`,
      rows: () => nsgRows(nsg),
    })),
  ];
}
