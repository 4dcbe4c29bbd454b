import { podsByNode } from '../../kube/derive/workloads.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type Pod, newPod } from '../../kube/objects/pod.ts';
import { createNetns } from '../../linux/ops/create-netns.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { own } from '../record.ts';
import type { ListenSpec, PodListenSpec } from '../spec.ts';
import { Crowd } from './crowd.ts';
import type { Interned } from './intern-parts.ts';
import { must } from './machine.ts';
import { type Join, nextNetns, nicOf, nodeOf, setUpSandbox } from './sandbox.ts';

/**
 * Makes the sandboxes of all pods, node by node, pinned addresses first, so that nobody else is given them, and writes the addresses into
 * the pod objects.
 * @returns the pods whose network could not be made
 */
export function addSandboxes(
  world: World,
  cluster: Cluster,
  mode: NetworkMode,
  listens: readonly PodListenSpec[],
  interned: Interned,
): { pod: string; message: string }[] {
  const byPod = listensByPod(listens);
  const notices: { pod: string; message: string }[] = [];
  for (const pods of podsByNode(cluster.objects.pods).values()) {
    const first = pods[0];
    const place = first === undefined ? null : nodeOf(world, cluster, first);
    if (place === null) continue;
    const nic = nicOf(world.fabric, cluster, place.node);
    const named = pods.map((pod) => ({ pod, netns: nextNetns(cluster, pod) }));
    // All namespaces before the first network: as long as the node's own sysctls stay as they are, namespaces share theirs.
    for (const { pod, netns } of named) if (!pod.hostNetwork) must(createNetns(place.host, netns, { loopbackUp: true }));
    const crowd = new Crowd(place.host, interned);
    const join: Join = (env, conflist, args) => crowd.join(env, conflist, args);
    const pinned = named.filter(({ pod }) => pod.podIPs.length > 0);
    const others = named.filter(({ pod }) => pod.podIPs.length === 0);
    for (const { pod, netns } of [...pinned, ...others]) {
      const key = keyOf(pod);
      const { error } = setUpSandbox(cluster, mode, place, nic, pod, netns, byPod.get(key) ?? [], join);
      if (error !== null) notices.push({ pod: key, message: error });
    }
    crowd.close();
  }
  const like = new Likeness();
  cluster.objects = { ...cluster.objects, pods: cluster.objects.pods.map((pod) => withPodIp(cluster, like.share(pod))) };
  return notices;
}

/** Makes equal labels and ports of pods one object. */
class Likeness {
  readonly #labels = new Map<string, Pod['labels']>();
  readonly #ports = new Map<string, Pod['ports']>();

  share(pod: Pod): Pod {
    const labels = shared(this.#labels, pod.labels);
    const ports = shared(this.#ports, pod.ports);
    return labels === pod.labels && ports === pod.ports ? pod : { ...pod, labels, ports };
  }
}

function shared<T extends object>(known: Map<string, T>, value: T): T {
  const key = JSON.stringify(value);
  const same = known.get(key);
  if (same !== undefined) return same;
  known.set(key, value);
  return value;
}

function listensByPod(listens: readonly PodListenSpec[]): ReadonlyMap<string, readonly ListenSpec[]> {
  const byPod = new Map<string, ListenSpec[]>();
  for (const { pod, proto, port } of listens) {
    const list = byPod.get(pod);
    if (list === undefined) byPod.set(pod, [{ proto, port }]);
    else list.push({ proto, port });
  }
  return byPod;
}

/** The pod object with the addresses that its sandbox has; a pod without a network is not ready. */
export function withPodIp(cluster: Cluster, pod: Pod): Pod {
  const sandbox = own(cluster.sandboxes, keyOf(pod));
  if (sandbox === undefined) return pod;
  if (sandbox.error !== null) return newPod({ ...pod, podIPs: [], phase: 'Pending', ready: false });
  const addr = sandbox.attachment?.addr ?? own(cluster.nodes, sandbox.node)?.addr;
  if (addr === undefined) return pod;
  const text = formatIpv4(addr);
  return pod.podIPs.length === 1 && pod.podIPs[0] === text ? pod : newPod({ ...pod, podIPs: [text] });
}
