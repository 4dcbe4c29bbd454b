import { declaredListeners } from '../../kube/derive/listeners.ts';
import { isOwnedBy } from '../../kube/derive/workloads.ts';
import type { ClusterObjects } from '../../kube/objects/cluster-objects.ts';
import { isEqual } from '../../kube/objects/equal.ts';
import { type ObjectMeta, keyOf } from '../../kube/objects/meta.ts';
import type { Pod } from '../../kube/objects/pod.ts';
import type { Service } from '../../kube/objects/service.ts';
import type { Workload } from '../../kube/objects/workload.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { listener } from '../agents/node-listeners.ts';
import { openPorts } from '../build/machine.ts';
import { raw } from '../raw.ts';
import { own } from '../record.ts';
import { clusterOf, finished } from './finish.ts';
import { controllerOf, endPods, fillWorkload, startPods } from './pods.ts';
import { type Edited, together } from './result.ts';

/**
 * `kubectl apply`: new objects are added, those that exist are replaced, then controllers and agents do what follows. A running pod keeps its
 * network and takes over labels and readiness; a workload whose template is another one gets new pods. Nodes are not touched.
 */
export function applyObjects(world: World, given: ClusterObjects): Edited {
  const cluster = clusterOf(world);
  const before = raw(cluster.objects);
  const oldServices = byKeyOf(before.services);
  const givenPods = byKeyOf(given.pods);
  const oldWorkloads = new Map(before.workloads.map((workload) => [workloadKey(workload), workload]));
  cluster.objects = {
    ...before,
    services: put(
      before.services,
      given.services.map((service) => keepAllocated(service, oldServices.get(keyOf(service)))),
    ),
    endpointSlices: put(before.endpointSlices, given.endpointSlices),
    workloads: put(before.workloads, given.workloads, workloadKey),
    policies: put(before.policies, given.policies, (policy) => `${policy.apiVersion} ${policy.kind} ${keyOf(policy)}`),
    unmodelled: put(before.unmodelled, given.unmodelled, ({ kind, reason, ...meta }) => `${kind} ${keyOf(meta)} ${reason}`),
    masqConfigs: given.masqConfigs.length > 0 ? given.masqConfigs : before.masqConfigs,
    pods: before.pods.map((pod) => relabelled(pod, givenPods.get(keyOf(pod)))),
  };
  const known = new Set(before.pods.map(keyOf));
  const edits = [
    startPods(
      world,
      cluster,
      given.pods.filter((pod) => !known.has(keyOf(pod))),
    ),
  ];
  for (const workload of given.workloads)
    edits.push(rollOut(world, cluster, workload, oldWorkloads.get(workloadKey(workload)), before.pods));
  openTargetPorts(world, cluster, newcomers(given.services, before.services));
  return finished(world, together(...edits));
}

/** A service without the addresses and ports that were allocated to it keeps them. */
function keepAllocated(service: Service, before: Service | undefined): Service {
  if (before === undefined) return service;
  const ports = service.ports.map((port) => {
    const same = before.ports.find((one) => one.port === port.port && one.protocol === port.protocol);
    return port.nodePort === 0 && opensNodePorts(service) && same !== undefined ? { ...port, nodePort: same.nodePort } : port;
  });
  const keepsFrontend = service.type === 'LoadBalancer' && service.ingress.length === 0 && isEqual(service.annotations, before.annotations);
  const keepsAddress = keepsFrontend && (service.loadBalancerIP === null || service.loadBalancerIP === before.loadBalancerIP);
  return {
    ...service,
    ports,
    clusterIP: service.clusterIP ?? (before.clusterIP === 'None' ? null : before.clusterIP),
    ingress: keepsAddress ? before.ingress : service.ingress,
  };
}

function newcomers(given: readonly Service[], before: readonly Service[]): Service[] {
  const known = new Set(before.map(keyOf));
  return given.filter((service) => !known.has(keyOf(service)));
}

