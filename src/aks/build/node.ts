import type { Nic } from '../../azure/fabric.ts';
import { newCniState } from '../../cni/state.ts';
import type { IptablesPlan } from '../../kube/iptables/plan.ts';
import { NO_OBJECTS } from '../../kube/objects/cluster-objects.ts';
import { DEFAULT_NODE_BOOTSTRAP, nodeBootstrapRules } from '../../kube/node-rules/bootstrap.ts';
import { kubeletRules } from '../../kube/node-rules/kubelet.ts';
import type { KernelProfile } from '../../linux/kernel-profile.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';
import { TablesEdit } from '../../linux/netfilter/tables-edit.ts';
import type { Netns } from '../../linux/netns.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { NO_SYSCTLS, type Sysctls } from '../../linux/sysctl.ts';
import type { Cluster, ClusterNode } from '../../world/cluster.ts';
import { freezeDeep } from '../../world/freeze.ts';
import type { World } from '../../world/world.ts';
import { applyPlan } from '../agents/apply-plan.ts';
import { ipMasqAgentPlan } from '../agents/ip-masq-agent.ts';
import { fullySynced, kubeProxySettings, wantedRules } from '../agents/kube-proxy.ts';
import { NODE_LISTENERS, listener } from '../agents/node-listeners.ts';
import type { NetworkMode } from '../modes/mode.ts';
import type { NodePlan } from '../plan/nodes.ts';
import { raw } from '../raw.ts';
import type { ListenSpec } from '../spec.ts';
import { nicName } from './fabric.ts';
import { NODE_RELEASE, azureMachine, must, openPorts, rootOf } from './machine.ts';

/**
 * What node images, kubelet, containerd and kube-proxy write at boot.
 * @source AgentBaker sysctl-d-60-CIS.conf, cse_config.sh; pkg/proxy/iptables/proxier.go NewProxier, conntrack.go
 */
const NODE_SYSCTLS: readonly (readonly [string, string])[] = [
  ['net.ipv4.ip_forward', '1'],
  ['net.bridge.bridge-nf-call-iptables', '1'],
  ['net.ipv4.conf.all.rp_filter', '1'],
  ['net.ipv4.conf.default.rp_filter', '1'],
  ['net.ipv4.conf.all.send_redirects', '0'],
  ['net.ipv4.conf.default.send_redirects', '0'],
  ['net.ipv4.conf.all.accept_redirects', '0'],
  ['net.ipv4.conf.default.accept_redirects', '0'],
  ['net.ipv4.conf.all.secure_redirects', '0'],
  ['net.ipv4.conf.default.secure_redirects', '0'],
  ['net.ipv4.conf.all.log_martians', '1'],
  ['net.ipv4.conf.default.log_martians', '1'],
  ['net.ipv4.conf.all.accept_source_route', '0'],
  ['net.ipv4.conf.default.accept_source_route', '0'],
  ['net.ipv4.conf.all.route_localnet', '1'],
  ['net.netfilter.nf_conntrack_max', '131072'],
  ['net.netfilter.nf_conntrack_tcp_timeout_established', '86400'],
  ['net.netfilter.nf_conntrack_tcp_timeout_close_wait', '3600'],
];

/** What a mode's agents put on every new node, worked out once for all of them. */
export interface NodeTemplate {
  readonly iptables: Iptables;
}

/** The tables of a node on which everything has started and no pod has come yet. */
export function nodeTemplate(cluster: Cluster, mode: NetworkMode): NodeTemplate {
  const settings = kubeProxySettings(mode, cluster.network);
  const nobody = { name: '', ip: '0.0.0.0', addresses: [], podCIDR: null, zone: null };
  const booted = applied({}, [nodeBootstrapRules(DEFAULT_NODE_BOOTSTRAP), kubeletRules()]);
  const proxied = fullySynced(booted, wantedRules(NO_OBJECTS, nobody, settings));
  return { iptables: applied(proxied, [ipMasqAgentPlan(raw(cluster))]) };
}

function applied(before: Iptables, plans: readonly IptablesPlan[]): Iptables {
  const tables = new TablesEdit(before);
  for (const plan of plans) applyPlan(tables, plan);
  return tables.done();
}

/** Makes the machine of a node and what runs on it. The NIC is there already. */
export function addNodeMachine(
  world: World,
  cluster: Cluster,
  mode: NetworkMode,
  template: NodeTemplate,
  plan: NodePlan,
  nic: Nic,
  kernel: KernelProfile,
  listens: readonly ListenSpec[],
): ClusterNode {
  const { network } = cluster;
  const host = azureMachine(plan.name, 'node', kernel, nic, network.subnetPrefix, NODE_RELEASE);
  const root = rootOf(host);
  root.sysctls = nodeSysctls(root);
  root.iptables = template.iptables;
  openPorts(root, NODE_LISTENERS);
  if (mode.networkContainer(network, plan) !== null) openPorts(root, [listener('tcp', 10_092, 'azure-cns')]);
  openPorts(
    root,
    listens.map(({ proto, port }) => listener(proto, port, `node ${plan.name}`)),
  );
  const cni = newCniState();
  const nc = mode.networkContainer(network, plan);
  if (nc !== null) cni.azureCns = { nc, assigned: [] };
  const node: ClusterNode = {
    name: plan.name,
    machine: plan.name,
    nic: nicName(plan.name),
    addr: plan.addr,
    podCidr: plan.podCidr,
    cni,
    proxied: null,
  };
  world.machines[plan.name] = host;
  cluster.nodes[plan.name] = node;
  return node;
}

/** Whether nodes start with nothing written to their sysctls, so that they can share what is written at boot. */
function nodeSysctls(root: Netns): Sysctls {
  if (root.sysctls !== NO_SYSCTLS) return written(root);
  if (shared === undefined) freezeDeep((shared = written(root)));
  return shared;
}

let shared: Sysctls | undefined;

function written(root: Netns): Sysctls {
  for (const [name, value] of NODE_SYSCTLS) must(setSysctl(root, name, value));
  return root.sysctls;
}
