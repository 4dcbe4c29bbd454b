import { labelOf } from '../objects/meta.ts';
import { type Service, type ServicePort, azureAnnotation, needsHealthCheck } from '../objects/service.ts';

/** How Azure's load balancer asks a node whether it can take flows for a port. */
export type ProbeTarget =
  | { readonly kind: 'tcp'; readonly port: number }
  /** Only status 200 is healthy. */
  | { readonly kind: 'http' | 'https'; readonly port: number; readonly path: string }
  /** Never asked: every node counts as healthy. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Probes are sent this often, and this many in a row decide. */
export const PROBE_INTERVAL_MS = 5_000;
export const PROBE_THRESHOLD = 2;

/** The port and path that all services with cluster-wide traffic share in the preview mode of shared probes. */
export interface SharedProbe {
  readonly port: number;
  readonly path: string;
}

/**
 * The probe of one port of a LoadBalancer service.
 * @source cloud-provider-azure azure_loadbalancer_healthprobe.go; AKS load-balancer-standard
 */
export function probeTarget(service: Service, port: ServicePort, shared: SharedProbe | null = null): ProbeTarget {
  if (needsHealthCheck(service)) {
    return service.healthCheckNodePort === 0
      ? { kind: 'unknown', reason: 'the service has no health check node port yet' }
      : { kind: 'http', port: service.healthCheckNodePort, path: '/healthz' };
  }
  if (shared !== null) return { kind: 'http', ...shared };
  if (port.protocol !== 'TCP' || portAnnotation(service, port, 'no_probe_rule') === 'true') return { kind: 'none' };
  if (port.nodePort === 0) return { kind: 'unknown', reason: 'the port has no node port to probe' };
  if (portAnnotation(service, port, 'health-probe_port') !== undefined) {
    return { kind: 'unknown', reason: 'a probe port chosen by annotation is not modelled' };
  }
  const protocol = (
    portAnnotation(service, port, 'health-probe_protocol') ??
    azureAnnotation(service, 'load-balancer-health-probe-protocol') ??
    port.appProtocol ??
    'tcp'
  ).toLowerCase();
  if (protocol !== 'http' && protocol !== 'https') return { kind: 'tcp', port: port.nodePort };
  const path =
    portAnnotation(service, port, 'health-probe_request-path') ??
    azureAnnotation(service, 'load-balancer-health-probe-request-path') ??
    '/';
  return { kind: protocol, port: port.nodePort, path };
}

function portAnnotation(service: Service, { port }: ServicePort, name: string): string | undefined {
  return labelOf(service.annotations, `service.beta.kubernetes.io/port_${port}_${name}`);
}
