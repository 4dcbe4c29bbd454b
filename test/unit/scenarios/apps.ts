import { openScenario, type OpenScenario } from '../../../src/scenario/open.ts';
import { filesFrom } from '../../../src/scenario/source/files.ts';
import { keyOf } from '../../../src/kube/objects/meta.ts';
import type { EndpointSlice } from '../../../src/kube/objects/endpoint-slice.ts';
import { type Service, type ServicePort, isInternalLoadBalancer } from '../../../src/kube/objects/service.ts';

export const MODES = ['kubenet', 'azure', 'overlay'] as const;
export type Mode = (typeof MODES)[number];

/** A cluster of three nodes with a machine beside it, and an application whose files are included by path. */
export function clusterWith(mode: Mode, files: Readonly<Record<string, string>>): OpenScenario {
  const text = `
cluster: { mode: ${mode}, nodes: 3, vnet: { prefixes: [10.224.0.0/12], subnets: [{ name: office, prefix: 10.225.0.0/24 }] } }
manifests: [${Object.keys(files).join(', ')}]
outside:
  vms: [{ name: office, subnet: aks-vnet-12345678/office, ip: 10.225.0.4, publicIp: 20.70.0.1 }]
`;
  return openScenario(text, { files: filesFrom(new Map(Object.entries(files))) });
}

/** One walk that an author of a Service means to work: from here to there, and who may answer. */
export interface Meant {
  readonly from: string;
  readonly to: string;
  readonly backends: readonly string[];
}

/**
 * What the author of each Service meant: every port from pods on every node that do not back it, and from the nodes; a load balancer from the
 * internet, an internal one from the office; a node port from the office on every node; a headless service by the pods that its name stands for.
 */
export function meantOf({ world }: OpenScenario): Meant[] {
  const objects = world.cluster?.objects;
  return (objects?.services ?? []).flatMap((service) => {
    const slices = (objects?.endpointSlices ?? []).filter(
      (slice) => slice.namespace === service.namespace && slice.serviceName === service.name,
    );
    if (service.type === 'ExternalName') return [];
    return service.ports.filter(({ protocol }) => protocol !== 'SCTP').flatMap((port) => meantOfPort(service, port, slices, world));
  });
}

type World = OpenScenario['world'];

function meantOfPort(service: Service, port: ServicePort, slices: readonly EndpointSlice[], world: World): Meant[] {
  const endpoints = slices.flatMap((slice) => {
    const target = slice.ports.find(({ name }) => name === port.name);
    return target === undefined ? [] : slice.endpoints.filter(({ ready }) => ready).map((endpoint) => ({ ...endpoint, port: target.port }));
  });
  const backends = endpoints.map(({ addresses, port: number }) => `${addresses[0] ?? ''}:${number}`);
  if (backends.length === 0) return [];
  const backing = new Set(endpoints.map(({ addresses }) => addresses[0]));
  const pods = (world.cluster?.objects.pods ?? []).filter((pod) => !pod.hostNetwork && !backing.has(pod.podIPs[0] ?? ''));
  const nodes = Object.keys(world.cluster?.nodes ?? {});
  const senders = nodes.flatMap((node) => {
    const pod = pods.find(({ nodeName }) => nodeName === node);
    return [...(pod === undefined ? [] : [`pod/${keyOf(pod)}`]), `node/${node}`];
  });
  const to = (suffix: string): string => `svc/${keyOf(service)}:${port.port}${suffix}`;
  const meant = (from: string, target: string): Meant => ({ from, to: target, backends });
  if (service.clusterIP === 'None')
    return senders.flatMap((from) => backends.map((backend) => ({ from, to: backend, backends: [backend] })));
  const inside = senders.map((from) => meant(from, to('')));
  const outside = service.type === 'LoadBalancer' ? [meant(isInternalLoadBalancer(service) ? 'vm/office' : 'internet', to('@lb'))] : [];
  const local =
    service.externalTrafficPolicy === 'Local' ? nodes.filter((node) => endpoints.some(({ nodeName }) => nodeName === node)) : nodes;
  const onNodes = service.type === 'NodePort' ? local.map((node) => meant('vm/office', to(`@node/${node}`))) : [];
  return [...inside, ...outside, ...onNodes];
}

/** The walks that do not come out as they were meant, each in a line; over every way that load is balanced. */
export function disappointments(app: OpenScenario): string[] {
  return meantOf(app).flatMap(({ from, to, backends }) => {
    const proto = protocolOf(app, to);
    return app.allBranches({ from, to, ...proto }).flatMap(({ outcome, text, delivered }) => {
      if (outcome === 'replied' && delivered !== null && backends.includes(delivered.dst)) return [];
      return [`${from} -> ${to}: ${outcome}, ${delivered?.dst ?? 'nobody'}: ${text}`];
    });
  });
}

/** A headless service is met by the address of a pod, which does not say its protocol. */
function protocolOf({ world }: OpenScenario, to: string): { proto?: 'tcp' | 'udp' } {
  if (to.startsWith('svc/')) return {};
  const number = Number(to.split(':')[1]);
  const udp = (world.cluster?.objects.endpointSlices ?? []).some((slice) =>
    slice.ports.some(({ port, protocol }) => port === number && protocol === 'UDP'),
  );
  return { proto: udp ? 'udp' : 'tcp' };
}
