import { parseIpSloppy } from './address.ts';
import type { Field } from './field.ts';
import { type ObjectMeta, labelOf, readMeta } from './meta.ts';
import { type Protocol, PROTOCOLS } from './pod.ts';

export interface Endpoint {
  /** In the canonical text of their family; kube-proxy uses the first one only. A derived endpoint shares the list of its pod. */
  readonly addresses: readonly string[];
  readonly nodeName: string | null;
  readonly zone: string | null;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Topology hints: the zones and nodes whose proxies should use this endpoint. */
  readonly forZones: readonly string[];
  readonly forNodes: readonly string[];
}

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

export interface EndpointSlice extends ObjectMeta {
  /** The service in the same namespace that it belongs to; `null`: nobody reads it. */
  readonly serviceName: string | null;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly EndpointPort[];
  /**
   * `given`: written by hand or by a controller that podwalk does not play; `managed`: as the endpoint slice controller had left it in a
   * dump; `mirrored` from an Endpoints object; `derived` from a selector.
   */
  readonly origin: 'given' | 'managed' | 'mirrored' | 'derived';
}

const MAX_ENDPOINTS = 10_000;
const MAX_PORTS = 250;
const CONTROLLER = 'endpointslice-controller.k8s.io';

/** Reads a discovery.k8s.io/v1 EndpointSlice. @source pkg/proxy/endpointslicecache.go for the defaults of the conditions */
export function readEndpointSlice(object: Field, defaultNamespace: string): EndpointSlice | null {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return null;
  const fqdn = object.get('addressType').required('an address type').oneOf(['IPv4', 'IPv6', 'FQDN'], 'IPv4') === 'FQDN';
  const managed = labelOf(meta.labels, 'endpointslice.kubernetes.io/managed-by') === CONTROLLER;
  return {
    ...meta,
    serviceName: labelOf(meta.labels, 'kubernetes.io/service-name') ?? null,
    endpoints: fqdn ? [] : object.get('endpoints').items(MAX_ENDPOINTS).map(readEndpoint),
    ports: readPorts(object.get('ports')),
    origin: managed ? 'managed' : 'given',
  };
}

function readEndpoint(field: Field): Endpoint {
  const conditions = field.mapping('conditions');
  const hints = field.mapping('hints');
  return {
    addresses: field.get('addresses').required('a list of addresses').items(100).flatMap(readAddress),
    nodeName: field.get('nodeName').text(253),
    zone: field.get('zone').text(253),
    ready: conditions.get('ready').bool(true),
    serving: conditions.get('serving').bool(true),
    terminating: conditions.get('terminating').bool(false),
    forZones: readNames(hints.get('forZones')),
    forNodes: readNames(hints.get('forNodes')),
  };
}

function readNames(list: Field): string[] {
  return list.items(64).flatMap((item) => item.get('name').text(253) ?? []);
}

function readAddress(field: Field): string[] {
  const address = field.required('an IP address').parsed(parseIpSloppy, 'an IP address');
  return address === null ? [] : [address.text];
}

/** kube-proxy ignores a port without a number; a port without a name has the empty one. */
function readPorts(list: Field): EndpointPort[] {
  return list.items(MAX_PORTS).flatMap((item) => {
    const port = item.get('port').int(0, 65535);
    if (port === null || port === 0) return [];
    return [{ name: item.get('name').text(63) ?? '', port, protocol: item.get('protocol').oneOf(PROTOCOLS, 'TCP') }];
  });
}

/**
 * Reads a v1 Endpoints object as the slices that Kubernetes mirrors it to, one for each subset.
 * @source pkg/controller/endpointslicemirroring
 */
export function readEndpoints(object: Field, defaultNamespace: string): EndpointSlice[] {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return [];
  return object
    .get('subsets')
    .items(1000)
    .map((subset, index) => ({
      ...meta,
      name: `${meta.name}-${index}`,
      serviceName: meta.name,
      endpoints: [
        ...subset
          .get('addresses')
          .items(MAX_ENDPOINTS)
          .map((item) => mirrored(item, true)),
        ...subset
          .get('notReadyAddresses')
          .items(MAX_ENDPOINTS)
          .map((item) => mirrored(item, false)),
      ],
      ports: readPorts(subset.get('ports')),
      origin: 'mirrored' as const,
    }));
}

function mirrored(item: Field, ready: boolean): Endpoint {
  return {
    addresses: readAddress(item.get('ip')),
    nodeName: item.get('nodeName').text(253),
    zone: null,
    ready,
    serving: ready,
    terminating: false,
    forZones: [],
    forNodes: [],
  };
}
