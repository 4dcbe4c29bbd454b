import { type Ipv4, formatIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, lastAddress } from '../../wire/prefix.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import { LIMITS } from '../limits.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { type ClusterProblem, problem } from '../problem.ts';
import type { ClusterSpec } from '../spec.ts';
import { AddressPool } from './address-pool.ts';
import { instanceName } from './network.ts';
import { insufficientSubnetSize, nodeSubnetAddresses, podPrefixes, usableAddresses } from './subnet-size.ts';

/** The addresses that a node gets. */
export interface NodePlan {
  readonly name: string;
  readonly addr: Ipv4;
  /** The NIC's secondary addresses, in modes where pods use them. */
  readonly podAddrs: readonly Ipv4[];
  /** The node's share of the pod range, in modes that have one. */
  readonly podCidr: Prefix | null;
}

/** An address that a pod must have, and on which node, where that is known. */
export interface PinnedPod {
  readonly addr: Ipv4;
  readonly node: string | null;
}

const NODE_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Gives every node its addresses in the order of the nodes: from the fourth of the subnet upwards, each node's pod addresses right behind
 * its own, as a scale set does.
 * @returns no plan when something is wrong with what was asked for
 */
export function planNodes(
  spec: ClusterSpec,
  network: ClusterNetwork,
  mode: NetworkMode,
  pinned: readonly PinnedPod[],
): { plan: NodePlan[]; problems: ClusterProblem[] } {
  const tooMany = checkCounts(spec, network, mode);
  if (tooMany.length > 0) return { plan: [], problems: tooMany };
  const names = nodeNames(spec, network);
  const problems = [...names.problems];
  const pool = new AddressPool(network.subnetPrefix);
  for (const [path, addr] of wantedAddresses(spec)) {
    const why = pool.reserve(addr);
    if (why !== null) problems.push(problem(path, `${formatIpv4(addr)} ${why}`, `a free address of ${formatPrefix(network.subnetPrefix)}`));
  }
  const podAddrs = mode.podAddresses === 'nic' ? reservePods(pool, pinned) : new Map<string, Ipv4[]>();
  problems.push(...checkSize(spec, network, mode, pool.taken - pinnedOnNodes(spec) - count(podAddrs)));
  const cidrs = podCidrs(spec, network);
  problems.push(...cidrs.problems);
  if (problems.length > 0) return { plan: [], problems };

  const secondaries = mode.podAddresses === 'nic' ? nodeSubnetAddresses(network.maxPods) - 1 : 0;
  const plan: NodePlan[] = [];
  for (const [i, node] of spec.nodes.entries()) {
    const name = names.names[i] ?? '';
    const addr = node.addr ?? pool.next();
    const own = podAddrs.get(name) ?? [];
    const rest = pool.take(Math.max(0, secondaries - own.length));
    if (addr === null || rest === null) {
      return {
        plan: [],
        problems: [problem(['nodes', i], `no address of ${formatPrefix(network.subnetPrefix)} is left for ${name}`, 'a larger subnet')],
      };
    }
    plan.push({ name, addr, podAddrs: [...own, ...rest].sort((a, b) => (a >>> 0) - (b >>> 0)), podCidr: cidrs.cidrs[i] ?? null });
  }
  return { plan, problems };
}

function checkCounts(spec: ClusterSpec, network: ClusterNetwork, mode: NetworkMode): ClusterProblem[] {
  const { maxPods } = network;
  const found: ClusterProblem[] = [];
  const nodes = spec.nodes.length;
  if (nodes === 0) found.push(problem(['nodes'], 'there is no node', 'at least one'));
  if (nodes > LIMITS.maxNodes)
    found.push(problem(['nodes'], `${nodes} nodes are too many (LIMITS.maxNodes)`, `at most ${LIMITS.maxNodes}`));
  else if (mode.podRouting === 'udr' && nodes > LIMITS.maxUdrsPerTable) {
    const why = `${nodes} nodes need ${nodes} routes; a route table holds ${LIMITS.maxUdrsPerTable} (LIMITS.maxUdrsPerTable)`;
    found.push(problem(['nodes'], why, `at most ${LIMITS.maxUdrsPerTable} nodes in mode ${mode.name}`));
  } else if (nodes > mode.maxNodes)
    found.push(problem(['nodes'], `mode ${mode.name} does not run ${nodes} nodes`, `at most ${mode.maxNodes}`));
  if (!Number.isInteger(maxPods) || maxPods < 10 || maxPods > LIMITS.maxPodsPerNode) {
    found.push(problem(['maxPods'], `maxPods is ${maxPods}`, `a whole number from 10 to ${LIMITS.maxPodsPerNode}`));
  }
  if ((spec.outside?.length ?? 0) > LIMITS.maxOutsideHosts) {
    found.push(
      problem(['outside'], `${spec.outside?.length ?? 0} hosts are too many (LIMITS.maxOutsideHosts)`, `at most ${LIMITS.maxOutsideHosts}`),
    );
  }
  return found;
}

