import { probePasses } from '../azure/probe-passes.ts';
import { healthCheckAnswers } from '../kube/health/health-check.ts';
import { probeTarget } from '../kube/health/probe-target.ts';
import { slicesByService } from '../kube/kube-proxy/view.ts';
import { isIpv4Text } from '../kube/objects/address.ts';
import type { EndpointSlice } from '../kube/objects/endpoint-slice.ts';
import { keyOf } from '../kube/objects/meta.ts';
import type { Service, ServicePort } from '../kube/objects/service.ts';
import { isInternalLoadBalancer } from '../kube/objects/service.ts';
import { type Ipv4, parseIpv4 } from '../wire/ipv4.ts';
import type { Cluster } from '../world/cluster.ts';
import type { FrozenWorld, World } from '../world/world.ts';
import { hasFrontend } from './agents/azure-load-balancer.ts';
import { frontendName, ruleName } from './agents/load-balancer-names.ts';
import { own } from './record.ts';

/** What a health probe of a load balancer finds at one node. */
export interface ProbeResult {
  readonly lb: string;
  readonly probe: string;
  readonly nic: string;
  readonly healthy: boolean;
}

/**
 * What the probes of the cluster's load balancers find, as far as objects and listeners tell: kube-proxy's answer on health check node ports;
 * for a probe of a node port whether any ready endpoint listens. An HTTP answer of an application is taken to be 200. Security groups on the
 * way of a probe count; tables of the node itself do not.
 */
export function probeResults(world: FrozenWorld): ProbeResult[] {
  const { cluster } = world;
  if (cluster === null) return [];
  const { names } = cluster.network;
  const slices = slicesByService(cluster.objects.endpointSlices);
  const pods = podListeners(world, cluster);
  return cluster.objects.services.filter(hasFrontend).flatMap((service) => {
    const lb = isInternalLoadBalancer(service) ? names.internalLoadBalancer : names.loadBalancer;
    const frontend = frontendName(service);
    const own = slices.get(keyOf(service)) ?? [];
    return service.ports.flatMap((port) => {
      const health = healthOf(service, port, own, pods);
      if (health === null) return [];
      return Object.values(cluster.nodes).map((node) => ({
        lb,
        probe: ruleName(frontend, port),
        nic: node.nic,
        healthy: health.check(node.name) && (world.fabric === null || probePasses(world.fabric, node.nic, node.addr, health.port)),
      }));
    });
  });
}

/** The port of a node that a probe asks, and whether a node passes it. */
interface Health {
  readonly port: number;
  readonly check: (node: string) => boolean;
}

/** How a service's port is probed; null for one that is not. */
function healthOf(
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  pods: (addr: Ipv4, port: number) => boolean,
): Health | null {
  const target = probeTarget(service, port);
  switch (target.kind) {
    case 'none':
    case 'unknown':
      return null;
    case 'tcp':
    case 'https':
      return { port: target.port, check: same(someoneListens(port, slices, pods)) };
    case 'http':
      if (target.port !== service.healthCheckNodePort) return { port: target.port, check: same(someoneListens(port, slices, pods)) };
      return { port: target.port, check: (node) => healthCheckAnswers(service, node, slices)?.status === 200 };
  }
}

function same(healthy: boolean): () => boolean {
  return () => healthy;
}

function someoneListens(port: ServicePort, slices: readonly EndpointSlice[], pods: (addr: Ipv4, port: number) => boolean): boolean {
  return slices.some((slice) =>
    slice.ports.some(
      (target) =>
        target.name === port.name &&
        slice.endpoints.some((endpoint) => {
          if (!endpoint.ready) return false;
          const addr = parseIpv4(endpoint.addresses.find(isIpv4Text) ?? '');
          return addr !== null && pods(addr, target.port);
        }),
    ),
  );
}

/** Asks whether a pod listens on a TCP port; of an address that is no pod's nobody knows, and it is taken to listen. */
function podListeners(world: World, cluster: Cluster): (addr: Ipv4, port: number) => boolean {
  const byAddress = new Map<Ipv4, { machine: string; netns: string }>();
  for (const node of Object.values(cluster.nodes)) byAddress.set(node.addr, { machine: node.machine, netns: 'root' });
  for (const sandbox of Object.values(cluster.sandboxes))
    if (sandbox.attachment !== null && sandbox.error === null) byAddress.set(sandbox.attachment.addr, sandbox);
  return (addr, port) => {
    const place = byAddress.get(addr);
    if (place === undefined) return true;
    const sockets = own(world.machines, place.machine)?.netns[place.netns]?.sockets ?? [];
    return sockets.some((socket) => socket.proto === 'tcp' && socket.port === port && socket.peer === null);
  };
}
