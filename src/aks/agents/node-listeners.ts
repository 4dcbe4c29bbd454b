import { proxiedPorts } from '../../kube/kube-proxy/service-ports.ts';
import type { Service } from '../../kube/objects/service.ts';
import type { Netns } from '../../linux/netns.ts';
import type { Socket } from '../../linux/socket.ts';
import { type Ipv4, LOOPBACK } from '../../wire/ipv4.ts';

const HEALTH_CHECK = 'kube-proxy, health check of ';

/** A listening socket. @param addr null: every address */
export function listener(proto: 'tcp' | 'udp', port: number, owner: string | null, addr: Ipv4 | null = null): Socket {
  return { proto, addr, port, dev: null, peer: null, answers: true, owner };
}

/** What listens on every AKS node. @source `ss -ltn` on a node: kubelet, kube-proxy, sshd */
export const NODE_LISTENERS: readonly Socket[] = [
  listener('tcp', 22, 'sshd'),
  listener('tcp', 10_250, 'kubelet'),
  listener('tcp', 10_248, 'kubelet', LOOPBACK),
  listener('tcp', 10_256, 'kube-proxy'),
  listener('tcp', 10_249, 'kube-proxy', LOOPBACK),
];

const memo = new WeakMap<readonly Service[], readonly Socket[]>();

/** kube-proxy opens the health check node port of a service on every node, whether an endpoint is there or not. */
function healthListeners(services: readonly Service[]): readonly Socket[] {
  let sockets = memo.get(services);
  if (sockets === undefined) {
    sockets = services.flatMap((service) => {
      const ports = new Set(proxiedPorts(service).map((port) => port.healthCheckNodePort));
      ports.delete(0);
      return [...ports].map((port) => listener('tcp', port, `${HEALTH_CHECK}${service.namespace}/${service.name}`));
    });
    memo.set(services, sockets);
  }
  return sockets;
}

/** Opens and closes health check node ports as the services ask. */
export function syncHealthListeners(netns: Netns, services: readonly Service[]): void {
  const wanted = healthListeners(services);
  const present = netns.sockets.filter((socket) => socket.owner?.startsWith(HEALTH_CHECK) === true);
  if (present.length === wanted.length && present.every((socket, i) => socket === wanted[i])) return;
  if (present.length === 0 && wanted.length === 0) return;
  netns.sockets = [...netns.sockets.filter((socket) => socket.owner?.startsWith(HEALTH_CHECK) !== true), ...wanted];
}
