import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ip } from '../../../../src/wire/ipv4.ts';
import { prefix } from '../../../../src/wire/prefix.ts';
import { type ServicePools, addressPool, allocateServices } from '../../../../src/kube/derive/allocate-services.ts';
import { deriveEndpointSlices } from '../../../../src/kube/derive/endpoint-slices.ts';
import { declaredListeners } from '../../../../src/kube/derive/listeners.ts';
import { placePods, podsByNode } from '../../../../src/kube/derive/workloads.ts';
import { type ClusterObjects, NO_OBJECTS } from '../../../../src/kube/objects/cluster-objects.ts';
import { unplaced } from '../../../../src/kube/objects/located.ts';
import { newNode } from '../../../../src/kube/objects/node.ts';
import { newPod } from '../../../../src/kube/objects/pod.ts';
import { readObjects } from '../../../../src/kube/objects/read.ts';
import { type Service, newService } from '../../../../src/kube/objects/service.ts';
import { hasShared, objectsOf, sharedText } from '../shared.ts';

const NODES = ['node-b', 'node-a', 'node-c'].map((name) => newNode({ name }));

function workload(kind: string, name: string, spec: object, podSpec: object = {}): unknown {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return { apiVersion, kind, metadata: { name }, spec: { template: { metadata: { labels: { app: name } }, spec: podSpec }, ...spec } };
}

function placed(...values: unknown[]): string[] {
  return placePods({ ...objectsOf(...values).objects, nodes: NODES }).pods.map(({ name, nodeName }) => `${name} ${nodeName}`);
}

describe('placing pods', () => {
  it('spreads the pods of a deployment over the nodes by name', () => {
    expect(placed(workload('Deployment', 'web', { replicas: 4 }))).toEqual([
      'web-0 node-a',
      'web-1 node-b',
      'web-2 node-c',
      'web-3 node-a',
    ]);
  });

  it('fills the emptiest node first', () => {
    const pinned = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { nodeName: 'node-a' } };
    expect(placed(pinned, workload('Deployment', 'web', {}), workload('StatefulSet', 'db', {}))).toEqual([
      'x node-a',
      'web-0 node-b',
      'db-0 node-c',
    ]);
  });

  it('puts one pod of a DaemonSet on every node, on cordoned ones too, and no other pod there', () => {
    const nodes = [newNode({ name: 'a', unschedulable: true }), newNode({ name: 'b' })];
    const { objects } = objectsOf(workload('DaemonSet', 'agent', {}), workload('Deployment', 'web', { replicas: 2 }));
    const { pods } = placePods({ ...objects, nodes });
    expect(pods.map(({ name, nodeName }) => `${name} ${nodeName}`)).toEqual(['agent-0 a', 'agent-1 b', 'web-0 b', 'web-1 b']);
  });

  it('heeds node selectors and required affinity, also for labels that every node has', () => {
    const nodes = [
      newNode({ name: 'a', labels: { agentpool: 'user' } }),
      newNode({ name: 'b' }),
      newNode({ name: 'w', labels: { 'kubernetes.io/os': 'windows' } }),
    ];
    const where = (podSpec: object): (string | null)[] =>
      placePods({ ...objectsOf(workload('Deployment', 'web', { replicas: 2 }, podSpec)).objects, nodes }).pods.map(
        ({ nodeName }) => nodeName,
      );
    expect(where({ nodeSelector: { 'kubernetes.io/os': 'linux' } })).toEqual(['a', 'b']);
    expect(where({ nodeSelector: { 'kubernetes.io/hostname': 'b' } })).toEqual(['b', 'b']);
    expect(where({ nodeSelector: { agentpool: 'user' } })).toEqual(['a', 'a']);
    const matchExpressions = [{ key: 'agentpool', operator: 'DoesNotExist' }];
    const required = { nodeSelectorTerms: [{ matchExpressions }] };
    expect(where({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } })).toEqual(['b', 'b']);
  });

  it('says what no node takes', () => {
    const { objects } = objectsOf(workload('Deployment', 'web', { replicas: 3 }, { nodeSelector: { gpu: 'yes' } }));
    const { pods, unplaced: left } = placePods({ ...objects, nodes: NODES });
    expect(pods).toEqual([]);
    expect(left).toEqual([{ namespace: 'default', name: 'web', kind: 'Deployment', pods: 3, reason: 'no node fits' }]);
  });

  it('makes no pods for a workload that has some, nor twice for a ReplicaSet and its Deployment', () => {
    const owned = (kind: string, name: string, owner: string, ownerName: string, spec: object = {}): object => ({
      apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
      kind,
      metadata: { name, ownerReferences: [{ kind: owner, name: ownerName, controller: true }] },
      spec,
    });
    const replicaSet = owned('ReplicaSet', 'web-5d', 'Deployment', 'web', { replicas: 2, template: {} });
    const deployment = workload('Deployment', 'web', { replicas: 2 });
    expect(placed(deployment, replicaSet)).toEqual(['web-0 node-a', 'web-1 node-b']);
    const pod = owned('Pod', 'web-5d-x', 'ReplicaSet', 'web-5d', { nodeName: 'node-c' });
    expect(placed(deployment, replicaSet, pod)).toEqual(['web-5d-x node-c']);
  });

  it('gives two workloads of one name pods of different names', () => {
    const names = placed(workload('Deployment', 'web', {}), workload('StatefulSet', 'web', {})).map((line) => line.split(' ')[0]);
    expect(names).toEqual(['web-0', 'web-statefulset-0']);
  });

  it('runs as many pods of a job as it has in parallel, none when it is done', () => {
    const done = { ...(workload('Job', 'old', {}) as object), status: { completionTime: '2024-01-01T00:00:00Z' } };
    expect(placed(workload('Job', 'new', { parallelism: 3, completions: 2 }), done)).toHaveLength(2);
  });

  it('places 100,000 pods evenly on 1,000 nodes', () => {
    const nodes = Array.from({ length: 1000 }, (_, n) => newNode({ name: `node-${n}` }));
    const { objects } = objectsOf(...Array.from({ length: 1000 }, (_, n) => workload('Deployment', `w${n}`, { replicas: 100 })));
    const { pods } = placePods({ ...objects, nodes });
    const loads = [...podsByNode(pods).values()].map((list) => list.length);
    expect([Math.min(...loads), Math.max(...loads), pods.length]).toEqual([100, 100, 100_000]);
  });
});

