import type { Fabric } from '../../azure/fabric.ts';
import { ensureDedupPromisc } from '../../cni/bridge/dedup-promisc.ts';
import { containerIdOf, sandboxNetns, seedOf } from '../../cni/identity.ts';
import type { CniArgs, CniEnv, CniResult, HostNic } from '../../cni/plugin.ts';
import { addNetwork, checkNetwork, delNetwork } from '../../cni/runtime.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type Pod, isTerminal } from '../../kube/objects/pod.ts';
import { type Host, ROOT } from '../../linux/netns.ts';
import { createNetns } from '../../linux/ops/create-netns.ts';
import { deleteNetns } from '../../linux/ops/delete-link.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import { seeded } from '../../sim/random.ts';
import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import type { Cluster, ClusterNode, Sandbox } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import type { Forget } from '../forget.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { own, remove } from '../record.ts';
import type { ListenSpec } from '../spec.ts';
import { must, openPorts, rootOf } from './machine.ts';
import { hostOwner, podSockets } from './pod-sockets.ts';
import { portMappings } from './port-mappings.ts';

/** Makes a pod's sandbox on its node: the namespace, its network, its listeners. @returns null for a pod that does not run */
export function addSandbox(world: World, cluster: Cluster, mode: NetworkMode, pod: Pod, listens: readonly ListenSpec[]): Sandbox | null {
  const place = nodeOf(world, cluster, pod);
  if (place === null || isTerminal(pod)) return null;
  const netns = nextNetns(cluster, pod);
  if (!pod.hostNetwork) must(createNetns(place.host, netns, { loopbackUp: true }));
  const nic = nicOf(world.fabric, cluster, place.node);
  const sandbox = setUpSandbox(cluster, mode, place, nic, pod, netns, listens);
  cluster.sandboxes[keyOf(pod)] = sandbox;
  return sandbox;
}

/** A node with its machine. */
export interface NodePlace {
  readonly node: ClusterNode;
  readonly host: Host;
}

/** The node that a pod is on; null when there is none. */
export function nodeOf(world: World, cluster: Cluster, pod: Pod): NodePlace | null {
  const node = pod.nodeName === null ? undefined : own(cluster.nodes, pod.nodeName);
  const host = node === undefined ? undefined : own(world.machines, node.machine);
  return node === undefined || host === undefined ? null : { node, host };
}

/** How a sandbox is joined to the network: what the runtime does with a list of plug-ins. */
export type Join = typeof addNetwork;

/** Joins a sandbox whose namespace exists to the network, and opens the pod's ports in it. It is for the caller to keep. */
export function setUpSandbox(
  cluster: Cluster,
  mode: NetworkMode,
  { node, host }: NodePlace,
  nic: HostNic | null,
  pod: Pod,
  name: string,
  listens: readonly ListenSpec[],
  join: Join = addNetwork,
): Sandbox {
  const sockets = podSockets(pod, cluster.objects.services, listens);
  const sandbox = pod.hostNetwork ? hostSandbox(node) : networkSandbox(cluster, mode, node, host, nic, pod, name, join);
  const netns = netnsOf(host, sandbox.netns);
  if (netns !== null) openPorts(netns, sockets);
  return sandbox;
}

function hostSandbox(node: ClusterNode): Sandbox {
  return { node: node.name, machine: node.machine, netns: ROOT, hostNetwork: true, attachment: null, error: null };
}

function networkSandbox(
  cluster: Cluster,
  mode: NetworkMode,
  node: ClusterNode,
  host: Host,
  nic: HostNic | null,
  pod: Pod,
  netns: string,
  join: Join,
): Sandbox {
  const made = (attachment: CniResult | null, error: string | null): Sandbox => {
    return { node: node.name, machine: node.machine, netns, hostNetwork: false, attachment, error };
  };
  const args = argsOf(pod, netns, parseIpv4(pod.podIPs[0] ?? ''));
  const outcome = join(cniEnv(node, host, nic, netns), mode.conflist(cluster.network, node), args);
  if (!outcome.ok) {
    deleteNetns(host, netns);
    const prefix = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox';
    return made(null, `${prefix} "${containerIdOf(netns)}": ${outcome.error}`);
  }
  if (mode.dedupPromisc && node.podCidr !== null) ensureDedupPromisc(rootOf(host), 'cbr0', node.podCidr);
  return made(outcome.value, null);
}

