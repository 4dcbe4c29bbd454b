import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { governsPod } from '../../../../src/kube/objects/governing.ts';
import type { Located } from '../../../../src/kube/objects/located.ts';
import { newPod } from '../../../../src/kube/objects/pod.ts';
import { readObjects } from '../../../../src/kube/objects/read.ts';
import { isInternalLoadBalancer } from '../../../../src/kube/objects/service.ts';
import { hasShared, objectsOf, sharedText } from '../shared.ts';

/** Only what these tests need: lines of the top-level keys of a text. */
function located(value: unknown, file: string): Located {
  return { value, file, at: (path) => ({ line: path.length + 1, col: 1 }) };
}

function messages(...values: unknown[]): string[] {
  return objectsOf(...values).problems.map(({ message, expected }) => `${message}; expected ${expected}`);
}

const pod = (name: string, spec: unknown = {}, status?: unknown): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec,
  status,
});
const service = (spec: unknown, metadata: object = {}): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', ...metadata },
  spec,
});

describe('reading objects', () => {
  it('takes a pod from what kubectl prints of it', () => {
    const { objects } = objectsOf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-7d4b9c6f5-x2x9k',
        namespace: 'shop',
        labels: { app: 'web' },
        ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d4b9c6f5', controller: true }],
      },
      spec: {
        nodeName: 'aks-nodepool1-0',
        containers: [
          { ports: [{ containerPort: 8080, name: 'http' }] },
          { ports: [{ containerPort: 53, protocol: 'UDP', hostPort: 5353 }] },
        ],
        initContainers: [{ ports: [{ containerPort: 1 }] }, { restartPolicy: 'Always', ports: [{ containerPort: 15001 }] }],
      },
      status: { phase: 'Running', podIPs: [{ ip: '10.244.0.7' }, { ip: 'fd00::7' }], conditions: [{ type: 'Ready', status: 'True' }] },
    });
    expect(objects.pods).toMatchObject([
      {
        namespace: 'shop',
        nodeName: 'aks-nodepool1-0',
        podIPs: ['10.244.0.7'],
        ready: true,
        owner: { kind: 'ReplicaSet', name: 'web-7d4b9c6f5' },
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }, { port: 53, protocol: 'UDP', hostPort: 5353 }, { port: 15001 }],
      },
    ]);
  });

  it('takes a pod of a manifest for running and ready, and one that is being deleted for terminating', () => {
    const { objects } = objectsOf(pod('a'), {
      ...(pod('b') as object),
      metadata: { name: 'b', deletionTimestamp: '2024-01-01T00:00:00Z' },
    });
    expect(objects.pods.map(({ phase, ready, terminating }) => ({ phase, ready, terminating }))).toEqual([
      { phase: 'Running', ready: true, terminating: false },
      { phase: 'Running', ready: true, terminating: true },
    ]);
  });

  it('does not take a pending or unready pod for ready', () => {
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
    const { objects } = objectsOf(pod('a', {}, { phase: 'Pending' }), pod('b', {}, status));
    expect(objects.pods.map(({ ready }) => ready)).toEqual([false, false]);
  });

  it('puts objects without a namespace into the default one or the one that is asked for', () => {
    expect(objectsOf(pod('a')).objects.pods[0]?.namespace).toBe('default');
    expect(readObjects([located(pod('a'), 'a.yaml')], 'pets').objects.pods[0]?.namespace).toBe('pets');
  });

  it('opens lists of any kind, with items that repeat their kind and with items that do not', () => {
    const typed = { apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'a' } }] };
    const untyped = { apiVersion: 'v1', kind: 'List', items: [pod('b'), service({ ports: [{ port: 80 }] })] };
    const { objects, problems } = objectsOf(typed, untyped);
    expect(problems).toEqual([]);
    expect(objects.pods.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(objects.services).toHaveLength(1);
  });

  it('reads every shape of service', () => {
    const { objects, problems } = objectsOf({
      ...(service(
        {
          type: 'LoadBalancer',
          clusterIPs: ['fd00::1', '10.0.0.7'],
          clusterIP: 'fd00::1',
          selector: { app: 'web' },
          ports: [{ port: 80, targetPort: 'http', nodePort: 30080, appProtocol: 'http' }],
          externalIPs: ['010.001.002.003'],
          sessionAffinity: 'ClientIP',
          externalTrafficPolicy: 'Local',
          internalTrafficPolicy: 'Local',
          loadBalancerSourceRanges: [' 203.0.113.77/25 '],
          healthCheckNodePort: 31000,
          publishNotReadyAddresses: true,
        },
        { annotations: { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true', 'other.example.com/key': 'x' } },
      ) as object),
      status: { loadBalancer: { ingress: [{ ip: '20.1.2.3' }, { ip: '20.1.2.4', ipMode: 'Proxy' }, { hostname: 'lb.example.com' }] } },
    });
    expect(problems).toEqual([]);
    const [web] = objects.services;
    expect(web).toMatchObject({
      clusterIP: { family: 4, text: '10.0.0.7' },
      externalIPs: [{ text: '10.1.2.3' }],
      affinitySeconds: 10800,
      loadBalancerSourceRanges: [{ text: '203.0.113.0/25' }],
      ingress: [
        { ip: { text: '20.1.2.3' }, ipMode: 'VIP' },
        { ip: { text: '20.1.2.4' }, ipMode: 'Proxy' },
      ],
      ports: [{ targetPort: 'http', nodePort: 30080 }],
    });
    expect(web !== undefined && isInternalLoadBalancer(web)).toBe(true);
    expect(Object.keys(web?.annotations ?? {})).toHaveLength(1);
  });

  it('knows a headless service from one without an address yet', () => {
    const { objects } = objectsOf(service({ clusterIP: 'None' }), service({ ports: [{ port: 80 }] }, { name: 'other' }));
    expect(objects.services.map(({ clusterIP }) => clusterIP)).toEqual(['None', null]);
  });

  it('reads Endpoints as slices, ready and unready addresses alike, and prefers the slices of a dump', () => {
    const endpoints = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'db' },
      subsets: [{ addresses: [{ ip: '10.1.0.4' }], notReadyAddresses: [{ ip: '10.1.0.5' }], ports: [{ port: 5432 }] }],
    };
    const mirrored = objectsOf(endpoints).objects.endpointSlices;
    expect(mirrored).toMatchObject([{ serviceName: 'db', origin: 'mirrored', endpoints: [{ ready: true }, { ready: false }] }]);
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'db-x', labels: { 'kubernetes.io/service-name': 'db' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.4'] }],
      ports: [{ name: '', port: 5432 }],
    };
    expect(objectsOf(endpoints, slice).objects.endpointSlices).toMatchObject([{ name: 'db-x', origin: 'given' }]);
  });

  it('reads the files of ip-masq-agent from the ConfigMaps that AKS mounts', () => {
    const config = (name: string, text: string): unknown => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'kube-system' },
      data: { 'ip-masq-agent-reconciled': text },
    });
    const text = 'nonMasqueradeCIDRs:\n  - 10.244.0.0/16 # pods\n  - "10.1.0.0/16"\nmasqLinkLocal: true\n';
    const { objects, problems } = objectsOf(config('azure-ip-masq-agent-config-reconciled', text));
    expect(problems).toEqual([]);
    expect(objects.masqConfigs).toEqual([{ nonMasqueradeCIDRs: ['10.244.0.0/16', '10.1.0.0/16'], masqLinkLocal: true }]);
    expect(messages(config('azure-ip-masq-agent-config', 'nonMasqueradeCIDRs:\n- 10.244.0.1/16\n'))).toHaveLength(1);
    expect(objectsOf(config('coredns', 'whatever: [')).objects).toMatchObject({ masqConfigs: [], ignored: [{ name: 'coredns' }] });
  });
});

