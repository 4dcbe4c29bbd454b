import { parseListen } from '../schema/field.ts';
import type { PodEntry, ServiceEntry, ServicePortEntry } from '../schema/workload.ts';

/** Leaves out what is undefined, so that the object looks as if somebody had written it. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The names of the pods of an entry: its own, or NAME-0, NAME-1 … */
export function podNames(entry: PodEntry): string[] {
  return entry.replicas === undefined ? [entry.name] : Array.from({ length: entry.replicas }, (_, index) => `${entry.name}-${index}`);
}

/** A pod's short form as v1 Pods. @param nodeName the name of the node that the entry asks for */
export function podObjects(entry: PodEntry, nodeName: string | undefined): object[] {
  return podNames(entry).map((name) => {
    const status = given({
      podIP: entry.ip,
      conditions: entry.ready === false ? [{ type: 'Ready', status: 'False' }] : undefined,
    });
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: given({ name, namespace: entry.namespace, labels: entry.labels ?? { app: entry.name } }),
      spec: given({
        nodeName,
        hostNetwork: entry.hostNetwork,
        containers: [{ name: 'main', image: 'main', ports: containerPorts(entry) }],
      }),
      ...(Object.keys(status).length === 0 ? {} : { status }),
    };
  });
}

function containerPorts(entry: PodEntry): object[] {
  const listening = (entry.listens ?? []).flatMap((text) => parseListen(text) ?? []);
  const open = listening.map(({ proto, port }) => ({ containerPort: port, protocol: proto.toUpperCase() }));
  const mapped = (entry.hostPorts ?? []).map(({ hostPort, port, proto, hostIP }) =>
    given({ containerPort: port, hostPort, hostIP, protocol: (proto ?? 'tcp').toUpperCase() }),
  );
  return [...open, ...mapped];
}

/** A service's short form as a v1 Service, with an EndpointSlice where its endpoints are written out. */
export function serviceObjects(entry: ServiceEntry): object[] {
  const ports = (entry.ports ?? []).map(servicePort);
  const many = ports.length > 1;
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: given({ name: entry.name, namespace: entry.namespace, annotations: annotations(entry) }),
    spec: given({
      type: entry.type,
      clusterIP: entry.clusterIP,
      selector: selectorOf(entry),
      ports: ports.map(({ name, proto, port, targetPort, nodePort }, index) =>
        given({ name: name ?? (many ? `port-${index}` : undefined), protocol: proto?.toUpperCase(), port, targetPort, nodePort }),
      ),
      externalIPs: entry.externalIPs,
      loadBalancerIP: entry.loadBalancerIP,
      loadBalancerSourceRanges: entry.loadBalancerSourceRanges,
      externalTrafficPolicy: entry.externalTrafficPolicy,
      internalTrafficPolicy: entry.internalTrafficPolicy,
      healthCheckNodePort: entry.healthCheckNodePort,
      sessionAffinity: entry.sessionAffinity,
      sessionAffinityConfig:
        entry.sessionAffinitySeconds === undefined ? undefined : { clientIP: { timeoutSeconds: entry.sessionAffinitySeconds } },
    }),
  };
  return entry.endpoints === undefined ? [service] : [service, endpointSlice(entry, entry.endpoints, ports)];
}

/** Pods of the same name, unless something else is said or the endpoints are written out. */
function selectorOf(entry: ServiceEntry): Record<string, string> | undefined {
  if (entry.selector !== undefined) return entry.selector ?? undefined;
  return entry.endpoints === undefined ? { app: entry.name } : undefined;
}

function servicePort(entry: number | string | ServicePortEntry): ServicePortEntry {
  if (typeof entry === 'object') return entry;
  const parsed = parseListen(entry);
  return { port: parsed?.port ?? 0, proto: parsed?.proto ?? 'tcp' };
}

function annotations(entry: ServiceEntry): Record<string, string> | undefined {
  if (entry.internal !== true) return entry.annotations;
  return { ...entry.annotations, 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' };
}

function endpointSlice(entry: ServiceEntry, endpoints: readonly string[], ports: readonly ServicePortEntry[]): object {
  const many = ports.length > 1;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: given({ name: `${entry.name}-1`, namespace: entry.namespace, labels: { 'kubernetes.io/service-name': entry.name } }),
    addressType: 'IPv4',
    ports: ports.map(({ name, proto, port, targetPort }, index) => ({
      name: name ?? (many ? `port-${index}` : ''),
      protocol: (proto ?? 'tcp').toUpperCase(),
      port: targetPort ?? port,
    })),
    endpoints: endpoints.map((address) => ({ addresses: [address] })),
  };
}
