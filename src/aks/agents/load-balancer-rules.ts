import type { LbRule, Probe } from '../../azure/load-balancer.ts';
import { PROBE_INTERVAL_MS, PROBE_THRESHOLD, probeTarget } from '../../kube/health/probe-target.ts';
import { type Service, type ServicePort, azureAnnotation, isFloatingIpDisabled } from '../../kube/objects/service.ts';
import { ruleName } from './load-balancer-names.ts';

/** The backend pool of services. @source cloud-provider-azure getBackendPoolName */
export const SERVICE_POOL = 'kubernetes';

/** The rule and the probe that one port of a service gets; no rule for a protocol that Azure does not balance. */
export interface PortRules {
  readonly rule: LbRule;
  readonly probe: Probe | null;
}

/** @source cloud-provider-azure azure_loadbalancer.go getExpectedLBRules */
export function portRules(service: Service, frontend: string, port: ServicePort): PortRules | null {
  if (port.protocol === 'SCTP') return null;
  const name = ruleName(frontend, port);
  const probe = probeOf(service, name, port);
  const floatingIp = !isFloatingIpDisabled(service);
  return {
    probe,
    rule: {
      name,
      frontend,
      pool: SERVICE_POOL,
      protocol: port.protocol === 'TCP' ? 'tcp' : 'udp',
      frontendPort: port.port,
      backendPort: floatingIp ? port.port : port.nodePort,
      floatingIp,
      distribution: service.affinitySeconds === null ? 'default' : 'sourceIp',
      probe: probe?.name ?? null,
      idleMinutes: idleMinutes(service),
      tcpReset: true,
      disableOutboundSnat: true,
    },
  };
}

function idleMinutes(service: Service): number {
  const minutes = Number(azureAnnotation(service, 'load-balancer-tcp-idle-timeout') ?? 4);
  return Number.isInteger(minutes) && minutes >= 4 && minutes <= 100 ? minutes : 4;
}

function probeOf(service: Service, name: string, port: ServicePort): Probe | null {
  const timing = { name, intervalSeconds: PROBE_INTERVAL_MS / 1000, threshold: PROBE_THRESHOLD };
  const target = probeTarget(service, port);
  switch (target.kind) {
    case 'tcp':
      return { ...timing, protocol: 'tcp', port: target.port, path: null };
    case 'http':
    case 'https':
      return { ...timing, protocol: target.kind, port: target.port, path: target.path };
    case 'none':
    case 'unknown':
      return null;
  }
}