const pools: ServicePools = { serviceCIDR: prefix('10.0.0.0/16'), loadBalancerIP: () => '20.1.2.3' };
const http = { name: '', port: 80, targetPort: 80, protocol: 'TCP' as const, nodePort: 0, appProtocol: null };
const svc = (name: string, fields: Partial<Service> = {}): Service => newService({ namespace: 'default', name, ports: [http], ...fields });

describe('allocating what services lack', () => {
  it('gives addresses and ports above the band that is left to those who choose theirs', () => {
    const { services, problems } = allocateServices([svc('a'), svc('b', { type: 'NodePort' }), svc('c', { clusterIP: 'None' })], pools);
    expect(problems).toEqual([]);
    expect(services.map(({ clusterIP }) => clusterIP)).toEqual([{ family: 4, text: '10.0.1.1' }, { family: 4, text: '10.0.1.2' }, 'None']);
    expect(services[1]?.ports[0]?.nodePort).toBe(30_086);
  });

  it('never gives what another service has asked for', () => {
    const asked = svc('z', { clusterIP: { family: 4, text: '10.0.1.1' }, type: 'NodePort', ports: [{ ...http, nodePort: 30_086 }] });
    const { services } = allocateServices([svc('a', { type: 'NodePort' }), asked], pools);
    expect(services[0]).toMatchObject({ clusterIP: { text: '10.0.1.2' }, ports: [{ nodePort: 30_087 }] });
    expect(services[1]).toBe(asked);
  });

  it('gives a load balancer its address and, under the policy Local, a health check port', () => {
    const lb = svc('lb', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    const own = svc('own', { type: 'LoadBalancer', loadBalancerIP: '10.224.0.100' });
    const bare = svc('bare', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false });
    const { services } = allocateServices([lb, own, bare], pools);
    expect(services[0]).toMatchObject({ ingress: [{ ip: { text: '20.1.2.3' }, ipMode: 'VIP' }], healthCheckNodePort: 30_087 });
    expect(services[1]?.ingress[0]?.ip.text).toBe('10.224.0.100');
    expect(services[2]?.ports[0]?.nodePort).toBe(0);
  });

  it('gives one node port to a number that is served over TCP and UDP', () => {
    const ports = [
      { ...http, name: 'tcp', port: 53 },
      { ...http, name: 'udp', port: 53, protocol: 'UDP' as const },
      { ...http, name: 'http' },
    ];
    const { services } = allocateServices([svc('dns', { type: 'NodePort', ports })], pools);
    expect(services[0]?.ports.map(({ nodePort }) => nodePort)).toEqual([30_086, 30_086, 30_087]);
  });

  it('reports what collides, lies outside or does not fit', () => {
    const v4 = (text: string): { family: 4; text: string } => ({ family: 4, text });
    const messages = (range: string, ...services: Service[]): string[] =>
      allocateServices(services, { ...pools, serviceCIDR: prefix(range) }).problems.map(({ message }) => message);
    expect(messages('10.0.0.0/16', svc('a', { clusterIP: v4('10.1.0.1') }))).toEqual([
      'service default/a: the ClusterIP 10.1.0.1 is outside the service range',
    ]);
    const port = { ...http, nodePort: 30_100 };
    expect(messages('10.0.0.0/16', svc('a', { ports: [port] }), svc('b', { ports: [port] }))).toEqual([
      'service default/b: node port 30100 belongs to default/a',
    ]);
    expect(messages('10.0.0.0/16', svc('a', { ports: [{ ...http, nodePort: 80 }] }))).toEqual([
      'service default/a: node port 80 is outside the range',
    ]);
    expect(messages('10.0.0.0/30', svc('a'), svc('b'), svc('c'))).toEqual(['service default/c: no ClusterIP is left']);
  });

  it('can take addresses from a range, skipping those in use', () => {
    const next = addressPool(prefix('20.1.2.0/30'), (address) => address === ip('20.1.2.1'));
    expect([next(), next(), next(), next()]).toEqual(['20.1.2.0', '20.1.2.2', '20.1.2.3', null]);
  });
});

