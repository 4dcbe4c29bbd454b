import fc from 'fast-check';
import { expect, describe, it } from 'vitest';
import { DEFAULT_KUBE_PROXY_SETTINGS, type KubeProxySettings } from '../../src/kube/kube-proxy/settings.ts';
import { type Backend, type Ending, NODE_ADDRESSES, NODE_NAME, NodeLab } from '../unit/kube/node-lab.ts';
import { objectsOf } from '../unit/kube/shared.ts';
import { SEARCH_MS, runs } from './support/find.ts';
import {
  type PlainEndpoint,
  type PlainNode,
  type PlainPacket,
  type PlainPromise,
  type PlainService,
  kubeProxyPromise,
} from './support/kube-proxy-oracle.ts';

const CLIENT_POD = '10.0.0.2';
const SOURCES = [CLIENT_POD, '10.180.0.1', '192.168.0.2', '127.0.0.1', '203.0.113.2', '198.51.100.2'] as const;

/** Pods of this node have even last numbers below ten; the others are elsewhere. */
const endpoint: fc.Arbitrary<PlainEndpoint> = fc
  .record({
    which: fc.nat(5),
    state: fc.constantFrom('ready', 'ready', 'ready', 'draining', 'not-ready', 'gone'),
  })
  .map(({ which, state }) => ({
    addr: which < 3 ? `10.180.0.${which + 1}` : `10.180.1.${which + 1}`,
    port: 8000 + which,
    onNode: which < 3,
    ready: state === 'ready',
    serving: state === 'ready' || state === 'draining',
    terminating: state === 'draining' || state === 'gone',
  }));

const service = fc.record({
  proto: fc.constantFrom('tcp' as const, 'udp' as const),
  type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  hasExternalIP: fc.boolean(),
  externalIPIsLocal: fc.boolean(),
  sourceRanges: fc.constantFrom<readonly string[]>([], [], ['203.0.113.0/24'], ['10.0.0.0/8', '192.168.0.0/24']),
  externalLocal: fc.boolean(),
  internalLocal: fc.boolean(),
  affinity: fc.boolean(),
  endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: ({ addr }) => addr }),
});

type DrawnService = typeof service extends fc.Arbitrary<infer T> ? T : never;

const settings = fc.record({
  clusterCidr: fc.constantFrom('10.0.0.0/8', '10.0.0.0/8', null),
  masqueradeAll: fc.nat(5).map((n) => n === 5),
  localhostNodePorts: fc.boolean(),
  nodePortRanges: fc.constantFrom<readonly string[]>([], [], ['192.168.0.0/24'], ['192.168.0.0/24', '127.0.0.0/8']),
  randomFully: fc.boolean(),
  nfacct: fc.boolean(),
});

const packet = fc.record({
  source: fc.constantFrom(...SOURCES),
  service: fc.nat(3),
  face: fc.nat(7),
  wrongPort: fc.nat(9).map((n) => n === 9),
});

function plainOf(drawn: DrawnService, index: number): PlainService {
  const { type, hasExternalIP } = drawn;
  const accessible = type !== 'ClusterIP' || hasExternalIP;
  return {
    proto: drawn.proto,
    clusterIP: `172.30.0.${41 + index}`,
    port: 80 + index,
    nodePort: type === 'ClusterIP' ? null : 30_001 + index,
    externalIPs: hasExternalIP ? [drawn.externalIPIsLocal && index === 0 ? '192.168.99.11' : `192.168.99.${22 + index}`] : [],
    vips: type === 'LoadBalancer' ? [`1.2.3.${4 + index}`] : [],
    sourceRanges: type === 'LoadBalancer' ? drawn.sourceRanges : [],
    externalLocal: accessible && drawn.externalLocal,
    internalLocal: drawn.internalLocal,
    endpoints: drawn.endpoints,
  };
}

function manifests(drawn: DrawnService, index: number): unknown[] {
  const plain = plainOf(drawn, index);
  const name = `svc${index}`;
  const protocol = plain.proto.toUpperCase();
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'ns', name },
      spec: {
        type: drawn.type,
        clusterIP: plain.clusterIP,
        ports: [{ port: plain.port, protocol, ...(plain.nodePort === null ? {} : { nodePort: plain.nodePort }) }],
        externalIPs: plain.externalIPs,
        ...(plain.externalLocal ? { externalTrafficPolicy: 'Local' } : {}),
        ...(plain.internalLocal ? { internalTrafficPolicy: 'Local' } : {}),
        ...(drawn.affinity ? { sessionAffinity: 'ClientIP' } : {}),
        ...(plain.sourceRanges.length === 0 ? {} : { loadBalancerSourceRanges: plain.sourceRanges }),
      },
      ...(plain.vips.length === 0 ? {} : { status: { loadBalancer: { ingress: plain.vips.map((ip) => ({ ip })) } } }),
    },
    ...plain.endpoints.map(({ addr, port, onNode, ready, serving, terminating }, i) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'ns', name: `${name}-${i}`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ port, protocol }],
      endpoints: [{ addresses: [addr], nodeName: onNode ? NODE_NAME : 'elsewhere', conditions: { ready, serving, terminating } }],
    })),
  ];
}

