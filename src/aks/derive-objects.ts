import type { Fabric } from '../azure/fabric.ts';
import { allocateServices } from '../kube/derive/allocate-services.ts';
import { deriveEndpointSlices } from '../kube/derive/endpoint-slices.ts';
import type { ClusterObjects } from '../kube/objects/cluster-objects.ts';
import type { ObjectProblem } from '../kube/objects/located.ts';
import { type Service, isInternalLoadBalancer } from '../kube/objects/service.ts';
import { type Ipv4, formatIpv4, parseIpv4 } from '../wire/ipv4.ts';
import type { Cluster } from '../world/cluster.ts';
import { frontendAddress } from './agents/load-balancer-names.ts';
import { freeAddresses } from './build/free-address.ts';
import { freePublicAddress } from './build/public-addresses.ts';
import { raw, rawList } from './raw.ts';

/**
 * Fills in what Kubernetes and the cloud add to objects by themselves: ClusterIPs, node ports, frontend addresses, endpoint slices.
 * Objects that lack nothing stay the identical objects, and lists without a change the identical lists.
 */
export function deriveObjects(cluster: Cluster, fabric: Fabric): ObjectProblem[] {
  const objects = plainObjects(cluster);
  const { services, problems } = allocateServices(objects.services, {
    serviceCIDR: cluster.network.serviceCidr,
    loadBalancerIP: frontendAllocator(objects.services, cluster, fabric),
  });
  const next: ClusterObjects = { ...objects, services: sameOr(objects.services, services) };
  const endpointSlices = sameOr(objects.endpointSlices, deriveEndpointSlices(next, true));
  const changed = next.services !== objects.services || endpointSlices !== objects.endpointSlices;
  if (changed || objects !== raw(cluster.objects)) cluster.objects = { ...next, endpointSlices };
  return [...problems];
}

/** The objects that controllers read, none of them a draft: what is remembered of an object is remembered by its identity. */
function plainObjects(cluster: Cluster): ClusterObjects {
  const objects = raw(cluster.objects);
  const nodes = rawList(objects.nodes);
  const pods = rawList(objects.pods);
  const services = rawList(objects.services);
  const endpointSlices = rawList(objects.endpointSlices);
  const same =
    nodes === objects.nodes && pods === objects.pods && services === objects.services && endpointSlices === objects.endpointSlices;
  return same ? objects : { ...objects, nodes, pods, services, endpointSlices };
}

function sameOr<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return before.length === after.length && before.every((one, i) => one === after[i]) ? before : after;
}

/** Hands out frontend addresses: of the nodes' subnet for internal load balancers, public ones for the others. */
function frontendAllocator(services: readonly Service[], cluster: Cluster, fabric: Fabric): (service: Service) => string | null {
  const taken = new Set<Ipv4>(services.flatMap((service) => frontendAddress(service) ?? wishOf(service) ?? []));
  return (service) => {
    const addr = isInternalLoadBalancer(service) ? freeInternal(cluster, fabric, taken) : freePublicAddress(raw(fabric), taken);
    if (addr === null) return null;
    taken.add(addr);
    return formatIpv4(addr);
  };
}

function wishOf(service: Service): Ipv4 | null {
  return service.loadBalancerIP === null ? null : parseIpv4(service.loadBalancerIP);
}

function freeInternal(cluster: Cluster, fabric: Fabric, taken: ReadonlySet<Ipv4>): Ipv4 | null {
  const pool = freeAddresses(raw(fabric), cluster.network.subnet);
  let addr = pool?.next() ?? null;
  while (addr !== null && taken.has(addr)) addr = pool?.next() ?? null;
  return addr;
}
