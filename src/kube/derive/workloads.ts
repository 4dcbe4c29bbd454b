import type { ClusterObjects } from '../objects/cluster-objects.ts';
import { type OwnerReference, compareText } from '../objects/meta.ts';
import { type Node, nodeLabels } from '../objects/node.ts';
import { type Pod, isTerminal, newPod } from '../objects/pod.ts';
import { Emptiest } from './emptiest.ts';
import { hasLabels, selects } from '../objects/selector.ts';
import type { Workload } from '../objects/workload.ts';

/** The most pods that one cluster may come to. */
const MAX_PODS = 200_000;

/** Pods of a workload, or a single pod, that no node takes. */
export interface Unplaced {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly pods: number;
  readonly reason: string;
}

export interface Placement {
  /** The pods of the objects, each on a node, and those that the workloads ask for. */
  readonly pods: readonly Pod[];
  readonly unplaced: readonly Unplaced[];
}

type PlacementInput = Pick<ClusterObjects, 'nodes' | 'pods' | 'workloads'>;

/**
 * Plays the controllers and the scheduler, always with the same outcome: pods without a node and the pods of workloads go to the nodes that
 * fit them (nodeSelector, required node affinity, not cordoned, Linux), the emptiest first, by name where two are equally full. The pods of a
 * workload are spread before a node gets a second one. They are called `<workload>-<ordinal>`, a DaemonSet's in the order of node names.
 * A workload whose pods are among the objects, as in a dump, is left alone.
 */
export function placePods({ nodes, pods, workloads }: PlacementInput): Placement {
  const scheduler = new Scheduler(nodes, pods);
  const unplaced: Unplaced[] = [];
  const placed = pods.map((pod) => {
    if (pod.nodeName !== null || isTerminal(pod)) return pod;
    const node = scheduler.pickOne(pod);
    if (node !== undefined) return { ...pod, nodeName: node };
    unplaced.push({ namespace: pod.namespace, name: pod.name, kind: 'Pod', pods: 1, reason: NO_NODE });
    return pod;
  });
  const names = podNames(pods);
  for (const workload of unrealised(workloads, pods)) {
    const wanted = workload.kind === 'DaemonSet' ? scheduler.fitting(workload.template, true).count : workload.replicas;
    const room = Math.min(wanted, MAX_PODS - placed.length);
    const made = place(workload, room, scheduler, names, []);
    placed.push(...made);
    if (made.length < wanted) {
      const { namespace, name, kind } = workload;
      const reason = room < wanted ? `a cluster has at most ${MAX_PODS} pods` : NO_NODE;
      unplaced.push({ namespace, name, kind, pods: wanted - made.length, reason });
    }
  }
  return { pods: placed, unplaced };
}

/**
 * The pods that a workload lacks in a cluster that runs already, each on a node and with the lowest name that is free; a DaemonSet's on the
 * nodes that have none of its pods.
 * @param replicas how many it is to have; a DaemonSet ignores it
 */
export function missingPods({ nodes, pods }: Omit<PlacementInput, 'workloads'>, workload: Workload, replicas: number): Pod[] {
  const own = pods.filter((pod) => isOwnedBy(pod, workload) && !isTerminal(pod));
  const served = workload.kind === 'DaemonSet' ? new Set(own.map(({ nodeName }) => nodeName)) : new Set();
  const scheduler = new Scheduler(
    nodes.filter(({ name }) => !served.has(name)),
    pods,
  );
  const wanted = workload.kind === 'DaemonSet' ? nodes.length : replicas - own.length;
  return place(workload, Math.max(0, wanted), scheduler, podNames(pods), own);
}

/** Whether a workload's controller looks after a pod; a Deployment does so through a ReplicaSet that is called after it. */
export function isOwnedBy(pod: Pod, { namespace, kind, name }: Workload): boolean {
  const { owner } = pod;
  if (owner === null || pod.namespace !== namespace) return false;
  if (owner.kind === kind) return owner.name === name;
  return kind === 'Deployment' && owner.kind === 'ReplicaSet' && owner.name.replace(/-[^-]*$/, '') === name;
}

/** Pods of a workload, as many of them as find a node. @param own the pods that it has already */
function place(workload: Workload, count: number, scheduler: Scheduler, names: Set<string>, own: readonly Pod[]): Pod[] {
  const { kind, name, template } = workload;
  const eligible = scheduler.fitting(template, kind === 'DaemonSet');
  const targets = kind === 'DaemonSet' ? eligible.all(count) : eligible.pick(count);
  const taken = new Set(own.map((pod) => pod.name));
  let ordinal = 0;
  return targets.map((nodeName) => {
    while (taken.has(`${name}-${ordinal}`)) ordinal++;
    return podOf(workload, podName(workload, ordinal++, names), nodeName, { kind, name });
  });
}

function podNames(pods: readonly Pod[]): Set<string> {
  return new Set(pods.map((pod) => `${pod.namespace}/${pod.name}`));
}

/** Why a pod stays Pending: nodeSelector, required affinity, or every node cordoned. */
export const NO_NODE = 'no node fits';