function backendsOf(services: readonly PlainService[]): Backend[] {
  const backends = new Map<string, Backend>([
    [CLIENT_POD, { addr: CLIENT_POD, isLocal: true, listens: [] }],
    ['10.180.0.1', { addr: '10.180.0.1', isLocal: true, listens: [] }],
  ]);
  for (const { proto, endpoints } of services) {
    for (const { addr, port, onNode } of endpoints) {
      const listens = [...(backends.get(addr)?.listens ?? []), `${proto}/${port}`];
      backends.set(addr, { addr, isLocal: onNode, listens: [...new Set(listens)] });
    }
  }
  return [...backends.values()];
}

function settingsFor(node: PlainNode, { randomFully, nfacct }: { randomFully: boolean; nfacct: boolean }): KubeProxySettings {
  return {
    ...DEFAULT_KUBE_PROXY_SETTINGS,
    masqueradeAll: node.masqueradeAll,
    localDetector: node.clusterCidr === null ? { mode: 'none' } : { mode: 'ClusterCIDR', cidr: node.clusterCidr },
    localhostNodePorts: node.localhostNodePorts,
    nodePortAddresses: node.nodePortRanges,
    randomFully,
    nfacct,
  };
}

function packetTo(
  services: readonly PlainService[],
  drawn: { source: string; service: number; face: number; wrongPort: boolean },
): PlainPacket {
  const { source, service: index, face, wrongPort } = drawn;
  const asked = services[index % Math.max(1, services.length)];
  if (asked === undefined) return { source, proto: 'tcp', dst: '172.30.0.99', port: 80 };
  const { nodePort } = asked;
  // The kernel sends from 127.0.0.1 to nobody but itself.
  if (source === '127.0.0.1') return { source, proto: asked.proto, dst: source, port: nodePort ?? 30_000 };
  const byPort = [asked.clusterIP, ...asked.externalIPs, ...asked.vips].map((dst) => ({ dst, port: asked.port }));
  const byNode = nodePort === null ? [] : NODE_ADDRESSES.map((dst) => ({ dst, port: nodePort }));
  const all = [...byPort, ...byNode];
  const { dst, port } = all[face % all.length] ?? { dst: asked.clusterIP, port: asked.port };
  return { source, proto: asked.proto, dst, port: wrongPort ? 7777 : port };
}

function checkEndings(endings: readonly Ending[], promise: PlainPromise, { source, dst, port }: PlainPacket): void {
  const taken = endings.flatMap(({ verdict, endpoint: by, marked }) => (verdict === 'DNAT' ? [[by ?? 'nobody', marked] as const] : []));
  expect([...new Set(endings.map(({ verdict }) => verdict))]).toEqual([promise.verdict]);
  expect(new Map(taken)).toEqual(promise.endpoints);
  expect(taken).toHaveLength(promise.endpoints.size);
  for (const { verdict, marked, seen, answeredBy, odds } of endings) {
    if (verdict !== 'DNAT') continue;
    expect(odds).toBeCloseTo(1 / promise.endpoints.size, 6);
    expect(answeredBy).toBe(`${dst}:${port}`);
    if (marked) expect(NODE_ADDRESSES).toContain(seen);
    else if (source !== '127.0.0.1') expect(seen).toBe(source);
  }
}

describe('kube-proxy', () => {
  it('does with every packet what its documents promise, for services of every kind', { timeout: SEARCH_MS }, () => {
    fc.assert(
      fc.property(
        fc.array(service, { minLength: 1, maxLength: 4 }),
        settings,
        fc.array(packet, { minLength: 1, maxLength: 12 }),
        (drawn, set, packets) => {
          const services = drawn.map(plainOf);
          const node: PlainNode = { addresses: NODE_ADDRESSES, ...set, localhostNodePorts: set.localhostNodePorts };
          const { objects, problems } = objectsOf(...drawn.flatMap(manifests));
          expect(problems).toEqual([]);
          const lab = new NodeLab(objects, settingsFor(node, set), backendsOf(services), []);
          for (const one of packets) {
            const sent = packetTo(services, one);
            checkEndings(lab.walk(sent.source, sent.proto, sent.dst, sent.port), kubeProxyPromise(services, node, sent), sent);
          }
        },
      ),
      { numRuns: runs(150) },
    );
  });
});
