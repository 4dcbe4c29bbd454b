import { nextBelow } from '../../sim/random.ts';
import { type Ipv4, formatIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, sizeOf } from '../../wire/prefix.ts';
import { containerIdOf } from '../identity.ts';
import { leaseFor } from '../lease.ts';
import { type CniAddress, type CniArgs, type CniEnv, type CniOutcome, done, failed } from '../plugin.ts';
import { VIRTUAL_GATEWAY } from '../virtual-gateway.ts';
import type { NetworkContainer } from './state.ts';

export interface AzureCnsConfig {
  readonly type: 'azure-cns';
  /** `ipam.mode` of the conflist; null for pod subnets. */
  readonly mode: 'v4overlay' | 'overlay' | null;
}

const FROM_CNS = 'Failed to get IP address from CNS: ';

/**
 * Asks CNS for an address: the one that the pod has already, else any Available one of the network container (CNS takes the first of a Go
 * map, that is a random one).
 * @source Azure/azure-container-networking cns/restserver/ipam.go, cni/network/invoker_cns.go
 */
export function add(env: CniEnv, args: CniArgs): CniOutcome<CniAddress> {
  const cns = env.state.azureCns;
  if (cns?.nc === null || cns === null) return failed(`${FROM_CNS}no NCs found in the CNS internal state`);
  const { nc } = cns;
  const held = cns.assigned.find((lease) => lease.netns === args.netns);
  if (held !== undefined) return done(addressIn(nc, held.addr));

  const addr =
    args.addr === null ? anyAvailable(env, nc) : leaseFor(cns.assigned, args.addr) === undefined && owns(nc, args.addr) ? args.addr : null;
  if (addr === null) {
    const why =
      args.addr === null
        ? `not enough IPs available for ${nc.id}, waiting on Azure CNS to allocate more with NC Status: ${nc.status}`
        : `desired IP ${formatIpv4(args.addr)} is not available`;
    return failed(`${FROM_CNS}AllocateIPConfig failed: ${why}, IP config request is ${request(args)}`);
  }
  cns.assigned = cns.assigned.concat({ addr, netns: args.netns, ifName: args.ifName });
  return done(addressIn(nc, addr));
}

/** Gives the pod's address back; nothing assigned is no error. */
export function del(env: CniEnv, args: CniArgs): void {
  const cns = env.state.azureCns;
  if (cns === null || !cns.assigned.some((lease) => lease.netns === args.netns)) return;
  cns.assigned = cns.assigned.filter((lease) => lease.netns !== args.netns);
}

export function check(env: CniEnv, args: CniArgs, address: CniAddress): string | null {
  const lease = leaseFor(env.state.azureCns?.assigned ?? [], address.addr);
  return lease?.netns === args.netns ? null : `azure-cns: ${formatIpv4(address.addr)} is not assigned to the pod`;
}

/** How many addresses CNS can give in all. */
function poolSize(nc: NetworkContainer): number {
  return nc.pool.reduce((sum, prefix) => sum + sizeOf(prefix), 0);
}

/** The address at a place of the pool, counted over its prefixes in order. */
function poolAddress(pool: readonly Prefix[], index: number): Ipv4 | null {
  let rest = index;
  for (const prefix of pool) {
    const size = sizeOf(prefix);
    if (rest < size) return offsetIpv4(prefix.addr, rest);
    rest -= size;
  }
  return null;
}

function addressIn(nc: NetworkContainer, addr: Ipv4): CniAddress {
  return { addr, len: nc.subnetAddressSpace.len, gateway: nc.defaultGateway ?? VIRTUAL_GATEWAY };
}

function owns(nc: NetworkContainer, addr: Ipv4): boolean {
  return nc.pool.some((prefix) => contains(prefix, addr));
}

function anyAvailable(env: CniEnv, nc: NetworkContainer): Ipv4 | null {
  const assigned = env.state.azureCns?.assigned ?? [];
  const size = poolSize(nc);
  if (size === 0) return null;
  const start = nextBelow(env.random, size);
  for (let step = 0; step < size; step++) {
    const addr = poolAddress(nc.pool, (start + step) % size);
    if (addr !== null && leaseFor(assigned, addr) === undefined) return addr;
  }
  return null;
}

function request(args: CniArgs): string {
  const context = `{"PodName":"${args.pod.name}","PodNamespace":"${args.pod.namespace}"}`;
  const containerId = containerIdOf(args.netns);
  const id = `${containerId.slice(0, 8)}-${args.ifName}`;
  return `[IPConfigRequest: DesiredIPAddress , PodInterfaceID ${id}, InfraContainerID ${containerId}, OrchestratorContext ${context}]`;
}
