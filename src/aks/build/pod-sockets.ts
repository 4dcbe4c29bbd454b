import { declaredListeners } from '../../kube/derive/listeners.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import type { Pod } from '../../kube/objects/pod.ts';
import type { Service } from '../../kube/objects/service.ts';
import type { Socket } from '../../linux/socket.ts';
import { listener } from '../agents/node-listeners.ts';
import type { ListenSpec } from '../spec.ts';

const MOST_REMEMBERED = 1000;
const known = new Map<string, readonly Socket[]>();

/**
 * What listens in a pod: the ports that its objects tell of, and those that a description adds. Sockets in a pod's own namespace name no pod,
 * so pods with the same ports share one list.
 */
export function podSockets(pod: Pod, services: readonly Service[], listens: readonly ListenSpec[]): readonly Socket[] {
  const ports = (): ListenSpec[] => [...declaredListeners(pod, services).flatMap(listenOf), ...listens];
  if (pod.hostNetwork) return ports().map(({ proto, port }) => listener(proto, port, hostOwner(pod)));
  if (pod.ports.length === 0)
    return shared(
      ports()
        .map(({ proto, port }) => `${proto}/${port}`)
        .join(),
      ports,
    );
  // What a pod declares decides alone.
  return shared(
    `${pod.ports.map(({ protocol, port }) => `${protocol}/${port}`).join()} ${listens.map(({ proto, port }) => `${proto}/${port}`).join()}`,
    ports,
  );
}

function shared(key: string, ports: () => readonly ListenSpec[]): readonly Socket[] {
  let sockets = known.get(key);
  if (sockets === undefined) {
    const unique = new Map(ports().map(({ proto, port }) => [`${proto}/${port}`, Object.freeze(listener(proto, port, 'pod'))]));
    sockets = Object.freeze([...unique.values()]);
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(key, sockets);
  }
  return sockets;
}

/** Who holds the sockets of a pod on the host's network: they go with the pod. */
export function hostOwner(pod: Pod): string {
  return `pod ${keyOf(pod)}`;
}

function listenOf({ protocol, port }: ReturnType<typeof declaredListeners>[number]): ListenSpec[] {
  return protocol === 'SCTP' ? [] : [{ proto: protocol === 'TCP' ? 'tcp' : 'udp', port }];
}
