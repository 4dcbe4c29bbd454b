import { describe, expect, it } from 'vitest';
import { openScenario } from '../../../src/scenario/open.ts';

const CLUSTER = `
cluster: { mode: azure }
pods:
  - { name: client, node: 0, listens: [tcp/9000] }
  - { name: web, node: 1, labels: { app: web }, listens: [tcp/80] }
services:
  - { name: web, ports: [80], selector: { app: web } }
manifests:
`;

function withPolicy(spec: string): ReturnType<typeof openScenario> {
  return openScenario(`${CLUSTER}  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: guard, namespace: default }
    spec: ${spec}
`);
}

describe('objects whose engine is not played', () => {
  it('an ingress policy makes new connections to its pods UNKNOWN, and names itself', () => {
    const twin = withPolicy('{ podSelector: { matchLabels: { app: web } }, ingress: [] }');
    const trace = twin.trace({ from: 'default/client', to: 'svc/default/web:80' });
    expect(trace).toMatchObject({ outcome: 'unknown', reason: 'POLICY' });
    expect(trace.text).toContain('NetworkPolicy default/guard');
  });

  it('an ingress policy lets its pods make connections, and hear the answers', () => {
    const twin = withPolicy('{ podSelector: { matchLabels: { app: web } }, ingress: [] }');
    expect(twin.trace({ from: 'default/web', to: 'default/client:9000' }).outcome).toBe('replied');
  });

  it('an egress policy makes connections of its pods UNKNOWN, and not those to them', () => {
    const twin = withPolicy('{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [] }');
    expect(twin.trace({ from: 'default/web', to: 'default/client:9000' }).reason).toBe('POLICY');
    expect(twin.trace({ from: 'default/client', to: 'default/web:80' }).outcome).toBe('replied');
  });

  it('a policy that selects other pods changes nothing', () => {
    const twin = withPolicy('{ podSelector: { matchLabels: { app: db } }, ingress: [] }');
    expect(twin.trace({ from: 'default/client', to: 'svc/default/web:80' }).outcome).toBe('replied');
  });

  it('a service that is left to another proxy is UNKNOWN by its address, its pods are not', () => {
    const twin = openScenario(`${CLUSTER}  - apiVersion: v1
    kind: Service
    metadata: { name: other, namespace: default, labels: { service.kubernetes.io/service-proxy-name: mesh } }
    spec: { clusterIP: 10.0.77.7, selector: { app: web }, ports: [{ port: 80 }] }
`);
    expect(twin.trace({ from: 'default/client', to: '10.0.77.7:80' }).reason).toBe('SERVICE_PROXY');
    expect(twin.trace({ from: 'default/client', to: 'default/web:80' }).outcome).toBe('replied');
  });
});
