import { NO_NODE, type Placement, placePods } from '../../kube/derive/workloads.ts';
import { type ClusterObjects, NO_OBJECTS } from '../../kube/objects/cluster-objects.ts';
import { type Node, newNode } from '../../kube/objects/node.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import type { Pod } from '../../kube/objects/pod.ts';
import { formatIpv4, parseIpv4 } from '../../wire/ipv4.ts';
import { contains, formatPrefix, parsePrefix } from '../../wire/prefix.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import { DEFAULTS, instanceName } from '../plan/network.ts';
import type { NodePlan, PinnedPod } from '../plan/nodes.ts';
import { type ClusterProblem, problemAt } from '../problem.ts';
import type { ClusterSpec, NodeSpec } from '../spec.ts';

/**
 * The nodes that a description asks for: those that stand among its objects, then those that it lists itself. One that stands in both is one
 * node, and what the list says of it wins.
 */
export function nodeSpecs(spec: ClusterSpec): NodeSpec[] {
  const objects = spec.objects?.nodes ?? [];
  const listed = new Map(spec.nodes.flatMap((node): [string, NodeSpec][] => (node.name === undefined ? [] : [[node.name, node]])));
  const fromObjects = objects.map((node): NodeSpec => {
    const addr = parseIpv4(node.internalIPs[0] ?? '');
    const podCidr = parsePrefix(node.podCIDRs[0] ?? '');
    return { name: node.name, ...(addr === null ? {} : { addr }), ...(podCidr === null ? {} : { podCidr }), ...listed.get(node.name) };
  });
  const known = new Set(objects.map((node) => node.name));
  return [...fromObjects, ...spec.nodes.filter((node) => node.name === undefined || !known.has(node.name))];
}

/** The labels by which applications ask for a pool of AKS. @source AKS, use-labels: reserved system labels */
function poolLabels({ nodePool = DEFAULTS.nodePool }: ClusterSpec): Node['labels'] {
  return { agentpool: nodePool, 'kubernetes.azure.com/agentpool': nodePool, 'kubernetes.azure.com/mode': 'system' };
}

/** Node objects for the nodes, before they have addresses: enough for the scheduler. */
export function nodeObjects(spec: ClusterSpec, network: ClusterNetwork): Node[] {
  const labels = poolLabels(spec);
  const given = new Map((spec.objects?.nodes ?? []).map((node) => [node.name, node]));
  return spec.nodes.map((node, i) => {
    const name = node.name ?? instanceName(network.names.vmss, i);
    const object = given.get(name) ?? newNode({ name, labels });
    return node.labels === undefined ? object : { ...object, labels: { ...object.labels, ...node.labels } };
  });
}

/** A node object with the addresses that its machine was given. */
export function withAddresses(node: Node, plan: Pick<NodePlan, 'addr' | 'podCidr'>): Node {
  return newNode({
    ...node,
    internalIPs: [formatIpv4(plan.addr)],
    podCIDRs: plan.podCidr === null ? [] : [formatPrefix(plan.podCidr)],
  });
}

/** Objects without pods of a node that does not exist, with a problem for each of them. */
export function checkPods(objects: ClusterObjects, nodes: readonly Node[]): ClusterProblem[] {
  const names = new Set(nodes.map((node) => node.name));
  const seen = new Set<string>();
  const addresses = new Map<string, string>();
  const found: ClusterProblem[] = [];
  for (const pod of objects.pods) {
    const key = keyOf(pod);
    if (seen.has(key)) found.push(problemAt(pod.source, `there are two pods ${key}`, 'a name of its own'));
    seen.add(key);
    if (pod.nodeName !== null && !names.has(pod.nodeName)) {
      found.push(
        problemAt(pod.source, `pod ${key} is on node ${pod.nodeName}, which does not exist`, `one of ${[...names].slice(0, 5).join(', ')}`),
      );
    }
    if (pod.hostNetwork) continue;
    for (const text of pod.podIPs) {
      const other = addresses.get(text);
      if (other !== undefined)
        found.push(problemAt(pod.source, `pods ${other} and ${key} have the same address ${text}`, 'an address of its own'));
      addresses.set(text, key);
    }
  }
  return found;
}

/** The addresses that pods must have. */
export function pinnedPods(pods: readonly Pod[]): PinnedPod[] {
  return pods.flatMap((pod) => {
    const addr = pod.hostNetwork ? null : parseIpv4(pod.podIPs[0] ?? '');
    return addr === null ? [] : [{ addr, node: pod.nodeName }];
  });
}

/** A pod whose address lies in a node's range runs on that node. */
export function pinToNodes(pods: readonly Pod[], plans: readonly NodePlan[]): Pod[] {
  return pods.map((pod) => {
    if (pod.nodeName !== null || pod.hostNetwork) return pod;
    const addr = parseIpv4(pod.podIPs[0] ?? '');
    const plan = addr === null ? undefined : plans.find(({ podCidr }) => podCidr !== null && contains(podCidr, addr));
    return plan === undefined ? pod : { ...pod, nodeName: plan.name };
  });
}

/** Something about a pod, or the pods of a workload, that Kubernetes lives with. */
export interface PodNotice {
  /** `namespace/name`. */
  readonly pod: string;
  readonly message: string;
}

/** Puts pods on nodes. Pods that fit nowhere are Pending, as they would be; pods beyond a limit are problems. */
export function place(
  objects: ClusterObjects,
  nodes: readonly Node[],
  pods: readonly Pod[],
): { placement: Placement; problems: ClusterProblem[]; notices: PodNotice[] } {
  const placement = placePods({ nodes, pods, workloads: objects.workloads });
  const problems: ClusterProblem[] = [];
  const notices: PodNotice[] = [];
  for (const { kind, namespace, name, pods: count, reason } of placement.unplaced) {
    const key = `${namespace}/${name}`;
    const what = count === 1 ? '1 pod' : `${count} pods`;
    if (reason === NO_NODE) notices.push({ pod: key, message: `${kind}: ${what} Pending, ${reason}` });
    else {
      const object = [...objects.workloads, ...objects.pods].find((one) => one.namespace === namespace && one.name === name);
      problems.push(problemAt(object?.source ?? null, `${kind} ${key}: ${what} without a node (${reason})`, 'fewer pods'));
    }
  }
  return { placement, problems, notices };
}

export function objectsOf(spec: ClusterSpec): ClusterObjects {
  return spec.objects ?? NO_OBJECTS;
}
