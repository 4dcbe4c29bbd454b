import type { Fabric, RouteTable, Udr } from '../../azure/fabric.ts';
import { covers } from '../../wire/prefix.ts';
import type { Cluster, ClusterNode } from '../../world/cluster.ts';
import { podCidrOf } from '../modes/pod-cidr.ts';

/** How often the route controller looks whether its routes are still there. @source cloud-provider-azure routeUpdateInterval */
export const ROUTES_EVERY_MS = 30_000;

/**
 * Writes one route for each node into the cluster's route table, and takes away those of nodes that are gone. Routes that lie outside of the
 * pod range are somebody else's and stay.
 * @source cloud-provider-azure azure_routes.go; AKS transcripts, aks-agentpool-…-routetable
 */
export function syncAzureRoutes(fabric: Fabric, cluster: Cluster): void {
  const table = fabric.routeTables.find((one) => one.name === cluster.network.names.routeTable);
  if (table === undefined) return;
  const wanted = Object.values(cluster.nodes).flatMap(routeOf);
  if (isUpToDate(table, cluster, wanted)) return;
  const foreign = table.routes.filter((route) => !isOurs(route, cluster));
  table.routes = [...foreign, ...wanted];
}

function routeOf(node: ClusterNode): Udr[] {
  if (node.podCidr === null) return [];
  return [
    { name: node.name, destination: { kind: 'prefix', prefix: node.podCidr }, nextHopType: 'VirtualAppliance', nextHopIp: node.addr },
  ];
}

function isOurs(route: Udr, cluster: Cluster): boolean {
  return route.destination.kind === 'prefix' && covers(podCidrOf(cluster.network), route.destination.prefix);
}

function isUpToDate(table: RouteTable, cluster: Cluster, wanted: readonly Udr[]): boolean {
  const ours = table.routes.filter((route) => isOurs(route, cluster));
  if (ours.length !== wanted.length) return false;
  const byName = new Map(ours.map((route) => [route.name, route]));
  return wanted.every((route) => {
    const found = byName.get(route.name);
    return (
      found?.destination.kind === 'prefix' &&
      route.destination.kind === 'prefix' &&
      found.destination.prefix.addr === route.destination.prefix.addr &&
      found.destination.prefix.len === route.destination.prefix.len &&
      found.nextHopType === route.nextHopType &&
      found.nextHopIp === route.nextHopIp
    );
  });
}