describe('objects beyond the model', () => {
  it('keeps a network policy with what it selects', () => {
    const { objects } = objectsOf({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'shop' },
      spec: { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'api'] }] }, policyTypes: ['Ingress'] },
    });
    expect(objects.policies).toMatchObject([
      {
        name: 'deny',
        governs: { what: 'pods', namespace: 'shop', selector: { matchExpressions: [{ key: 'app', values: ['web', 'api'] }] } },
      },
    ]);
  });

  it('knows whether a policy decides about a pod, and in which direction', () => {
    const policy = (spec: object): Parameters<typeof governsPod>[0] | undefined =>
      objectsOf({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p' }, spec }).objects.policies[0];
    const web = newPod({ namespace: 'default', name: 'a', labels: { app: 'web' } });
    const decides = (spec: object, pod = web): boolean[] => {
      const found = policy(spec);
      return found === undefined ? [] : [governsPod(found, pod, 'ingress'), governsPod(found, pod, 'egress')];
    };
    expect(decides({ podSelector: {} })).toEqual([true, false]);
    expect(decides({ podSelector: {}, egress: [] })).toEqual([true, true]);
    expect(decides({ podSelector: {}, policyTypes: ['Egress'] })).toEqual([false, true]);
    expect(decides({ podSelector: { matchLabels: { app: 'db' } } })).toEqual([false, false]);
    expect(decides({ podSelector: {} }, { ...web, namespace: 'other' })).toEqual([false, false]);
    expect(decides({ podSelector: {} }, { ...web, hostNetwork: true })).toEqual([false, false]);
  });

  it('takes a policy with a selector language of its own to select its whole namespace', () => {
    const { objects } = objectsOf({
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'shop' },
      spec: { selector: "app == 'web'" },
    });
    expect(objects.policies).toMatchObject([{ governs: { what: 'pods', namespace: 'shop', selector: { matchLabels: {} } } }]);
  });

  it('says which services an Ingress leads to', () => {
    const backend = { service: { name: 'web', port: { number: 80 } } };
    const { objects } = objectsOf({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'front' },
      spec: { rules: [{ http: { paths: [{ path: '/', backend }] } }] },
      status: { loadBalancer: { ingress: [{ ip: '20.1.2.3' }] } },
    });
    expect(objects.policies).toMatchObject([{ governs: { what: 'target', addresses: ['20.1.2.3'], services: ['default/web'] } }]);
  });

  it('reports a kind that it has never heard of, even one that shares its name with a known kind', () => {
    const { objects } = objectsOf(
      { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g' } },
      { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'web' } },
    );
    expect(objects.unmodelled.map(({ kind, governs }) => `${kind} ${governs.what}`)).toEqual(['Gadget unknown', 'Service unknown']);
    expect(objects.services).toEqual([]);
  });

  it.each([
    ['argoproj.io/v1alpha1', 'Rollout'],
    ['networking.istio.io/v1', 'DestinationRule'],
    ['networking.istio.io/v1', 'VirtualService'],
    ['security.istio.io/v1', 'AuthorizationPolicy'],
    ['security.istio.io/v1', 'PeerAuthentication'],
  ])('never ignores what makes pods or steers packets: %s %s', (apiVersion, kind) => {
    const { objects } = objectsOf({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' } });
    expect(objects.ignored).toEqual([]);
    expect([...objects.unmodelled, ...objects.policies].map((one) => one.kind)).toEqual([kind]);
  });

  it('ignores by name what cannot touch a packet', () => {
    const kinds: [string, string][] = [
      ['v1', 'Secret'],
      ['v1', 'ConfigMap'],
      ['v1', 'Namespace'],
      ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
      ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
      ['policy/v1', 'PodDisruptionBudget'],
      ['autoscaling/v2', 'HorizontalPodAutoscaler'],
      ['autoscaling.k8s.io/v1', 'VerticalPodAutoscaler'],
      ['cert-manager.io/v1', 'Certificate'],
      ['cert-manager.io/v1', 'CertificateRequest'],
      ['cert-manager.io/v1', 'ClusterIssuer'],
      ['cert-manager.io/v1', 'Issuer'],
      ['monitoring.coreos.com/v1', 'PodMonitor'],
      ['monitoring.coreos.com/v1', 'PrometheusRule'],
      ['monitoring.coreos.com/v1', 'ServiceMonitor'],
      ['external-secrets.io/v1beta1', 'ClusterSecretStore'],
      ['external-secrets.io/v1beta1', 'ExternalSecret'],
      ['external-secrets.io/v1beta1', 'SecretStore'],
      ['bitnami.com/v1alpha1', 'SealedSecret'],
      ['secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass'],
      ['keda.sh/v1alpha1', 'ScaledObject'],
      ['keda.sh/v1alpha1', 'TriggerAuthentication'],
      ['argoproj.io/v1alpha1', 'AppProject'],
      ['argoproj.io/v1alpha1', 'Application'],
      ['helm.toolkit.fluxcd.io/v2', 'HelmRelease'],
      ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization'],
      ['source.toolkit.fluxcd.io/v1', 'GitRepository'],
      ['source.toolkit.fluxcd.io/v1', 'HelmRepository'],
    ];
    const { objects, problems } = objectsOf(...kinds.map(([apiVersion, kind]) => ({ apiVersion, kind, metadata: { name: 'x' } })));
    expect(problems).toEqual([]);
    expect(objects.unmodelled).toEqual([]);
    expect(objects.ignored.map(({ kind }) => kind)).toEqual(kinds.map(([, kind]) => kind));
  });

  it('reports a service that is left to another proxy or is IPv6 only', () => {
    const other = service({ ports: [{ port: 80 }] }, { labels: { 'service.kubernetes.io/service-proxy-name': 'mesh' } });
    const { objects } = objectsOf(other, service({ clusterIP: 'fd00::1', ports: [{ port: 80 }] }, { name: 'six' }));
    expect(objects.unmodelled.map(({ name, governs, reason }) => `${name}: ${governs.what}: ${reason}`)).toEqual([
      'web: service: the service is left to the proxy "mesh"',
      'six: service: IPv6 services are not modelled',
    ]);
  });
});

