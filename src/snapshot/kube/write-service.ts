import { isIpv4Text } from '../../kube/objects/address.ts';
import type { Endpoint, EndpointSlice } from '../../kube/objects/endpoint-slice.ts';
import type { Service, ServicePort } from '../../kube/objects/service.ts';
import type { JsonRow } from '../write/json-row.ts';
import { labelCells, metadata } from './write-workload.ts';

/** A service as `kubectl get services -o json` prints it. */
export function serviceManifest(service: Service): JsonRow {
  const { clusterIP, affinitySeconds, ingress } = service;
  const address = clusterIP === null ? null : clusterIP === 'None' ? 'None' : clusterIP.text;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(service, labelCells('annotations', service.annotations)),
    spec: {
      type: service.type,
      ...(address === null ? {} : { clusterIP: address, clusterIPs: [address] }),
      ...(service.selector === null ? {} : { selector: { ...service.selector } }),
      ports: service.ports.map(portRow),
      ...list(
        'externalIPs',
        service.externalIPs.map(({ text }) => text),
      ),
      sessionAffinity: affinitySeconds === null ? 'None' : 'ClientIP',
      ...(affinitySeconds === null ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } } }),
      externalTrafficPolicy: service.externalTrafficPolicy,
      internalTrafficPolicy: service.internalTrafficPolicy,
      ...list(
        'loadBalancerSourceRanges',
        service.loadBalancerSourceRanges.map(({ text }) => text),
      ),
      ...text('loadBalancerIP', service.loadBalancerIP),
      ...text('loadBalancerClass', service.loadBalancerClass),
      allocateLoadBalancerNodePorts: service.allocateLoadBalancerNodePorts,
      ...(service.healthCheckNodePort === 0 ? {} : { healthCheckNodePort: service.healthCheckNodePort }),
      ...(service.publishNotReadyAddresses ? { publishNotReadyAddresses: true } : {}),
      ...text('externalName', service.externalName),
      ...text('trafficDistribution', service.trafficDistribution),
    },
    status: { loadBalancer: ingress.length === 0 ? {} : { ingress: ingress.map(({ ip, ipMode }) => ({ ip: ip.text, ipMode })) } },
  };
}

function text(key: string, value: string | null): JsonRow {
  return value === null ? {} : { [key]: value };
}

function list(key: string, values: readonly string[]): JsonRow {
  return values.length === 0 ? {} : { [key]: values };
}

function portRow(port: ServicePort): JsonRow {
  return {
    ...(port.name === '' ? {} : { name: port.name }),
    port: port.port,
    targetPort: port.targetPort,
    protocol: port.protocol,
    ...(port.nodePort === 0 ? {} : { nodePort: port.nodePort }),
    ...text('appProtocol', port.appProtocol),
  };
}

/** Tells whose endpoints a slice lists. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** A slice as `kubectl get endpointslices -o json` prints it: with the label of its service, where it was made without. */
export function sliceManifest(slice: EndpointSlice): JsonRow {
  const labels = slice.serviceName === null ? slice.labels : { [SERVICE_NAME_LABEL]: slice.serviceName, ...slice.labels };
  const isIpv6 = slice.endpoints.some(({ addresses }) => addresses.some((address) => !isIpv4Text(address)));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata({ ...slice, labels }),
    addressType: isIpv6 ? 'IPv6' : 'IPv4',
    endpoints: slice.endpoints.map(endpointRow),
    ports: slice.ports.map(({ name, port, protocol }) => ({ name, port, protocol })),
  };
}

function endpointRow(endpoint: Endpoint): JsonRow {
  const { ready, serving, terminating, forZones, forNodes } = endpoint;
  const named = (names: readonly string[]): JsonRow[] => names.map((name) => ({ name }));
  const hints = {
    ...(forZones.length === 0 ? {} : { forZones: named(forZones) }),
    ...(forNodes.length === 0 ? {} : { forNodes: named(forNodes) }),
  };
  return {
    addresses: endpoint.addresses,
    conditions: { ready, serving, terminating },
    ...text('nodeName', endpoint.nodeName),
    ...text('zone', endpoint.zone),
    ...(Object.keys(hints).length === 0 ? {} : { hints }),
  };
}
