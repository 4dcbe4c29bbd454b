import { keyOf } from '../../kube/objects/meta.ts';
import type { Service, ServicePort } from '../../kube/objects/service.ts';
import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import type { World } from '../../world/world.ts';
import { own } from '../record.ts';
import { oneOf } from './place.ts';
import { type EndpointProblem, type ServiceEndpoint, type ServiceFace, problem } from './syntax.ts';

/** An address to send to, with its port and protocol where the endpoint says so. */
export interface Target {
  readonly addr: Ipv4;
  readonly port: number | null;
  readonly proto: 'tcp' | 'udp' | null;
}

/** What a probe speaks. */
export type Spoken = 'tcp' | 'udp' | 'icmp';

/** The service of that name. */
export function findService(world: World, namespace: string, name: string): Service | EndpointProblem {
  const services = world.cluster?.objects.services ?? [];
  const service = services.find((one) => one.namespace === namespace && one.name === name);
  return service ?? problem(`there is no service ${namespace}/${name}`, oneOf(services.map(keyOf), 'service'));
}

/**
 * Where packets to a service go.
 * @param inside whether they come from the cluster
 * @param wanted the protocol that will be spoken, where that is settled
 */
export function serviceTarget(world: World, endpoint: ServiceEndpoint, inside: boolean, wanted: Spoken | null): Target | EndpointProblem {
  const service = findService(world, endpoint.namespace, endpoint.name);
  if ('message' in service) return service;
  if (service.type === 'ExternalName')
    return problem(`service ${keyOf(service)} is only a name for ${service.externalName ?? 'a host'}`, 'that host, or its address');
  const face = endpoint.face.kind === 'auto' ? { kind: inside ? ('cluster' as const) : ('lb' as const) } : endpoint.face;
  const addr = faceAddress(world, service, face);
  if (typeof addr !== 'number') return addr;
  if (wanted === 'icmp' && endpoint.port === null) return { addr, port: null, proto: null };
  const port = servicePort(service, endpoint.port, wanted);
  if ('message' in port) return port;
  const proto = port.protocol === 'UDP' ? 'udp' : port.protocol === 'TCP' ? 'tcp' : null;
  return { addr, port: face.kind === 'node' ? port.nodePort : port.port, proto };
}

function servicePort(service: Service, wanted: number | string | null, spoken: Spoken | null): ServicePort | EndpointProblem {
  const list = service.ports.map(({ name, port }) => (name === '' ? String(port) : `${port} (${name})`)).join(', ');
  if (wanted === null) {
    const candidates = service.ports.length === 1 ? service.ports : speaking(service, spoken);
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return only;
    return problem(`service ${keyOf(service)} has ${service.ports.length} ports`, `one of its ports: ${list}`);
  }
  const named = service.ports.filter(({ name, port }) => port === wanted || (typeof wanted === 'string' && name === wanted));
  // A port may be there for both protocols.
  const found = named.find((port) => speaking(service, spoken).includes(port)) ?? named[0];
  return found ?? problem(`service ${keyOf(service)} has no port ${wanted}`, list === '' ? 'a service with ports' : `one of ${list}`);
}

/** The ports of one protocol. */
function speaking({ ports }: Service, spoken: Spoken | null): readonly ServicePort[] {
  return ports.filter(({ protocol }) => protocol === spoken?.toUpperCase());
}

function faceAddress(world: World, service: Service, face: ServiceFace): Ipv4 | EndpointProblem {
  const key = keyOf(service);
  switch (face.kind) {
    case 'auto':
    case 'cluster':
      return clusterIps(service)[0] ?? problem(`service ${key} has no ClusterIP`, 'a service that is not headless; send to its pods');
    case 'lb':
      return lbIps(service)[0] ?? problem(`service ${key} has no load-balancer address`, 'a service of type LoadBalancer');
    case 'external':
      return texts(service.externalIPs)[0] ?? problem(`service ${key} has no external address`, 'a service with externalIPs');
    case 'node': {
      const node = own(world.cluster?.nodes ?? {}, face.node);
      if (node === undefined) return problem(`there is no node ${face.node}`, oneOf(Object.keys(world.cluster?.nodes ?? {}), 'node'));
      const hasPort = service.ports.some(({ nodePort }) => nodePort > 0);
      return hasPort ? node.addr : problem(`service ${key} has no node port`, 'a service of type NodePort or LoadBalancer');
    }
  }
}

/** The addresses of a service, the ClusterIP first. */
export function serviceAddresses(service: Service): readonly Ipv4[] {
  return [...clusterIps(service), ...lbIps(service), ...texts(service.externalIPs)];
}

function clusterIps(service: Service): Ipv4[] {
  return service.clusterIP === null || service.clusterIP === 'None' ? [] : texts([service.clusterIP]);
}

function lbIps(service: Service): Ipv4[] {
  return texts(service.ingress.map(({ ip }) => ip));
}

function texts(addresses: readonly { readonly family: 4 | 6; readonly text: string }[]): Ipv4[] {
  return addresses.flatMap(({ family, text }) => (family === 4 ? (parseIpv4(text) ?? []) : []));
}