describe('a wrong object', () => {
  it('is reported with its place and what was expected', () => {
    const { problems } = readObjects([located(service({ ports: [{ port: 70000 }] }), 'web.yaml')]);
    expect(problems).toEqual([
      { file: 'web.yaml', line: 5, col: 1, message: 'spec.ports[0].port is 70000', expected: 'a whole number from 1 to 65535' },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no kind', { apiVersion: 'v1' }, /kind is missing; expected a kind/],
    ['no API version', { kind: 'Pod' }, /apiVersion is missing/],
    ['text instead of an object', 'hello', /apiVersion is missing/],
    ['no name', { apiVersion: 'v1', kind: 'Pod' }, /metadata.name is missing/],
    ['a name that is none', pod('Web Front'), /metadata.name is "Web Front"; expected a name of a-z/],
    ['a name with an escape sequence', pod('\u001b[31mred'), /metadata.name is "\\u\{1b\}\[31mred"/],
    ['a label with a bad key', { ...(pod('a') as object), metadata: { name: 'a', labels: { '-x': 'y' } } }, /a key is not well formed/],
    ['ports that are no list', service({ ports: { port: 80 } }), /spec.ports is a mapping; expected a list/],
    ['two nameless ports', service({ ports: [{ port: 80 }, { port: 81 }] }), /expected a name, because the service has several ports/],
    [
      'two ports of one name',
      service({
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      }),
      /two ports are called "a"/,
    ],
    ['an unknown type', service({ type: 'Magic' }), /spec.type is "Magic"; expected one of ClusterIP, NodePort/],
    ['an address that is none', service({ clusterIP: '10.0.0.256' }), /spec.clusterIP is "10.0.0.256"/],
    ['a range that is none', service({ loadBalancerSourceRanges: ['10.0.0.0'] }), /loadBalancerSourceRanges\[0\] is "10.0.0.0"/],
    ['true as text', pod('a', { hostNetwork: 'yes' }), /spec.hostNetwork is "yes"; expected true or false/],
    ['a fraction as a port', pod('a', { containers: [{ ports: [{ containerPort: 80.5 }] }] }), /containerPort is 80.5/],
    [
      'a million replicas',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 1e6, template: {} } },
      /from 0 to 100000/,
    ],
    ['no template', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: {} }, /spec.template is missing/],
    [
      'an old slice',
      { apiVersion: 'discovery.k8s.io/v1beta1', kind: 'EndpointSlice', metadata: { name: 'a' } },
      /expected discovery.k8s.io\/v1/,
    ],
  ])('is reported: %s', (_, value, expected) => {
    expect(messages(value).join('\n')).toMatch(expected);
  });

  it('is reported when it is defined twice', () => {
    expect(messages(pod('a'), pod('a'))).toEqual([
      'Pod default/a was already defined at test.yaml:1:1; expected one definition of every object',
    ]);
  });

  it('is reported when two things have one address, unless one of them has ended or both share a node', () => {
    const withIp = (name: string, phase: string, spec: unknown = {}): unknown => pod(name, spec, { phase, podIP: '10.244.0.4' });
    expect(messages(withIp('a', 'Running'), withIp('b', 'Running'))).toEqual([
      'pod default/b has the address 10.244.0.4 of pod default/a; expected an address of its own',
    ]);
    expect(messages(withIp('a', 'Succeeded'), withIp('b', 'Running'))).toEqual([]);
    expect(messages(withIp('a', 'Running', { hostNetwork: true }), withIp('b', 'Running', { hostNetwork: true }))).toEqual([]);
  });

  it('does not drown anybody in problems', () => {
    const ports = Array.from({ length: 200 }, () => ({ name: 'x', port: -1 }));
    const result = objectsOf(service({ ports }));
    expect(result.problems).toHaveLength(100);
    expect(result.droppedProblems).toBe(100);
  });

  it('cannot reach into prototypes', () => {
    const hostile: unknown = JSON.parse(
      '{"apiVersion":"v1","kind":"Pod","__proto__":{"polluted":1},"metadata":{"name":"a","labels":{"__proto__":"x","constructor":"y"}}}',
    );
    const { objects, problems } = objectsOf(hostile);
    expect(problems.map(({ message }) => message)).toEqual(['a key is not well formed']);
    expect(objects.pods[0]?.labels).toEqual({ constructor: 'y' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('cannot send a list into itself', () => {
    const list: { apiVersion: string; kind: string; items: unknown[] } = { apiVersion: 'v1', kind: 'List', items: [] };
    list.items.push(list);
    expect(messages(list)).toEqual(['lists nested deeper than 3; expected a list of objects']);
  });
});

describe('pods that the program makes', () => {
  it('are running and ready unless something else is said', () => {
    expect(newPod({ namespace: 'a', name: 'b', ready: false })).toMatchObject({ phase: 'Running', ready: false, hostNetwork: false });
  });
});

const STORE = 'data/manifests/aks-store-all-in-one.yaml';
describe.skipIf(!hasShared(STORE, 1))('a real application', () => {
  it('is read without a problem and without anything that is not known', () => {
    const documents = parseAllDocuments(sharedText(STORE)).map((document): Located => located(document.toJS(), 'store.yaml'));
    const { objects, problems } = readObjects(documents, 'pets');
    expect(problems).toEqual([]);
    expect(objects.unmodelled).toEqual([]);
    expect(objects.policies).toEqual([]);
    expect(objects.workloads).toHaveLength(9);
    expect(objects.services.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'documentdb ClusterIP',
      'rabbitmq ClusterIP',
      'order-service ClusterIP',
      'makeline-service ClusterIP',
      'product-service ClusterIP',
      'store-front LoadBalancer',
      'store-admin LoadBalancer',
    ]);
  });
});
