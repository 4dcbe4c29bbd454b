import { describe, expect, it } from 'vitest';
import { healthCheckAnswers } from '../../../src/kube/health/health-check.ts';
import { probeTarget } from '../../../src/kube/health/probe-target.ts';
import type { Endpoint } from '../../../src/kube/objects/endpoint-slice.ts';
import { type Service, newService } from '../../../src/kube/objects/service.ts';

const port = { name: '', port: 80, targetPort: 8080, protocol: 'TCP' as const, nodePort: 30080, appProtocol: null };

function front(fields: Partial<Service> = {}): Service {
  const clusterIP = { family: 4 as const, text: '10.0.1.1' };
  return newService({ namespace: 'default', name: 'front', type: 'LoadBalancer', clusterIP, ports: [port], ...fields });
}
const LOCAL = front({ externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 });

function slices(...endpoints: Partial<Endpoint>[]): Parameters<typeof healthCheckAnswers>[2] {
  const whole = endpoints.map((one, n) => {
    const base = { nodeName: 'a', zone: null, ready: true, serving: true, terminating: false, forZones: [], forNodes: [] };
    return { addresses: [`10.244.0.${n + 2}`], ...base, ...one };
  });
  const ports = [{ name: '', port: 8080, protocol: 'TCP' as const }];
  return [{ namespace: 'default', name: 'x', labels: {}, source: null, serviceName: 'front', endpoints: whole, ports, origin: 'given' }];
}

describe('the health check node port', () => {
  it('answers 200 on a node with a ready endpoint and 503 on any other', () => {
    const endpoints = slices({}, {}, { nodeName: 'b' });
    expect(healthCheckAnswers(LOCAL, 'a', endpoints)).toEqual({ status: 200, localEndpoints: 2 });
    expect(healthCheckAnswers(LOCAL, 'c', endpoints)).toEqual({ status: 503, localEndpoints: 0 });
  });

  it('answers 503 while the last endpoint of the node terminates', () => {
    expect(healthCheckAnswers(LOCAL, 'a', slices({ ready: false, terminating: true }))?.status).toBe(503);
  });

  it('does not exist under the policy Cluster', () => {
    expect(healthCheckAnswers(front({ healthCheckNodePort: 31000 }), 'a', slices({}))).toBeNull();
  });
});

describe("the probe of Azure's load balancer", () => {
  const annotated = (name: string, value: string): Service => front({ annotations: { [`service.beta.kubernetes.io/${name}`]: value } });

  it('asks the health check node port under the policy Local, for UDP too', () => {
    expect(probeTarget(LOCAL, port)).toEqual({ kind: 'http', port: 31000, path: '/healthz' });
    expect(probeTarget(LOCAL, { ...port, protocol: 'UDP' })).toEqual({ kind: 'http', port: 31000, path: '/healthz' });
  });

  it('connects to the node port under the policy Cluster', () => {
    expect(probeTarget(front(), port)).toEqual({ kind: 'tcp', port: 30080 });
  });

  it('asks for / when the port says that it speaks HTTP, or for the path of the annotation', () => {
    const http = { ...port, appProtocol: 'http' };
    expect(probeTarget(front(), http)).toEqual({ kind: 'http', port: 30080, path: '/' });
    const healthz = annotated('azure-load-balancer-health-probe-request-path', '/healthz');
    expect(probeTarget(healthz, http)).toEqual({ kind: 'http', port: 30080, path: '/healthz' });
    expect(probeTarget(annotated('port_80_health-probe_protocol', 'https'), port)).toMatchObject({ kind: 'https' });
  });

  it('is not sent for UDP', () => {
    expect(probeTarget(front(), { ...port, protocol: 'UDP' })).toEqual({ kind: 'none' });
  });

  it('is shared when the cluster shares one', () => {
    expect(probeTarget(front(), port, { port: 10356, path: '/healthz' })).toEqual({ kind: 'http', port: 10356, path: '/healthz' });
  });

  it('is unknown where there is no node port, or another port is asked for', () => {
    expect(probeTarget(front(), { ...port, nodePort: 0 }).kind).toBe('unknown');
    expect(probeTarget(annotated('port_80_health-probe_port', '8081'), port).kind).toBe('unknown');
  });
});
