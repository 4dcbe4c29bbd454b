import type { Fabric } from './fabric.ts';
import { addNamed, loadBalancerNamed, named } from './find.ts';
import type { Frontend, LbRule, LoadBalancer, OutboundRule, PoolMember } from './load-balancer.ts';

/** Adds a load balancer without frontends, pools and rules. */
export function addLoadBalancer(fabric: Fabric, name: string, internal: boolean): LoadBalancer {
  return addNamed('load balancer', fabric.loadBalancers, {
    name,
    internal,
    frontends: [],
    pools: [],
    rules: [],
    inboundNatRules: [],
    probes: [],
    outboundRules: [],
  });
}

export function addFrontend(fabric: Fabric, lb: string, frontend: Frontend): Frontend {
  return addNamed('frontend', loadBalancerNamed(fabric, lb).frontends, frontend);
}

export function addPool(fabric: Fabric, lb: string, name: string): void {
  addNamed('pool', loadBalancerNamed(fabric, lb).pools, { name, members: [] });
}

/** Adds an ipconfig to a pool. */
export function addPoolMember(
  fabric: Fabric,
  lb: string,
  pool: string,
  member: Pick<PoolMember, 'nic' | 'ipconfig'> & Partial<PoolMember>,
): void {
  const { nic, ipconfig, adminState = 'none' } = member;
  named('pool', loadBalancerNamed(fabric, lb).pools, pool).members.push({ nic, ipconfig, adminState });
}

export function removePoolMember(fabric: Fabric, lb: string, pool: string, nic: string): boolean {
  const held = named('pool', loadBalancerNamed(fabric, lb).pools, pool);
  const kept = held.members.filter((member) => member.nic !== nic);
  const removed = kept.length < held.members.length;
  held.members = kept;
  return removed;
}

/** Takes a backend out of, or into, service by hand: wins over its probe. */
export function setAdminState(fabric: Fabric, lb: string, pool: string, nic: string, state: PoolMember['adminState']): void {
  for (const member of named('pool', loadBalancerNamed(fabric, lb).pools, pool).members) {
    if (member.nic === nic) member.adminState = state;
  }
}

export type LbRuleInput = Pick<LbRule, 'name' | 'frontend' | 'pool' | 'protocol' | 'frontendPort'> & Partial<LbRule>;

const DEFAULT_IDLE_MINUTES = 4;

/** Adds a load-balancing rule: by default 5-tuple, no floating IP, no probe, the same port behind, 4 minutes idle. */
export function addLbRule(fabric: Fabric, lb: string, input: LbRuleInput): LbRule {
  return addNamed('load-balancing rule', loadBalancerNamed(fabric, lb).rules, {
    backendPort: input.frontendPort,
    floatingIp: false,
    distribution: 'default',
    probe: null,
    idleMinutes: DEFAULT_IDLE_MINUTES,
    tcpReset: false,
    disableOutboundSnat: false,
    ...input,
  });
}

export type OutboundRuleInput = Pick<OutboundRule, 'name' | 'frontends' | 'pool'> & Partial<OutboundRule>;

/** Adds an outbound rule: by default all protocols, automatic port allocation, 4 minutes idle. */
export function addOutboundRule(fabric: Fabric, lb: string, input: OutboundRuleInput): OutboundRule {
  return addNamed('outbound rule', loadBalancerNamed(fabric, lb).outboundRules, {
    protocol: 'all',
    allocatedPorts: 0,
    idleMinutes: DEFAULT_IDLE_MINUTES,
    tcpReset: false,
    ...input,
  });
}
