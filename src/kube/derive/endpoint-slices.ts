import { isEqual } from '../objects/equal.ts';
import type { ClusterObjects } from '../objects/cluster-objects.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../objects/endpoint-slice.ts';
import { NO_LABELS, keyOf } from '../objects/meta.ts';
import { type Node, nodeZone } from '../objects/node.ts';
import { type Pod, isTerminal } from '../objects/pod.ts';
import type { Service, ServicePort } from '../objects/service.ts';
import { PodIndex } from './pod-index.ts';

const NONE: readonly never[] = Object.freeze([]);

type DerivationInput = Pick<ClusterObjects, 'nodes' | 'pods' | 'services' | 'endpointSlices'>;

/**
 * Plays the endpoint slice controller: the slices of every service with a selector, made from the pods that have an address.
 * Slices that somebody gave are kept and stand in for derived ones. Slices that a cluster's own controller had made (`managed`) count as
 * given until `takeOver` says that pods or services have been edited since. Slices that come out as before are the identical objects.
 * @source k8s.io/endpointslice reconciler.go, utils.go
 */
export function deriveEndpointSlices(objects: DerivationInput, takeOver = false): EndpointSlice[] {
  const controlled = new Set(objects.services.filter(({ selector }) => selector !== null).map(keyOf));
  const kept: EndpointSlice[] = [];
  const previous = new Map<string, EndpointSlice>();
  for (const slice of objects.endpointSlices) {
    const ours = slice.origin === 'derived' || (takeOver && slice.origin === 'managed' && controlled.has(ownerOf(slice)));
    if (!ours) kept.push(slice);
    else if (slice.origin === 'derived') previous.set(keyOf(slice), slice);
  }
  const taken = new Set(kept.map(ownerOf));
  const index = new PodIndex(objects.pods);
  const nodes = new Map(objects.nodes.map((node) => [node.name, node]));
  const derived = objects.services
    .filter((service) => !taken.has(keyOf(service)))
    .flatMap((service) => slicesOf(service, index, nodes))
    .map((slice) => {
      const before = previous.get(keyOf(slice));
      return before !== undefined && isEqual(before, slice) ? before : slice;
    });
  return [...kept, ...derived];
}

function ownerOf({ namespace, serviceName }: EndpointSlice): string {
  return `${namespace}/${serviceName ?? ''}`;
}

/** One slice for each set of port numbers that the pods resolve the service's ports to. */
function slicesOf(service: Service, index: PodIndex, nodes: ReadonlyMap<string, Node>): EndpointSlice[] {
  if (service.selector === null || service.type === 'ExternalName') return [];
  const alike = portsOfAny(service);
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>();
  for (const pod of index.select(service.namespace, service.selector)) {
    if (isTerminal(pod) || pod.nodeName === null) continue;
    const node = nodes.get(pod.nodeName);
    const addresses = pod.podIPs.length > 0 ? onlyFirst(pod.podIPs) : pod.hostNetwork ? onlyFirst(node?.internalIPs ?? []) : NONE;
    if (addresses.length === 0) continue;
    const ports = alike ?? service.ports.flatMap((port) => resolvePort(pod, port) ?? []);
    const key = alike === null ? JSON.stringify(ports) : '';
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(service, pod, addresses, node));
  }
  const spread = service.trafficDistribution;
  return [...groups.values()].map(({ ports, endpoints }, n) => ({
    namespace: service.namespace,
    name: `${service.name}-${n}`,
    labels: NO_LABELS,
    source: null,
    serviceName: service.name,
    // A copy is as long as its content; a list that grew holds room for more.
    endpoints: spread === null ? endpoints.slice() : withHints(endpoints, spread),
    ports,
    origin: 'derived',
  }));
}

/** A list of one is the object's own list. */
function onlyFirst(addresses: readonly string[]): readonly string[] {
  return addresses.length > 1 ? addresses.slice(0, 1) : addresses;
}

function endpointOf(service: Service, pod: Pod, addresses: readonly string[], node: Node | undefined): Endpoint {
  return {
    addresses,
    nodeName: pod.nodeName,
    zone: node === undefined ? null : nodeZone(node),
    ready: service.publishNotReadyAddresses || (pod.ready && !pod.terminating),
    serving: pod.ready,
    terminating: pod.terminating,
    forZones: NONE,
    forNodes: NONE,
  };
}

/** @source k8s.io/endpointslice trafficdist: every ready endpoint is hinted to its own zone or node, unless one of them has none */
function withHints(endpoints: readonly Endpoint[], distribution: string): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (ready.some(({ zone }) => zone === null)) return endpoints;
  const sameNode = distribution === 'PreferSameNode';
  if (!sameNode && distribution !== 'PreferClose' && distribution !== 'PreferSameZone') return endpoints;
  return endpoints.map((endpoint) =>
    endpoint.ready
      ? {
          ...endpoint,
          forZones: endpoint.zone === null ? [] : [endpoint.zone],
          forNodes: sameNode && endpoint.nodeName !== null ? [endpoint.nodeName] : [],
        }
      : endpoint,
  );
}

/** The ports of a service that names none of them by a pod's own name for it: the same for every pod; else null. */
function portsOfAny({ ports }: Service): EndpointPort[] | null {
  const numbered = ports.flatMap(({ name, targetPort: port, protocol }) => (typeof port === 'number' ? [{ name, port, protocol }] : []));
  return numbered.length === ports.length ? numbered : null;
}

/** The number behind a service port on a pod; `null` when the port's name is none of the pod's. @source pkg/api/v1/pod FindPort */
function resolvePort(pod: Pod, { name, targetPort, protocol }: ServicePort): EndpointPort | null {
  if (typeof targetPort === 'number') return { name, port: targetPort, protocol };
  const named = pod.ports.find((port) => port.name === targetPort && port.protocol === protocol);
  return named === undefined ? null : { name, port: named.port, protocol };
}
