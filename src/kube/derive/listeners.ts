import type { Pod, Protocol } from '../objects/pod.ts';
import type { Service, ServicePort } from '../objects/service.ts';
import { labelOf } from '../objects/meta.ts';
import { hasLabels } from '../objects/selector.ts';

/** A port that something in the pod is taken to listen on. */
export interface Listener {
  readonly protocol: Protocol;
  readonly port: number;
}

/** Services by namespace and the first pair of their selector. */
type SelectorIndex = ReadonlyMap<string, readonly Service[]>;

const memo = new WeakMap<readonly Service[], SelectorIndex>();

/**
 * What listens in a pod, as far as objects tell: the ports that its containers declare; of a pod that declares none, the numeric target
 * ports of the services that select it. Sorted by protocol and number.
 */
export function declaredListeners(pod: Pod, services: readonly Service[]): Listener[] {
  const ports = pod.ports.length > 0 ? pod.ports : targetPorts(pod, services);
  const unique = new Map(ports.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }]));
  return [...unique.values()].toSorted((a, b) => (a.protocol === b.protocol ? a.port - b.port : a.protocol < b.protocol ? -1 : 1));
}

function targetPorts(pod: Pod, services: readonly Service[]): Listener[] {
  const index = indexOf(services);
  const selecting = Object.keys(pod.labels).flatMap((key) => index.get(pairKey(pod.namespace, key, labelOf(pod.labels, key) ?? '')) ?? []);
  return selecting
    .filter(({ selector }) => selector !== null && hasLabels(pod.labels, selector))
    .flatMap((service) => service.ports)
    .flatMap(({ targetPort, protocol }: ServicePort) => (typeof targetPort === 'number' ? { protocol, port: targetPort } : []));
}

function indexOf(services: readonly Service[]): SelectorIndex {
  const known = memo.get(services);
  if (known !== undefined) return known;
  const index = new Map<string, Service[]>();
  for (const service of services) {
    const key = Object.keys(service.selector ?? {})[0];
    if (service.selector === null || key === undefined) continue;
    const pair = pairKey(service.namespace, key, labelOf(service.selector, key) ?? '');
    const list = index.get(pair);
    if (list === undefined) index.set(pair, [service]);
    else list.push(service);
  }
  memo.set(services, index);
  return index;
}

function pairKey(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}