/** The namespace that the pod's next sandbox will have. */
function nextNetns(cluster: Cluster, pod: Pod): string {
  return sandboxNetns(cluster.name, pod.namespace, pod.name, own(cluster.attempts, keyOf(pod)) ?? 0);
}

/** Takes a pod's sandbox away: DEL, then the namespace. @returns what the flow state has to forget */
export function removeSandbox(world: World, cluster: Cluster, mode: NetworkMode, pod: Pod): Forget[] {
  const key = keyOf(pod);
  const sandbox = own(cluster.sandboxes, key);
  if (sandbox === undefined) return [];
  remove(cluster.sandboxes, key);
  const node = own(cluster.nodes, sandbox.node);
  const host = own(world.machines, sandbox.machine);
  if (node === undefined || host === undefined) return [];
  const netns = netnsOf(host, sandbox.netns);
  if (sandbox.hostNetwork) {
    if (netns !== null) netns.sockets = netns.sockets.filter((socket) => socket.owner !== hostOwner(pod));
    return [];
  }
  cluster.attempts[key] = (own(cluster.attempts, key) ?? 0) + 1;
  const { attachment } = sandbox;
  if (attachment !== null) {
    const env = cniEnv(node, host, nicOf(world.fabric, cluster, node), sandbox.netns);
    delNetwork(env, mode.conflist(cluster.network, node), argsOf(pod, sandbox.netns, attachment.addr), attachment);
  }
  if (netns === null) return [];
  deleteNetns(host, sandbox.netns);
  const { machine } = sandbox;
  const udpPorts = portMappings(pod)
    .filter((mapping) => mapping.protocol === 'udp')
    .map((mapping) => mapping.hostPort);
  const entries = udpPorts.map((port) => ({ originalDestination: null, originalPort: port, replySource: null }));
  return [
    { kind: 'netns', machine, netns: sandbox.netns },
    ...(entries.length === 0 ? [] : [{ kind: 'udp-entries' as const, machine, netns: ROOT, entries }]),
  ];
}

/** Whether a pod's network is as ADD left it; otherwise the plug-in's complaint. */
export function checkSandbox(world: World, cluster: Cluster, mode: NetworkMode, pod: Pod): string | null {
  const sandbox = own(cluster.sandboxes, keyOf(pod));
  const node = sandbox === undefined ? undefined : own(cluster.nodes, sandbox.node);
  const host = sandbox === undefined ? undefined : own(world.machines, sandbox.machine);
  if (sandbox === undefined || node === undefined || host === undefined) return 'there is no sandbox';
  if (sandbox.hostNetwork) return null;
  if (sandbox.attachment === null) return sandbox.error;
  const { attachment, netns } = sandbox;
  const conflist = mode.conflist(cluster.network, node);
  const env = cniEnv(node, host, nicOf(world.fabric, cluster, node), netns);
  return checkNetwork(env, conflist, argsOf(pod, netns, attachment.addr), attachment);
}

/** A node's NIC as the wireserver shows it. */
export function nicOf(fabric: Fabric | null, cluster: Cluster, node: ClusterNode): HostNic | null {
  const nic = fabric?.nics.find((one) => one.name === node.nic);
  return nic === undefined ? null : { mac: nic.mac, subnet: cluster.network.subnetPrefix, ipconfigs: nic.ipconfigs };
}

function cniEnv(node: ClusterNode, host: Host, nic: HostNic | null, netns: string): CniEnv {
  return { host, state: node.cni, nic, random: seeded(seedOf(netns)) };
}

function argsOf(pod: Pod, netns: string, addr: Ipv4 | null): CniArgs {
  return { netns, ifName: 'eth0', pod: { namespace: pod.namespace, name: pod.name }, addr, portMappings: portMappings(pod) };
}