/** A running pod that declares no ports is taken to have listened all along where a new service sends to. */
function openTargetPorts(world: World, cluster: Cluster, services: readonly Service[]): void {
  if (services.length === 0) return;
  for (const pod of raw(cluster.objects).pods) {
    const sandbox = pod.ports.length > 0 ? undefined : own(cluster.sandboxes, keyOf(pod));
    const netns = sandbox === undefined ? undefined : own(world.machines, sandbox.machine)?.netns[sandbox.netns];
    if (netns === undefined) continue;
    const missing = declaredListeners(pod, services).flatMap(({ protocol, port }) => {
      const proto = protocol === 'TCP' ? 'tcp' : 'udp';
      const isOpen = netns.sockets.some((socket) => socket.proto === proto && socket.port === port && socket.peer === null);
      return protocol === 'SCTP' || isOpen ? [] : [listener(proto, port, `pod ${keyOf(pod)}`)];
    });
    if (missing.length > 0) openPorts(netns, missing);
  }
}

function opensNodePorts({ type }: Service): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function relabelled(pod: Pod, next: Pod | undefined): Pod {
  return next === undefined ? pod : { ...pod, labels: next.labels, ready: next.ready, terminating: next.terminating };
}

function rollOut(world: World, cluster: Cluster, workload: Workload, old: Workload | undefined, pods: readonly Pod[]): Edited {
  const isNew = old !== undefined && !isEqual(old.template, workload.template);
  const forget = isNew
    ? endPods(
        world,
        cluster,
        pods.filter((pod) => isOwnedBy(pod, workload)),
      )
    : [];
  return together({ forget, problems: [] }, fillWorkload(world, cluster, workload));
}

/** `kubectl scale`. The workload must exist. */
export function scaleWorkload(world: World, workload: Workload, replicas: number): Edited {
  const cluster = clusterOf(world);
  const scaled = { ...workload, replicas };
  const objects = raw(cluster.objects);
  cluster.objects = { ...objects, workloads: objects.workloads.map((one) => (isSame(one, workload) ? scaled : one)) };
  return finished(world, fillWorkload(world, cluster, scaled));
}

/** `kubectl delete pod`: a pod that a workload looks after comes back as another one. */
export function deletePod(world: World, pod: Pod): Edited {
  const cluster = clusterOf(world);
  const forget = endPods(world, cluster, [pod]);
  const workload = controllerOf(raw(cluster.objects), pod);
  const filled = workload === undefined ? { forget: [], problems: [] } : fillWorkload(world, cluster, workload);
  return finished(world, together({ forget, problems: [] }, filled));
}

/** A running pod passes its readiness probe, or fails it. */
export function setReady(world: World, pod: Pod, ready: boolean): Edited {
  const cluster = clusterOf(world);
  const objects = raw(cluster.objects);
  cluster.objects = { ...objects, pods: objects.pods.map((one) => (keyOf(one) === keyOf(pod) ? { ...one, ready } : one)) };
  return finished(world, { forget: [], problems: [] });
}

/** `kubectl delete service`, with the slices that somebody wrote for it. */
export function deleteService(world: World, service: Service): Edited {
  const cluster = clusterOf(world);
  const objects = raw(cluster.objects);
  cluster.objects = {
    ...objects,
    services: objects.services.filter((one) => keyOf(one) !== keyOf(service)),
    endpointSlices: objects.endpointSlices.filter((slice) => slice.namespace !== service.namespace || slice.serviceName !== service.name),
    unmodelled: objects.unmodelled.filter((one) => one.kind !== 'Service' || keyOf(one) !== keyOf(service)),
  };
  return finished(world, { forget: [], problems: [] });
}

function isSame(one: Workload, other: Workload): boolean {
  return workloadKey(one) === workloadKey(other);
}

function workloadKey(workload: Workload): string {
  return `${workload.kind} ${keyOf(workload)}`;
}

function byKeyOf<T extends ObjectMeta>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((one) => [keyOf(one), one]));
}

/** A list in which objects of the same key are replaced in their place, and others added at the end. */
function put<T extends ObjectMeta>(before: readonly T[], given: readonly T[], key: (one: T) => string = keyOf): readonly T[] {
  if (given.length === 0) return before;
  const byKey = new Map(given.map((one) => [key(one), one]));
  const kept = before.map((one) => {
    const next = byKey.get(key(one));
    byKey.delete(key(one));
    return next ?? one;
  });
  return [...kept, ...byKey.values()];
}
