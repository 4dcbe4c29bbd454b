import { addFrontend, addOutboundRule, addPool, addPoolMember } from '../../azure/edit-lb.ts';
import type { Fabric } from '../../azure/fabric.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Cluster } from '../../world/cluster.ts';
import { OUTBOUND_POOL, newLoadBalancer } from '../agents/azure-load-balancer.ts';
import { freePublicAddress } from './public-addresses.ts';

/** Idle time of the outbound rule. @source AKS configure-load-balancer-standard */
const OUTBOUND_IDLE_MINUTES = 30;

/** The cluster's load balancer with its outbound rule: every node leaves by one of the given addresses, or by one that is made. */
export function addOutbound(fabric: Fabric, cluster: Cluster, given: readonly Ipv4[]): void {
  const { loadBalancer } = cluster.network.names;
  const made = given.length > 0 ? null : freePublicAddress(fabric, new Set());
  const addrs = made === null ? given : [made];
  const lb = newLoadBalancer(loadBalancer, false);
  fabric.loadBalancers.push(lb);
  const frontends = addrs.map((addr, i) => addFrontend(fabric, loadBalancer, { name: `aksOutbound${i + 1}`, addr, subnet: null }).name);
  addPool(fabric, loadBalancer, OUTBOUND_POOL);
  for (const { nic } of Object.values(cluster.nodes)) addPoolMember(fabric, loadBalancer, OUTBOUND_POOL, { nic, ipconfig: 'ipconfig1' });
  addOutboundRule(fabric, loadBalancer, {
    name: 'aksOutboundRule',
    frontends,
    pool: OUTBOUND_POOL,
    idleMinutes: OUTBOUND_IDLE_MINUTES,
    tcpReset: true,
  });
}
