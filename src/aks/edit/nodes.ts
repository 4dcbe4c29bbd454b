import { removeNic } from '../../azure/edit-nic.ts';
import { type Labels, NO_LABELS } from '../../kube/objects/meta.ts';
import { type Node, newNode } from '../../kube/objects/node.ts';
import { DEFAULT_KERNEL_PROFILE } from '../../linux/kernel-profile.ts';
import { type Ipv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { type Prefix, contains } from '../../wire/prefix.ts';
import type { Cluster, ClusterNode } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { syncAzureRoutes } from '../agents/azure-routes.ts';
import { isPaused } from '../agents/pause.ts';
import { addNodeNic } from '../build/fabric.ts';
import { freeAddresses } from '../build/free-address.ts';
import { addNodeMachine, nodeTemplate } from '../build/node.ts';
import { withAddresses } from '../build/objects.ts';
import type { Forget } from '../forget.ts';
import { LIMITS } from '../limits.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { modeOf } from '../modes/modes.ts';
import type { NodePlan } from '../plan/nodes.ts';
import { nodeSubnetAddresses } from '../plan/subnet-size.ts';
import { raw } from '../raw.ts';
import { own, remove } from '../record.ts';
import { clusterOf, finished } from './finish.ts';
import { controllerOf, endPods, fillWorkload } from './pods.ts';
import { type Edited, together } from './result.ts';

/**
 * `az aks scale`, one node up: a machine with its NIC and addresses, the tables of a fresh node, its place in the load balancers, and the
 * pods of DaemonSets. The route of its pods is written where the route controller runs.
 * @param addr its address; the next free one of the subnet when left out
 * @returns what went wrong instead, as a sentence
 */
export function addNode(world: World, name: string, addr: Ipv4 | null): Edited | string {
  const cluster = clusterOf(world);
  const mode = modeOf(cluster);
  const plan = planNode(world, cluster, mode, name, addr);
  if (typeof plan === 'string') return plan;
  if (world.fabric === null) throw new InvariantError('a cluster without a fabric');
  const network = raw(cluster.network);
  const nic = addNodeNic(world.fabric, network, mode, plan);
  const kernel = Object.values(world.machines).find((host) => host.kind === 'node')?.kernel ?? DEFAULT_KERNEL_PROFILE;
  addNodeMachine(world, cluster, mode, nodeTemplate(cluster, mode), plan, nic, kernel, []);
  const objects = raw(cluster.objects);
  cluster.objects = { ...objects, nodes: [...objects.nodes, withAddresses(newNode({ name, labels: poolOf(objects.nodes) }), plan)] };
  const daemons = objects.workloads.filter(({ kind }) => kind === 'DaemonSet').map((workload) => fillWorkload(world, cluster, workload));
  syncRoutes(world, cluster, mode);
  return finished(world, together(...daemons));
}

/** A new node joins the pool of the first one. */
function poolOf(nodes: readonly Node[]): Labels {
  const labels = nodes[0]?.labels ?? NO_LABELS;
  return Object.fromEntries(Object.entries(labels).filter(([key]) => POOL_LABELS.includes(key)));
}

const POOL_LABELS: readonly string[] = ['agentpool', 'kubernetes.azure.com/agentpool', 'kubernetes.azure.com/mode'];

function planNode(world: World, cluster: Cluster, mode: NetworkMode, name: string, wanted: Ipv4 | null): NodePlan | string {
  const { network } = cluster;
  const nodes = Object.values(cluster.nodes);
  if (Object.hasOwn(world.machines, name)) return `there is a machine ${name}`;
  if (nodes.length >= Math.min(mode.maxNodes, LIMITS.maxNodes)) return `a cluster of mode ${mode.name} has at most ${mode.maxNodes} nodes`;
  const pool = world.fabric === null ? undefined : freeAddresses(raw(world.fabric), network.subnet);
  const refused = wanted === null ? null : (pool?.reserve(wanted) ?? null);
  if (refused !== null) return `the address ${refused}`;
  const addr = wanted ?? pool?.next() ?? null;
  const podAddrs = mode.podAddresses === 'nic' ? (pool?.take(nodeSubnetAddresses(network.maxPods) - 1) ?? null) : [];
  if (addr === null || podAddrs === null) return `the subnet ${network.subnet} is full`;
  const podCidr = mode.podAddresses === 'nic' ? null : freePodCidr(network.podCidr, nodes);
  if (mode.podAddresses !== 'nic' && podCidr === null) return 'the pod range is used up';
  return { name, addr, podAddrs, podCidr };
}

function freePodCidr(range: Prefix | null, nodes: readonly ClusterNode[]): Prefix | null {
  if (range === null) return null;
  const taken = new Set(nodes.flatMap(({ podCidr }) => (podCidr === null ? [] : podCidr.addr)));
  let next = range.addr;
  while (taken.has(next)) next = offsetIpv4(next, 256);
  return contains(range, next) ? { addr: next, len: 24 } : null;
}

/** A node and its machine go, and with them the pods that ran there; workloads start others elsewhere. */
export function deleteNode(world: World, node: ClusterNode): Edited {
  const cluster = clusterOf(world);
  const { name, machine, nic } = raw(node);
  const lost = raw(cluster.objects).pods.filter((pod) => pod.nodeName === name);
  const bereft = new Set(lost.flatMap((pod) => controllerOf(raw(cluster.objects), pod) ?? []));
  const netns = Object.keys(own(world.machines, machine)?.netns ?? {});
  endPods(world, cluster, lost);
  remove(cluster.nodes, name);
  remove(world.machines, machine);
  if (world.fabric !== null) removeNic(world.fabric, nic);
  const objects = raw(cluster.objects);
  cluster.objects = { ...objects, nodes: objects.nodes.filter((one) => one.name !== name) };
  const refilled = [...bereft].map((workload) => fillWorkload(world, cluster, workload));
  syncRoutes(world, cluster, modeOf(cluster));
  const forget = netns.map((one): Forget => ({ kind: 'netns', machine, netns: one }));
  return finished(world, together({ forget, problems: [] }, ...refilled));
}

function syncRoutes(world: World, cluster: Cluster, mode: NetworkMode): void {
  if (world.fabric !== null && mode.podRouting === 'udr' && !isPaused(cluster, 'azure-routes')) syncAzureRoutes(world.fabric, cluster);
}