describe('deriving endpoint slices', () => {
  const pod = (name: string, address: string, fields: object = {}): ReturnType<typeof newPod> =>
    newPod({ namespace: 'default', name, labels: { app: 'web' }, podIPs: [address], nodeName: 'node-a', ...fields });
  const named = { ...http, targetPort: 'http' };
  const web = svc('web', { selector: { app: 'web' } });
  const derive = (objects: Partial<ClusterObjects>): ReturnType<typeof deriveEndpointSlices> =>
    deriveEndpointSlices({ ...NO_OBJECTS, nodes: NODES, ...objects });

  it('takes the pods that the selector finds in the same namespace and that have an address and a node', () => {
    const pods = [
      pod('a', '10.244.0.2'),
      pod('b', '10.244.0.3', { labels: { app: 'db' } }),
      pod('c', '10.244.0.4', { namespace: 'other' }),
      pod('d', '10.244.0.5', { podIPs: [] }),
      pod('e', '10.244.0.6', { nodeName: null }),
      pod('f', '10.244.0.7', { phase: 'Succeeded' }),
    ];
    const [slice, ...more] = derive({ services: [web], pods });
    expect(more).toEqual([]);
    expect(slice).toMatchObject({ serviceName: 'web', origin: 'derived', ports: [{ name: '', port: 80, protocol: 'TCP' }] });
    expect(slice?.endpoints.map(({ addresses }) => addresses[0])).toEqual(['10.244.0.2']);
  });

  it('tells ready pods from unready and terminating ones, unless the service wants them all', () => {
    const pods = [pod('a', '10.244.0.2', { ready: false }), pod('b', '10.244.0.3', { terminating: true })];
    const states = (service: Service): boolean[][] =>
      derive({ services: [service], pods })[0]?.endpoints.map(({ ready, serving, terminating }) => [ready, serving, terminating]) ?? [];
    expect(states(web)).toEqual([
      [false, false, false],
      [false, true, true],
    ]);
    expect(states({ ...web, publishNotReadyAddresses: true }).map(([ready]) => ready)).toEqual([true, true]);
  });

  it('looks a named target port up in every pod, and makes a slice for each answer', () => {
    const ports = (port: number): object => ({ ports: [{ name: 'http', port, protocol: 'TCP', hostPort: null, hostIP: null }] });
    const pods = [pod('a', '10.244.0.2', ports(8080)), pod('b', '10.244.0.3', ports(9090)), pod('c', '10.244.0.4')];
    const slices = derive({ services: [{ ...web, ports: [named] }], pods });
    expect(slices.map((slice) => [slice.ports[0]?.port, slice.endpoints.length])).toEqual([
      [8080, 1],
      [9090, 1],
      [undefined, 1],
    ]);
  });

  it("uses the node's address for a pod on the host network", () => {
    const nodes = [newNode({ name: 'node-a', internalIPs: ['10.224.0.4'] })];
    const pods = [pod('a', '', { podIPs: [], hostNetwork: true })];
    expect(derive({ services: [web], pods, nodes })[0]?.endpoints[0]?.addresses[0]).toBe('10.224.0.4');
  });

  it('makes none for services without a selector and keeps what somebody gave', () => {
    const given = { ...NO_SLICE, name: 'mine', origin: 'given' as const };
    expect(derive({ services: [svc('web')], pods: [pod('a', '10.244.0.2')] })).toEqual([]);
    expect(derive({ services: [web], pods: [pod('a', '10.244.0.2')], endpointSlices: [given] })).toEqual([given]);
  });

  it("leaves the slices of a dump alone until pods are edited, then takes the controller's place", () => {
    const managed = { ...NO_SLICE, name: 'web-x7', origin: 'managed' as const };
    const objects = { ...NO_OBJECTS, services: [web], pods: [pod('a', '10.244.0.2')], endpointSlices: [managed] };
    expect(deriveEndpointSlices(objects)).toEqual([managed]);
    expect(deriveEndpointSlices(objects, true)).toMatchObject([{ name: 'web-0', origin: 'derived' }]);
  });

  it('gives back the identical slice when nothing changed', () => {
    const objects = { ...NO_OBJECTS, services: [web], pods: [pod('a', '10.244.0.2')] };
    const first = deriveEndpointSlices(objects);
    const again = deriveEndpointSlices({ ...objects, endpointSlices: first });
    expect(again[0]).toBe(first[0]);
    expect(deriveEndpointSlices({ ...objects, pods: [], endpointSlices: first })).toEqual([]);
  });

  it('hints every endpoint to its zone when the service prefers close ones', () => {
    const nodes = [newNode({ name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'westeurope-1' } })];
    const services = [{ ...web, trafficDistribution: 'PreferClose' }];
    expect(derive({ services, nodes, pods: [pod('a', '10.244.0.2')] })[0]?.endpoints[0]?.forZones).toEqual(['westeurope-1']);
    expect(derive({ services, pods: [pod('a', '10.244.0.2')] })[0]?.endpoints[0]?.forZones).toEqual([]);
  });
});

