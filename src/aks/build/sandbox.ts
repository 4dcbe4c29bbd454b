import type { Fabric } from '../../azure/fabric.ts';
import { ensureDedupPromisc } from '../../cni/bridge/dedup-promisc.ts';
import { sandboxIdentity } from '../../cni/identity.ts';
import type { CniArgs, CniEnv, CniResult, PortMapping } from '../../cni/plugin.ts';
import { addNetwork, checkNetwork, delNetwork } from '../../cni/runtime.ts';
import { declaredListeners } from '../../kube/derive/listeners.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type ContainerPort, type Pod, isTerminal } from '../../kube/objects/pod.ts';
import { type Host, ROOT } from '../../linux/netns.ts';
import { createNetns } from '../../linux/ops/create-netns.ts';
import { deleteNetns } from '../../linux/ops/delete-link.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import type { Socket } from '../../linux/socket.ts';
import { seeded } from '../../sim/random.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import type { Attachment, Cluster, ClusterNode, Sandbox } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { listener } from '../agents/node-listeners.ts';
import type { Forget } from '../forget.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { own, remove } from '../record.ts';
import type { ListenSpec } from '../spec.ts';
import { openPorts, rootOf } from './machine.ts';

/** Makes a pod's sandbox on its node: the namespace, its network, its listeners. @returns null for a pod that does not run */
export function addSandbox(world: World, cluster: Cluster, mode: NetworkMode, pod: Pod, listens: readonly ListenSpec[]): Sandbox | null {
  const node = pod.nodeName === null ? undefined : own(cluster.nodes, pod.nodeName);
  const host = node === undefined ? undefined : own(world.machines, node.machine);
  if (node === undefined || host === undefined || isTerminal(pod)) return null;
  const key = keyOf(pod);
  const sockets = podSockets(cluster, pod, listens);
  const sandbox = pod.hostNetwork ? hostSandbox(node) : networkSandbox(world, cluster, mode, node, host, pod);
  const netns = netnsOf(host, sandbox.netns);
  if (netns !== null) openPorts(netns, sockets);
  cluster.sandboxes[key] = sandbox;
  return sandbox;
}

function podSockets(cluster: Cluster, pod: Pod, listens: readonly ListenSpec[]): Socket[] {
  const owner = `pod ${keyOf(pod)}`;
  const declared = declaredListeners(pod, cluster.objects.services).flatMap(({ protocol, port }): ListenSpec[] => {
    if (protocol === 'SCTP') return [];
    return [{ proto: protocol === 'TCP' ? 'tcp' : 'udp', port }];
  });
  return [...declared, ...listens].map(({ proto, port }) => listener(proto, port, owner));
}

function hostSandbox(node: ClusterNode): Sandbox {
  return { node: node.name, machine: node.machine, netns: ROOT, hostNetwork: true, attachment: null, error: null };
}

function networkSandbox(world: World, cluster: Cluster, mode: NetworkMode, node: ClusterNode, host: Host, pod: Pod): Sandbox {
  const key = keyOf(pod);
  const attempt = own(cluster.attempts, key) ?? 0;
  const { containerId, netns, seed } = sandboxIdentity(cluster.name, pod.namespace, pod.name, attempt);
  const sandbox = { node: node.name, machine: node.machine, netns, hostNetwork: false };
  const made = createNetns(host, netns, { loopbackUp: true });
  if (made !== 'ok') return { ...sandbox, attachment: null, error: made };
  const args: CniArgs = {
    containerId,
    netns,
    ifName: 'eth0',
    pod: { namespace: pod.namespace, name: pod.name },
    addr: parseIpv4(pod.podIPs[0] ?? ''),
    portMappings: pod.ports.flatMap(portMapping),
  };
  const outcome = addNetwork(cniEnv(world.fabric, cluster, node, host, seed), mode.conflist(cluster.network, node), args);
  if (!outcome.ok) {
    deleteNetns(host, netns);
    const prefix = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox';
    return { ...sandbox, attachment: null, error: `${prefix} "${containerId}": ${outcome.error}` };
  }
  if (mode.dedupPromisc && node.podCidr !== null) ensureDedupPromisc(rootOf(host), 'cbr0', node.podCidr);
  return { ...sandbox, attachment: attachmentOf(args, outcome.value), error: null };
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
    if (netns !== null) netns.sockets = netns.sockets.filter((socket) => socket.owner !== `pod ${key}`);
    return [];
  }
  cluster.attempts[key] = (own(cluster.attempts, key) ?? 0) + 1;
  const { attachment } = sandbox;
  if (attachment !== null) {
    delNetwork(
      cniEnv(world.fabric, cluster, node, host, 0),
      mode.conflist(cluster.network, node),
      argsOf(pod, sandbox.netns, attachment),
      resultOf(attachment),
    );
  }
  if (netns === null) return [];
  deleteNetns(host, sandbox.netns);
  const { machine } = sandbox;
  const udpPorts = (attachment?.portMappings ?? []).filter((mapping) => mapping.protocol === 'udp').map((mapping) => mapping.hostPort);
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
  return checkNetwork(cniEnv(world.fabric, cluster, node, host, 0), conflist, argsOf(pod, netns, attachment), resultOf(attachment));
}

function cniEnv(fabric: Fabric | null, cluster: Cluster, node: ClusterNode, host: Host, seed: number): CniEnv {
  const nic = fabric?.nics.find((one) => one.name === node.nic);
  return {
    host,
    state: node.cni,
    nic: nic === undefined ? null : { mac: nic.mac, subnet: cluster.network.subnetPrefix, ipconfigs: nic.ipconfigs },
    random: seeded(seed),
  };
}

function portMapping({ hostPort, port, protocol, hostIP }: ContainerPort): PortMapping[] {
  if (hostPort === null) return [];
  const lower = protocol === 'TCP' ? 'tcp' : protocol === 'UDP' ? 'udp' : 'sctp';
  return [{ protocol: lower, hostPort, containerPort: port, hostIp: hostIP === null || hostIP === '0.0.0.0' ? null : parseIpv4(hostIP) }];
}

function attachmentOf(args: CniArgs, { ip, hostLink, mac }: CniResult): Attachment {
  return { containerId: args.containerId, addr: ip.addr, len: ip.len, gateway: ip.gateway, hostLink, mac, portMappings: args.portMappings };
}

function resultOf({ addr, len, gateway, hostLink, mac }: Attachment): CniResult {
  return { ip: { addr, len, gateway }, hostLink, mac };
}

function argsOf(pod: Pod, netns: string, { containerId, addr, portMappings }: Attachment): CniArgs {
  return { containerId, netns, ifName: 'eth0', pod: { namespace: pod.namespace, name: pod.name }, addr, portMappings };
}
