import { sandboxNetns } from '../../cni/identity.ts';
import { podsByNode } from '../../kube/derive/workloads.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type Pod, changedPod } from '../../kube/objects/pod.ts';
import { createNetns } from '../../linux/ops/create-netns.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Sliced } from '../../wire/sliced.ts';
import type { Cluster, Sandbox } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { own } from '../record.ts';
import type { ListenSpec, PodListenSpec } from '../spec.ts';
import { Crowd } from './crowd.ts';
import type { Interned } from './intern-parts.ts';
import { must } from './machine.ts';
import { type Join, nicOf, nodeOf, setUpSandbox } from './sandbox.ts';

/**
 * Makes the sandboxes of all pods, node by node, pinned addresses first, so that nobody else is given them, and writes the addresses into
 * the pod objects.
 * @returns the pods whose network could not be made
 */
export function* addSandboxes(
  world: World,
  cluster: Cluster,
  mode: NetworkMode,
  listens: readonly PodListenSpec[],
  interned: Interned,
): Sliced<{ pod: string; message: string }[]> {
  const byPod = listensByPod(listens);
  const notices: { pod: string; message: string }[] = [];
  const networked = new Map<Pod, Pod>();
  const like = new Likeness();
  for (const pods of podsByNode(cluster.objects.pods).values()) {
    yield { what: 'pods', done: networked.size, of: cluster.objects.pods.length };
    const first = pods[0];
    const place = first === undefined ? null : nodeOf(world, cluster, first);
    if (place === null) continue;
    const nic = nicOf(world.fabric, cluster, place.node);
    const named = pods.map((pod) => ({ pod, netns: sandboxNetns(cluster.name, pod.namespace, pod.name, 0) }));
    // All namespaces before the first network: as long as the node's own sysctls stay as they are, namespaces share theirs.
    for (const { pod, netns } of named) if (!pod.hostNetwork) must(createNetns(place.host, netns, { loopbackUp: true }));
    const crowd = new Crowd(place.host, interned);
    const join: Join = (env, conflist, args) => crowd.join(env, conflist, args);
    const pinned = named.filter(({ pod }) => pod.podIPs.length > 0);
    const others = named.filter(({ pod }) => pod.podIPs.length === 0);
    for (const { pod, netns } of [...pinned, ...others]) {
      const key = keyOf(pod);
      const sandbox = setUpSandbox(cluster, mode, place, nic, pod, netns, byPod.get(key) ?? NO_LISTENS, join);
      cluster.sandboxes[key] = sandbox;
      networked.set(pod, withNetwork(cluster, pod, sandbox, like));
      if (sandbox.error !== null) notices.push({ pod: key, message: sandbox.error });
    }
    crowd.close();
  }
  cluster.objects = { ...cluster.objects, pods: cluster.objects.pods.map((pod) => networked.get(pod) ?? pod) };
  return notices;
}

const NO_LISTENS: readonly ListenSpec[] = [];

/** Makes equal labels and ports of pods one object. */
class Likeness {
  readonly #labels = new Map<string, Pod['labels']>();
  readonly #ports = new Map<string, Pod['ports']>();

  of({ labels, ports }: Pod): Pick<Pod, 'labels' | 'ports'> {
    return { labels: shared(this.#labels, labels), ports: shared(this.#ports, ports) };
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
  return sandbox === undefined ? pod : withNetwork(cluster, pod, sandbox, null);
}

function withNetwork(cluster: Cluster, pod: Pod, sandbox: Sandbox, like: Likeness | null): Pod {
  const { labels, ports } = like?.of(pod) ?? pod;
  if (sandbox.error !== null) return changedPod(pod, { labels, ports, podIPs: [], phase: 'Pending', ready: false });
  const addr = sandbox.attachment?.addr ?? own(cluster.nodes, sandbox.node)?.addr;
  const text = addr === undefined ? undefined : formatIpv4(addr);
  const podIPs = text === undefined || (pod.podIPs.length === 1 && pod.podIPs[0] === text) ? pod.podIPs : [text];
  return labels === pod.labels && ports === pod.ports && podIPs === pod.podIPs ? pod : changedPod(pod, { labels, ports, podIPs });
}
