import type { EndpointSlice } from '../objects/endpoint-slice.ts';
import type { Service } from '../objects/service.ts';
import { proxiedPorts } from '../kube-proxy/service-ports.ts';
import { portEndpoints } from '../kube-proxy/endpoints.ts';

/** What kube-proxy answers to GET on a service's health check node port. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  /** Ready endpoints on the node, which the body tells too. Terminating ones do not count: the load balancer drains the node. */
  readonly localEndpoints: number;
}

/**
 * The answer of a node's kube-proxy on the health check node port; `null` when the service has none (nobody listens).
 * @source pkg/proxy/healthcheck/service_health.go, pkg/proxy/endpointschangetracker.go LocalReadyEndpoints
 */
export function healthCheckAnswers(service: Service, node: string, slices: readonly EndpointSlice[]): HealthAnswer | null {
  const ports = proxiedPorts(service);
  if (!ports.some(({ healthCheckNodePort }) => healthCheckNodePort !== 0)) return null;
  const own = slices.filter(({ namespace, serviceName }) => namespace === service.namespace && serviceName === service.name);
  const local = ports
    .flatMap((port) => portEndpoints(own, port, node))
    .filter(({ source }) => source.nodeName === node && source.ready)
    .map(({ ip }) => ip);
  const localEndpoints = new Set(local).size;
  return { status: localEndpoints > 0 ? 200 : 503, localEndpoints };
}
