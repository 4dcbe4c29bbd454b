import { missingPods, isOwnedBy, placePods } from '../../kube/derive/workloads.ts';
import type { ClusterObjects } from '../../kube/objects/cluster-objects.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type Pod, isTerminal } from '../../kube/objects/pod.ts';
import type { Workload } from '../../kube/objects/workload.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { addSandbox, removeSandbox } from '../build/sandbox.ts';
import { withPodIp } from '../build/sandboxes.ts';
import type { Forget } from '../forget.ts';
import { raw } from '../raw.ts';
import { modeOf } from '../modes/modes.ts';
import type { Edited } from './result.ts';

/** Starts pods that nobody has yet: each gets a node where it names none, then its sandbox and its address. */
export function startPods(world: World, cluster: Cluster, pods: readonly Pod[]): Edited {
  const mode = modeOf(cluster);
  const before = raw(cluster.objects);
  const { pods: placed, unplaced } = placePods({ nodes: before.nodes, pods: [...before.pods, ...pods], workloads: [] });
  const problems = unplaced.map(({ namespace, name, reason }) => `pod ${namespace}/${name}: ${reason}`);
  const started = placed.slice(before.pods.length).map((pod) => {
    const error = addSandbox(world, cluster, mode, pod, [])?.error ?? null;
    if (error !== null) problems.push(`pod ${keyOf(pod)}: ${error}`);
    return withPodIp(cluster, pod);
  });
  cluster.objects = { ...before, pods: [...before.pods, ...started] };
  return { forget: [], problems };
}

/** Ends pods: DEL, then the namespace, then the object. */
export function endPods(world: World, cluster: Cluster, pods: readonly Pod[]): Forget[] {
  const mode = modeOf(cluster);
  const gone = new Set(pods.map(keyOf));
  const forget = pods.flatMap((pod) => removeSandbox(world, cluster, mode, pod));
  const objects = raw(cluster.objects);
  cluster.objects = { ...objects, pods: objects.pods.filter((pod) => !gone.has(keyOf(pod))) };
  return forget;
}

/** Brings the pods of a workload to the number that it asks for: the youngest go first, new ones come where there is room. */
export function fillWorkload(world: World, cluster: Cluster, workload: Workload): Edited {
  const { nodes, pods } = raw(cluster.objects);
  const own = pods.filter((pod) => isOwnedBy(pod, workload) && !isTerminal(pod));
  const excess = workload.kind === 'DaemonSet' ? [] : own.slice(workload.replicas);
  if (excess.length > 0) return { forget: endPods(world, cluster, excess), problems: [] };
  const missing = missingPods({ nodes, pods }, workload, workload.replicas);
  const started = startPods(world, cluster, missing);
  const lacking = workload.kind === 'DaemonSet' ? 0 : workload.replicas - own.length - missing.length;
  const problems = lacking === 0 ? [] : [`${workload.kind} ${keyOf(workload)}: ${lacking} of its pods find no node`];
  return { forget: [], problems: [...problems, ...started.problems] };
}

/** The workload that looks after a pod, or `undefined`. */
export function controllerOf({ workloads }: Pick<ClusterObjects, 'workloads'>, pod: Pod): Workload | undefined {
  return workloads.find((workload) => isOwnedBy(pod, workload));
}
