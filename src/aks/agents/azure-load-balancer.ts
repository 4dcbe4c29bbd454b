import type { Fabric } from '../../azure/fabric.ts';
import type { BackendPool, Frontend, LoadBalancer, PoolMember } from '../../azure/load-balancer.ts';
import { isEqual } from '../../kube/objects/equal.ts';
import { excludedFromLoadBalancers } from '../../kube/objects/node.ts';
import { type Service, isInternalLoadBalancer } from '../../kube/objects/service.ts';
import type { Cluster, ClusterNode } from '../../world/cluster.ts';
import { frontendAddress, frontendName, isServiceName } from './load-balancer-names.ts';
import { SERVICE_POOL, portRules } from './load-balancer-rules.ts';
import { syncSecurityRules } from './security-rules.ts';

/** The pool of the outbound rule. @source AKS, `az network lb outbound-rule list` */
export const OUTBOUND_POOL = 'aksOutboundBackendPool';

/** Whether the service controller of this cluster gives the service a frontend. */
export function hasFrontend(service: Service): boolean {
  return service.type === 'LoadBalancer' && service.loadBalancerClass === null;
}

/**
 * Brings frontends, rules, probes, backend pools and security rules in line with the LoadBalancer services and the nodes. What the user
 * added under other names stays.
 * @source cloud-provider-azure azure_loadbalancer.go reconcileLoadBalancer
 */
export function syncLoadBalancers(fabric: Fabric, cluster: Cluster): void {
  const { names } = cluster.network;
  const services = cluster.objects.services.filter((service) => hasFrontend(service) && frontendAddress(service) !== null);
  const all = Object.values(cluster.nodes).map(memberOf);
  const backends = serviceMembers(cluster);
  for (const internal of [false, true]) {
    const name = internal ? names.internalLoadBalancer : names.loadBalancer;
    const mine = services.filter((service) => isInternalLoadBalancer(service) === internal);
    let lb = fabric.loadBalancers.find((one) => one.name === name);
    if (lb === undefined && mine.length === 0) continue;
    if (lb === undefined) {
      fabric.loadBalancers.push(newLoadBalancer(name, internal));
      lb = fabric.loadBalancers.find((one) => one.name === name);
    }
    if (lb === undefined) continue;
    if (lb.outboundRules.some((rule) => rule.pool === OUTBOUND_POOL)) syncPool(lb, OUTBOUND_POOL, all);
    syncPool(lb, SERVICE_POOL, backends);
    syncRules(lb, mine, internal ? cluster.network.subnet : null);
  }
  syncSecurityRules(fabric, cluster, services);
}

export function newLoadBalancer(name: string, internal: boolean): LoadBalancer {
  return { name, internal, frontends: [], pools: [], rules: [], inboundNatRules: [], probes: [], outboundRules: [] };
}

/**
 * The label that keeps a node from being a backend leaves its way out alone.
 * @source cloud-provider-azure, "Exclude nodes from the load balancer"; karpenter-provider-azure#1901: only the pools named kubernetes
 */
function serviceMembers(cluster: Cluster): PoolMember[] {
  const excluded = new Set(cluster.objects.nodes.filter(excludedFromLoadBalancers).map((node) => node.name));
  return Object.values(cluster.nodes)
    .filter((node) => !excluded.has(node.name))
    .map(memberOf);
}

function memberOf({ nic }: ClusterNode): PoolMember {
  return { nic, ipconfig: 'ipconfig1', adminState: 'none' };
}

/** Members keep what an administrator set on them. */
function syncPool(lb: LoadBalancer, name: string, members: readonly PoolMember[]): void {
  const known: BackendPool | undefined = lb.pools.find((pool) => pool.name === name);
  if (known === undefined) {
    lb.pools.push({ name, members: [...members] });
  } else if (known.members.length !== members.length || known.members.some((member, i) => member.nic !== members[i]?.nic)) {
    const before = new Map(known.members.map((member) => [member.nic, member]));
    known.members = members.map((member) => before.get(member.nic) ?? member);
  }
}

function syncRules(lb: LoadBalancer, services: readonly Service[], subnet: string | null): void {
  const frontends: Frontend[] = [];
  const rules = [];
  const probes = [];
  for (const service of services) {
    const addr = frontendAddress(service);
    if (addr === null) continue;
    const name = frontendName(service);
    frontends.push({ name, addr, subnet });
    for (const port of service.ports) {
      const made = portRules(service, name, port);
      if (made === null) continue;
      rules.push(made.rule);
      if (made.probe !== null) probes.push(made.probe);
    }
  }
  const next = { frontends: merged(lb.frontends, frontends), rules: merged(lb.rules, rules), probes: merged(lb.probes, probes) };
  if (!isEqual(lb.frontends, next.frontends)) lb.frontends = next.frontends;
  if (!isEqual(lb.rules, next.rules)) lb.rules = next.rules;
  if (!isEqual(lb.probes, next.probes)) lb.probes = next.probes;
}

/** The user's own objects, then the controller's. */
function merged<T extends { readonly name: string }>(present: readonly T[], wanted: readonly T[]): T[] {
  return [...present.filter((one) => !isServiceName(one.name)), ...wanted];
}