function podOf({ namespace, kind, template }: Workload, name: string, nodeName: string, owner: OwnerReference): Pod {
  const { hostNetwork, ports, nodeSelector, nodeAffinity } = template;
  const labels = kind === 'StatefulSet' ? { ...template.labels, 'statefulset.kubernetes.io/pod-name': name } : template.labels;
  return newPod({ namespace, name, labels, hostNetwork, ports, nodeSelector, nodeAffinity, nodeName, owner });
}

function podName({ namespace, name, kind }: Workload, ordinal: number, names: Set<string>): string {
  let candidate = `${name}-${ordinal}`;
  while (names.has(`${namespace}/${candidate}`)) candidate = candidate.replace(/-\d+$/, `-${kind.toLowerCase()}-${ordinal}`);
  names.add(`${namespace}/${candidate}`);
  return candidate;
}

/** The workloads that nobody has made pods for yet: not those with pods, nor ReplicaSets that a Deployment looks after. */
function unrealised(workloads: readonly Workload[], pods: readonly Pod[]): Workload[] {
  const key = (namespace: string, { kind, name }: OwnerReference): string => `${namespace} ${kind} ${name}`;
  const realised = new Set(pods.flatMap(({ namespace, owner }) => (owner === null ? [] : key(namespace, owner))));
  const known = new Set(workloads.map((workload) => key(workload.namespace, workload)));
  for (const workload of workloads) {
    if (workload.owner !== null && realised.has(key(workload.namespace, workload))) realised.add(key(workload.namespace, workload.owner));
  }
  return workloads.filter((workload) => {
    const owned = workload.owner !== null && known.has(key(workload.namespace, workload.owner));
    return !owned && !realised.has(key(workload.namespace, workload));
  });
}

type Demands = Pick<Pod, 'nodeSelector' | 'nodeAffinity' | 'nodeName'>;

class Scheduler {
  /** Sorted by name. */
  readonly #nodes: readonly { readonly name: string; readonly node: Node; readonly labels: Readonly<Record<string, string>> }[];
  readonly #load: Float64Array;
  readonly #queues = new Map<string, Emptiest>();

  constructor(nodes: readonly Node[], pods: readonly Pod[]) {
    this.#nodes = nodes
      .map((node) => ({ name: node.name, node, labels: nodeLabels(node) }))
      .toSorted((a, b) => compareText(a.name, b.name));
    this.#load = new Float64Array(nodes.length);
    const position = new Map(this.#nodes.map(({ name }, index) => [name, index]));
    for (const pod of pods) {
      const index = pod.nodeName === null || isTerminal(pod) ? undefined : position.get(pod.nodeName);
      if (index !== undefined) this.#add(index);
    }
  }

  #add(index: number): void {
    this.#load[index] = (this.#load[index] ?? 0) + 1;
  }

  /** The emptiest node that one pod with these demands fits on. Many single pods have the same demands, so what fits them is kept. */
  pickOne(demands: Demands): string | undefined {
    const key = JSON.stringify([demands.nodeSelector, demands.nodeAffinity]);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new Emptiest(this.#fit(demands, false), this.#load);
      this.#queues.set(key, queue);
    }
    const index = queue.peek();
    if (index === undefined) return undefined;
    this.#add(index);
    return this.#nodes[index]?.name;
  }

  /** Positions of the nodes that pods with these demands fit on. */
  #fit(demands: Demands, cordonedToo: boolean): number[] {
    const fit: number[] = [];
    for (const [index, { name, node, labels }] of this.#nodes.entries()) {
      if (labels['kubernetes.io/os'] !== 'linux' || (node.unschedulable && !cordonedToo)) continue;
      if (demands.nodeName !== null ? demands.nodeName === name : meets(demands, labels)) fit.push(index);
    }
    return fit;
  }

  /** The nodes that pods with these demands fit on. A DaemonSet goes to cordoned nodes too. */
  fitting(demands: Demands, cordonedToo: boolean): { count: number; all(most: number): string[]; pick(pods: number): string[] } {
    const fit = this.#fit(demands, cordonedToo);
    const take = (index: number): string => {
      this.#add(index);
      return this.#nodes[index]?.name ?? '';
    };
    return {
      count: fit.length,
      all: (most) => fit.slice(0, most).map(take),
      pick: (pods) => {
        if (fit.length === 0) return [];
        // Load and position in one number: sorting numbers is much faster than comparing objects.
        const size = this.#nodes.length;
        const order = Float64Array.from(fit, (index) => (this.#load[index] ?? 0) * size + index).sort();
        return Array.from({ length: pods }, (_, n) => take((order[n % order.length] ?? 0) % size));
      },
    };
  }
}

function meets({ nodeSelector, nodeAffinity }: Demands, labels: Readonly<Record<string, string>>): boolean {
  if (!hasLabels(labels, nodeSelector)) return false;
  return nodeAffinity.length === 0 || nodeAffinity.some((matchExpressions) => selects({ matchLabels: {}, matchExpressions }, labels));
}

/** Pods by node, each list in the order of the objects. */
export function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (pod.nodeName === null || isTerminal(pod)) continue;
    const list = byNode.get(pod.nodeName);
    if (list === undefined) byNode.set(pod.nodeName, [pod]);
    else list.push(pod);
  }
  return byNode;
}
