import type { RouteTable } from '../azure/fabric.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { azTable } from './az-table.ts';
import { type Row, printedOnce } from './listing.ts';

const HEADING = ['AddressPrefix', 'Name', 'NextHopType', 'NextHopIpAddress'] as const;

/** The user's routes as `az network route-table route list -o table` prints them, without provisioning state and resource group. */
export const routeTableRows: (table: RouteTable) => readonly Row[] = printedOnce(({ routes }) =>
  azTable(
    HEADING,
    routes.map(({ name, destination, nextHopType, nextHopIp }) => ({
      cells: [
        destination.kind === 'prefix' ? formatPrefix(destination.prefix) : destination.tag,
        name,
        nextHopType,
        nextHopIp === null ? '' : formatIpv4(nextHopIp),
      ],
      id: name,
    })),
  ),
);
