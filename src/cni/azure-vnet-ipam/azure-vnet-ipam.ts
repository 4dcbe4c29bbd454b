import { nextBelow } from '../../sim/random.ts';
import { formatIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { leaseFor } from '../lease.ts';
import { type CniAddress, type CniArgs, type CniEnv, type CniOutcome, type HostNic, done, failed } from '../plugin.ts';

export interface AzureVnetIpamConfig {
  readonly type: 'azure-vnet-ipam';
}

/** What kubelet's message says in front of the plug-in's own error. @source cni/network/invoker_azure.go */
const DELEGATED = 'Failed to allocate pool: Failed to delegate: ';

/**
 * Gives one of the NIC's secondary addresses: the one that the container has already, else any free one (the real plug-in takes the first
 * of a Go map, that is a random one).
 * @source Azure/azure-container-networking ipam/azure.go, ipam/pool.go, cni/ipam/ipam.go
 */
export function add(env: CniEnv, args: CniArgs): CniOutcome<CniAddress> {
  const { nic } = env;
  if (nic === null) return failed(`${DELEGATED}Failed to allocate pool: no available address pools`);
  const state = (env.state.azureVnetIpam ??= { subnet: nic.subnet, gateway: offsetIpv4(nic.subnet.addr, 1), leases: [] });
  const answer = (addr: CniAddress['addr']): CniOutcome<CniAddress> => done({ addr, len: nic.subnet.len, gateway: state.gateway });

  const held = state.leases.find((lease) => lease.netns === args.netns);
  if (held !== undefined) return answer(held.addr);

  const isFree = (config: HostNic['ipconfigs'][number]): boolean => !config.primary && leaseFor(state.leases, config.addr) === undefined;
  const wanted =
    args.addr === null ? anyFree(env, nic, isFree) : nic.ipconfigs.find((config) => config.addr === args.addr && isFree(config));
  if (wanted === undefined) {
    const why = args.addr === null ? 'No available addresses' : `Address already in use: ${formatIpv4(args.addr)}`;
    return failed(`${DELEGATED}Failed to allocate address: ${why}`);
  }
  state.leases = [...state.leases, { addr: wanted.addr, netns: args.netns, ifName: args.ifName }];
  return answer(wanted.addr);
}

/** The first free one from a random place on. */
function anyFree(
  env: CniEnv,
  { ipconfigs }: HostNic,
  isFree: (config: HostNic['ipconfigs'][number]) => boolean,
): HostNic['ipconfigs'][number] | undefined {
  const start = nextBelow(env.random, ipconfigs.length);
  const at = ipconfigs.findIndex((config, i) => i >= start && isFree(config));
  return at >= 0 ? ipconfigs[at] : ipconfigs.slice(0, start).find(isFree);
}

/** Releases the container's address; an unknown container is no error. */
export function del(env: CniEnv, args: CniArgs): void {
  const state = env.state.azureVnetIpam;
  if (state === null || !state.leases.some((lease) => lease.netns === args.netns)) return;
  state.leases = state.leases.filter((lease) => lease.netns !== args.netns);
}

export function check(env: CniEnv, args: CniArgs, address: CniAddress): string | null {
  const lease = leaseFor(env.state.azureVnetIpam?.leases ?? [], address.addr);
  return lease?.netns === args.netns ? null : `azure-vnet-ipam: ${formatIpv4(address.addr)} does not belong to the container`;
}