function nodeNames(spec: ClusterSpec, network: ClusterNetwork): { names: string[]; problems: ClusterProblem[] } {
  const problems: ClusterProblem[] = [];
  const seen = new Set<string>();
  const names = spec.nodes.map((node, i) => {
    const name = node.name ?? instanceName(network.names.vmss, i);
    if (!NODE_NAME.test(name))
      problems.push(problem(['nodes', i, 'name'], 'the name of a node is not well formed', 'a-z, 0-9, "-" and "."'));
    else if (seen.has(name)) problems.push(problem(['nodes', i, 'name'], `two nodes are called ${name}`, 'a name of its own'));
    seen.add(name);
    return name;
  });
  return { names, problems };
}

function wantedAddresses(spec: ClusterSpec): [path: (string | number)[], addr: Ipv4][] {
  return [
    ...spec.nodes.flatMap((node, i): [(string | number)[], Ipv4][] => (node.addr === undefined ? [] : [[['nodes', i, 'addr'], node.addr]])),
    ...(spec.outside ?? []).flatMap((host, i): [(string | number)[], Ipv4][] =>
      host.kind !== 'vm' || host.subnet !== undefined || host.addr === undefined ? [] : [[['outside', i, 'addr'], host.addr]],
    ),
  ];
}

function pinnedOnNodes(spec: ClusterSpec): number {
  return spec.nodes.filter((node) => node.addr !== undefined).length;
}

function count(lists: ReadonlyMap<string, readonly Ipv4[]>): number {
  return [...lists.values()].reduce((sum, list) => sum + list.length, 0);
}

/** Keeps the addresses that pods must have for the NIC of their node. */
function reservePods(pool: AddressPool, pinned: readonly PinnedPod[]): Map<string, Ipv4[]> {
  const byNode = new Map<string, Ipv4[]>();
  for (const { addr, node } of pinned) {
    if (node === null || pool.reserve(addr) !== null) continue;
    const list = byNode.get(node);
    if (list === undefined) byNode.set(node, [addr]);
    else list.push(addr);
  }
  return byNode;
}

/** @param others addresses of the subnet that belong to hosts outside of the cluster */
function checkSize(spec: ClusterSpec, network: ClusterNetwork, mode: NetworkMode, others: number): ClusterProblem[] {
  const found: ClusterProblem[] = [];
  const nodes = spec.nodes.length;
  const each = mode.podAddresses === 'nic' ? nodeSubnetAddresses(network.maxPods) : 1;
  const have = Math.max(0, usableAddresses(network.subnetPrefix) - others);
  const subnetName = network.subnet.slice(network.subnet.indexOf('/') + 1);
  if (nodes * each > have) {
    const text = insufficientSubnetSize(nodes * each, have, network.subnetPrefix, subnetName, mode.podRouting === 'overlay');
    found.push(problem(['subnet', 'prefix'], text, 'a larger subnet, fewer nodes or a smaller maxPods', 'InsufficientSubnetSize'));
  }
  if (network.podCidr !== null && nodes > podPrefixes(network.podCidr)) {
    const have = podPrefixes(network.podCidr) * 256;
    const text = insufficientSubnetSize(nodes * 256, have, network.podCidr, 'networkProfile.podCIDR', mode.podRouting === 'overlay');
    found.push(problem(['podCidr'], text, 'a larger pod range or fewer nodes', 'InsufficientSubnetSize'));
  }
  return found;
}

/** A /24 for every node: the one that was asked for, or the next free one. */
function podCidrs(spec: ClusterSpec, network: ClusterNetwork): { cidrs: (Prefix | null)[]; problems: ClusterProblem[] } {
  const { podCidr } = network;
  const problems: ClusterProblem[] = [];
  const taken = new Set<Ipv4>();
  spec.nodes.forEach((node, i) => {
    const path = ['nodes', i, 'podCidr'];
    if (node.podCidr === undefined) return;
    const text = formatPrefix(node.podCidr);
    if (podCidr === null) problems.push(problem(path, 'nodes of this mode have no range of their own', 'no podCidr'));
    else if (node.podCidr.len !== 24 || !contains(podCidr, node.podCidr.addr))
      problems.push(problem(path, `${text} can not be a node's range`, `a /24 of ${formatPrefix(podCidr)}`));
    else if (taken.has(node.podCidr.addr)) problems.push(problem(path, `two nodes have the range ${text}`, 'a range of its own'));
    taken.add(node.podCidr.addr);
  });
  if (podCidr === null || problems.length > 0) return { cidrs: [], problems };
  let next = podCidr.addr;
  const last = lastAddress(podCidr);
  const cidrs = spec.nodes.map((node) => {
    if (node.podCidr !== undefined) return node.podCidr;
    while (taken.has(next) && next >>> 0 < last >>> 0) next = offsetIpv4(next, 256);
    const cidr = { addr: next, len: 24 };
    next = offsetIpv4(next, 256);
    return cidr;
  });
  return { cidrs, problems };
}
