import { keyOf } from '../../kube/objects/meta.ts';
import type { Pod } from '../../kube/objects/pod.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { own } from '../record.ts';
import type { ListenSpec, PodListenSpec } from '../spec.ts';
import { addSandbox } from './sandbox.ts';

/**
 * Makes the sandboxes of all pods, pinned addresses first, so that nobody else is given them, and writes the addresses into the pod objects.
 * @returns the pods whose network could not be made
 */
export function addSandboxes(
  world: World,
  cluster: Cluster,
  mode: NetworkMode,
  listens: readonly PodListenSpec[],
): { pod: string; message: string }[] {
  const byPod = new Map<string, ListenSpec[]>();
  for (const { pod, proto, port } of listens) {
    const list = byPod.get(pod);
    if (list === undefined) byPod.set(pod, [{ proto, port }]);
    else list.push({ proto, port });
  }
  const { pods } = cluster.objects;
  const notices: { pod: string; message: string }[] = [];
  for (const pinned of [true, false]) {
    for (const pod of pods) {
      if (pod.podIPs.length > 0 !== pinned) continue;
      const key = keyOf(pod);
      const sandbox = addSandbox(world, cluster, mode, pod, byPod.get(key) ?? []);
      if (sandbox !== null && sandbox.error !== null) notices.push({ pod: key, message: sandbox.error });
    }
  }
  cluster.objects = { ...cluster.objects, pods: pods.map((pod) => withPodIp(cluster, pod)) };
  return notices;
}

/** The pod object with the addresses that its sandbox has; a pod without a network is not ready. */
export function withPodIp(cluster: Cluster, pod: Pod): Pod {
  const sandbox = own(cluster.sandboxes, keyOf(pod));
  if (sandbox === undefined) return pod;
  if (sandbox.error !== null) return { ...pod, podIPs: [], phase: 'Pending', ready: false };
  const addr = sandbox.attachment?.addr ?? own(cluster.nodes, sandbox.node)?.addr;
  if (addr === undefined) return pod;
  const text = formatIpv4(addr);
  return pod.podIPs.length === 1 && pod.podIPs[0] === text ? pod : { ...pod, podIPs: [text] };
}