const NO_SLICE = { namespace: 'default', labels: {}, source: null, serviceName: 'web', endpoints: [], ports: [] };

describe('what listens in a pod', () => {
  const services = [
    svc('web', {
      selector: { app: 'web' },
      ports: [
        { ...http, targetPort: 8080 },
        { ...http, name: 'n', targetPort: 'http' },
      ],
    }),
    svc('dns', { selector: { app: 'web', tier: 'x' }, ports: [{ ...http, targetPort: 53, protocol: 'UDP' }] }),
    svc('far', { namespace: 'other', selector: { app: 'web' }, ports: [{ ...http, targetPort: 1 }] }),
  ];
  const web = newPod({ namespace: 'default', name: 'a', labels: { app: 'web' } });

  it('is what its containers declare', () => {
    const ports = [9090, 80, 80].map((port) => ({ name: null, port, protocol: 'TCP' as const, hostPort: null, hostIP: null }));
    expect(declaredListeners({ ...web, ports }, services).map(({ port }) => port)).toEqual([80, 9090]);
  });

  it('is the numeric target ports of the services that select it when it declares nothing', () => {
    expect(declaredListeners(web, services)).toEqual([{ protocol: 'TCP', port: 8080 }]);
    expect(declaredListeners({ ...web, labels: { app: 'web', tier: 'x' } }, services)).toHaveLength(2);
    expect(declaredListeners({ ...web, labels: {} }, services)).toEqual([]);
  });
});

const STORE = 'data/manifests/aks-store-all-in-one.yaml';
describe.skipIf(!hasShared(STORE, 1))('a real application', () => {
  it('gets a pod for every workload, an address for every service and endpoints behind each', () => {
    const documents = parseAllDocuments(sharedText(STORE)).map((document) => unplaced(document.toJS(), 'store.yaml'));
    const { objects } = readObjects(documents, 'pets');
    const { pods, unplaced: left } = placePods({ ...objects, nodes: NODES });
    expect(left).toEqual([]);
    expect(pods).toHaveLength(9);
    const { services, problems } = allocateServices(objects.services, pools);
    expect(problems).toEqual([]);
    const addressed = pods.map((pod, n) => ({ ...pod, podIPs: [`10.244.0.${n + 2}`] }));
    const slices = deriveEndpointSlices({ ...objects, nodes: NODES, pods: addressed, services });
    for (const service of services) {
      const [slice] = slices.filter(({ serviceName }) => serviceName === service.name);
      expect(slice?.endpoints).toHaveLength(1);
      expect(slice?.ports).toHaveLength(service.ports.length);
      const target = addressed.find((pod) => pod.podIPs[0] === slice?.endpoints[0]?.addresses[0]);
      const open = target === undefined ? [] : declaredListeners(target, services).map(({ port }) => port);
      for (const { port } of slice?.ports ?? []) expect(open).toContain(port);
    }
  });
});
