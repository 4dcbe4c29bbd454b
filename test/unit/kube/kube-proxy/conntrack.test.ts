import { describe, expect, it } from 'vitest';
import { removedUdpEndpoints } from '../../../../src/kube/kube-proxy/conntrack.ts';
import type { ProxyObjects } from '../../../../src/kube/kube-proxy/view.ts';
import { newService } from '../../../../src/kube/objects/service.ts';

function dns(endpoints: Readonly<Record<string, boolean>>, protocol: 'UDP' | 'TCP' = 'UDP', nodePort = 0): ProxyObjects {
  const ports = [{ name: 'dns', port: 53, targetPort: 53, protocol, nodePort, appProtocol: null }];
  const service = newService({
    namespace: 'kube-system',
    name: 'kube-dns',
    clusterIP: { family: 4, text: '10.0.0.10' },
    ports,
    type: 'NodePort',
  });
  const list = Object.entries(endpoints).map(([text, ready]) => {
    const conditions = { ready, serving: ready, terminating: false, forZones: [], forNodes: [] };
    return { addresses: [text], nodeName: 'a', zone: null, ...conditions };
  });
  const slice = { namespace: 'kube-system', name: 'x', labels: {}, source: null, serviceName: 'kube-dns', endpoints: list };
  return { services: [service], endpointSlices: [{ ...slice, ports: [{ name: 'dns', port: 53, protocol }], origin: 'given' }] };
}
const NOTHING: ProxyObjects = { services: [], endpointSlices: [] };

describe('the conntrack entries that kube-proxy deletes', () => {
  it('are those to an endpoint that is gone, by ClusterIP and by node port', () => {
    const before = dns({ '10.244.0.2': true, '10.244.0.3': true }, 'UDP', 30053);
    expect(removedUdpEndpoints(before, dns({ '10.244.0.3': true }, 'UDP', 30053))).toEqual([
      { originalDestination: '10.0.0.10', originalPort: null, replySource: '10.244.0.2' },
      { originalDestination: null, originalPort: 30053, replySource: '10.244.0.2' },
    ]);
  });

  it('are those to an endpoint that no longer serves', () => {
    const before = dns({ '10.244.0.2': true, '10.244.0.3': true });
    expect(removedUdpEndpoints(before, dns({ '10.244.0.2': false, '10.244.0.3': true }))).toMatchObject([{ replySource: '10.244.0.2' }]);
  });

  it('are all entries to a service that gets its first ready endpoint, and to one that is gone', () => {
    expect(removedUdpEndpoints(dns({}), dns({ '10.244.0.2': true }))).toEqual([
      { originalDestination: '10.0.0.10', originalPort: null, replySource: null },
    ]);
    expect(removedUdpEndpoints(dns({ '10.244.0.2': true }), NOTHING)).toEqual([
      { originalDestination: '10.0.0.10', originalPort: null, replySource: '10.244.0.2' },
      { originalDestination: '10.0.0.10', originalPort: null, replySource: null },
    ]);
  });

  it('are none of TCP and none when nothing changed', () => {
    expect(removedUdpEndpoints(dns({ '10.244.0.2': true }, 'TCP'), dns({}, 'TCP'))).toEqual([]);
    expect(removedUdpEndpoints(dns({ '10.244.0.2': true }), dns({ '10.244.0.2': true }))).toEqual([]);
  });
});
