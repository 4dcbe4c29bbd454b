import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placePods } from '../../../../src/kube/derive/workloads.ts';
import { deriveEndpointSlices } from '../../../../src/kube/derive/endpoint-slices.ts';
import { kubeProxyChains, kubeProxyRules } from '../../../../src/kube/kube-proxy/render.ts';
import { DEFAULT_KUBE_PROXY_SETTINGS } from '../../../../src/kube/kube-proxy/settings.ts';
import { objectsOf } from '../shared.ts';

const KINDS = [
  'v1/Pod',
  'v1/Service',
  'v1/Node',
  'v1/Endpoints',
  'v1/ConfigMap',
  'apps/v1/Deployment',
  'apps/v1/DaemonSet',
  'batch/v1/Job',
];
const MORE = [
  'discovery.k8s.io/v1/EndpointSlice',
  'networking.k8s.io/v1/NetworkPolicy',
  'networking.k8s.io/v1/Ingress',
  'x.y/v1/Z',
  'v1/List',
];
const KEYS = ['spec', 'status', 'metadata', 'name', 'ports', 'port', 'selector', 'labels', 'items', 'template', '__proto__', 'constructor'];
const TEXTS = ['', 'web', '10.0.0.1', '10.0.0.0/8', 'None', '::1', '\u001b]0;x\u0007', 'a'.repeat(300), '-1', '\u202e'];

const leaf = fc.oneof(fc.constantFrom(...TEXTS), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.string());
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('tree'), { maxKeys: 5 }),
  ),
}));
const object = fc
  .record({ kind: fc.constantFrom(...KINDS, ...MORE), spec: tree, status: tree, name: leaf, labels: tree, items: tree })
  .map(({ kind, spec, status, name, labels, items }) => ({
    apiVersion: kind.slice(0, kind.lastIndexOf('/')),
    kind: kind.slice(kind.lastIndexOf('/') + 1),
    metadata: { name: name === '' ? 'web' : name, labels },
    spec,
    status,
    items,
    endpoints: items,
  }));

describe('hostile objects', () => {
  it('are read to the end, whatever they are, and what is made of them is printable', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(object, tree), { maxLength: 5 }), (values) => {
        const { objects, problems } = objectsOf(...values);
        const { pods } = placePods(objects);
        const endpointSlices = deriveEndpointSlices({ ...objects, pods });
        const node = { name: 'n', ip: '10.0.0.4', addresses: [], podCIDR: null, zone: null };
        const rules = kubeProxyRules({ services: objects.services, endpointSlices }, node, DEFAULT_KUBE_PROXY_SETTINGS);
        const text = JSON.stringify([kubeProxyChains(rules), problems, pods]);
        expect(text).not.toMatch(/[\u007f-\u009f\u202a-\u202e]|\\u00[01]/);
        for (const { line, col } of problems) expect([line, col]).toEqual([1, 1]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('leave no trace in the prototypes of the program', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    fc.assert(
      fc.property(tree, (value) => {
        objectsOf(value, { apiVersion: 'v1', kind: 'Pod', metadata: value, spec: value });
        expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(before);
      }),
      { numRuns: 200, seed: 2 },
    );
  });
});
