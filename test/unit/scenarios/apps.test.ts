import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSource } from '../../../src/cli/sources.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { NO_FILES, filesFrom } from '../../../src/scenario/source/files.ts';
import { runScenario } from '../../../src/scenario/run.ts';
import { validateScenario } from '../../../src/scenario/validate.ts';
import { type OpenScenario, openScenario } from '../../../src/scenario/open.ts';
import { MODES, clusterWith, disappointments, meantOf } from './apps.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const SHOP = path.join(ROOT, 'scenarios/apps/shop/manifests.yaml');
const STORE = path.join(ROOT, '../shared/data/manifests/aks-store-all-in-one.yaml');
const SHOP_SCENARIOS = path.join(ROOT, 'scenarios/apps/shop');
const FIXTURES = path.join(import.meta.dirname, 'fixtures');

function fixture(name: string): string {
  return readFileSync(path.join(FIXTURES, name), 'utf8');
}

describe.each(MODES)('an application in native manifests, mode %s', (mode) => {
  test.each(['messaging.yaml', 'observability.yaml'])('%s: every service is reachable as its author meant', (name) => {
    const app = clusterWith(mode, { [name]: fixture(name) });
    expect(meantOf(app).length).toBeGreaterThan(10);
    expect(disappointments(app)).toEqual([]);
  });

  test('the shop: every service is reachable as its author meant', () => {
    const app = clusterWith(mode, { 'manifests.yaml': readFileSync(SHOP, 'utf8') });
    expect(meantOf(app).length).toBeGreaterThan(30);
    expect(disappointments(app)).toEqual([]);
  });
});

describe('the shop that is shipped', () => {
  test('is written in native manifests without a field of podwalk', () => {
    const loaded = loadSource(SHOP, undefined);
    expect(loaded.plainManifest).toBe(true);
    expect(validateScenario(loaded).unknown).toEqual([]);
  });

  test.each(['manifests.yaml', ...MODES.map((mode) => `shop-${mode}.yaml`)])('%s holds', (name) => {
    const { checks } = runScenario(loadSource(path.join(SHOP_SCENARIOS, name), undefined));
    expect(checks.length).toBeGreaterThan(15);
    expect(checks.filter(({ verdict }) => verdict !== 'pass').map((check) => check.name)).toEqual([]);
  });
});

describe('what a manifest holds beyond the model', () => {
  const loaded = loadScenario(
    {
      file: 'site.yaml',
      text: `
cluster: { mode: overlay }
manifests: [web.yaml]
matrix:
  - table: |
      from                  svc/default/site:80  svc/default/site:443  svc/default/cache:6379  svc/default/legacy:80
      deploy/default/site   -                    -                     ?                       .
      deploy/default/cache  .                    .                     -                       .
      node/node-0           .                    .                     ?                       .
checks:
  - { from: deploy/default/cache, to: internet:443 }
`,
    },
    filesFrom(new Map([['web.yaml', fixture('web.yaml')]])),
  );

  test('makes the walks that it would govern UNKNOWN, and no other', () => {
    const { checks } = runScenario(loaded);
    expect(checks.filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name)).toEqual([]);
    expect(checks.length).toBe(10);
  });

  test('is listed when the scenario is validated, with its place', () => {
    expect(validateScenario(loaded).unknown.map(({ place, text }) => `${place?.file}:${place?.line} ${text}`)).toEqual([
      'web.yaml:28 Ingress default/site: Ingress is not modelled',
      'web.yaml:56 NetworkPolicy default/cache-from-site: NetworkPolicy is not modelled',
    ]);
  });

  test('an object of a kind that nobody knows concerns the pods of its namespace alone', () => {
    const gizmo = '---\napiVersion: example.com/v1\nkind: Gizmo\nmetadata: { name: g, namespace: shop }\n';
    const files = { 'shop.yaml': readFileSync(SHOP, 'utf8') + gizmo, 'messaging.yaml': fixture('messaging.yaml') };
    const both = clusterWith('overlay', files);
    expect(both.trace({ from: 'deploy/shop/worker', to: 'svc/shop/queue:5672' })).toMatchObject({ outcome: 'unknown', reason: 'POLICY' });
    expect(both.trace({ from: 'deploy/default/producer', to: 'svc/default/broker-bootstrap:9092' }).outcome).toBe('replied');
  });
});

describe('a dump of a cluster, as kubectl prints it', () => {
  const DUMPS = [
    { name: 'dump-overlay.yaml', mode: 'overlay', addresses: ['10.244.0.12', '10.244.1.7'] },
    { name: 'dump-azure.json', mode: 'azure', addresses: ['10.224.0.12', '10.224.0.40'] },
  ] as const;

  describe.each(DUMPS)('$name', ({ name, mode, addresses }) => {
    const text = `cluster: { mode: ${mode} }\nmanifests: [${name}]\n`;
    const open = (): OpenScenario => openScenario(text, { files: filesFrom(new Map([[name, fixture(name)]])) });
    const client = 'default/client-7b9d5-aaaaa';

    test('has the nodes and the addresses of the cluster that it was taken from', () => {
      const { world } = open();
      expect(Object.keys(world.cluster?.nodes ?? {})).toEqual(['aks-nodepool1-31718369-vmss000000', 'aks-nodepool1-31718369-vmss000001']);
      const traces = open().allBranches({ from: client, to: 'svc/default/web:80' });
      expect(traces.map(({ outcome, delivered }) => `${outcome} ${delivered?.dst}`).sort()).toEqual(
        addresses.map((address) => `replied ${address}:8080`),
      );
    });

    test('keeps unready, terminating and finished pods out of its services', () => {
      const reached = open()
        .allBranches({ from: client, to: 'svc/default/web:80' })
        .map(({ delivered }) => delivered?.dst);
      expect(reached).toHaveLength(2);
      expect(() => open().trace({ from: 'default/migrate-k4k4k', to: 'svc/default/web:80' })).toThrow(
        'there is no pod default/migrate-k4k4k',
      );
    });

    test('resolves names over UDP and TCP, and reaches the API server', () => {
      const cluster = open();
      const targets = ['svc/kube-system/kube-dns:dns', 'svc/kube-system/kube-dns:dns-tcp', 'svc/default/kubernetes:443'];
      expect(targets.map((to) => cluster.trace({ from: client, to }).outcome)).toEqual(['replied', 'replied', 'replied']);
    });

    test('lets customers in by the address and policy that it shows', () => {
      const traces = open().allBranches({ from: 'internet', to: 'svc/default/web:80' });
      expect(new Set(traces.map(({ probe, outcome, delivered }) => `${probe.dst} ${outcome} ${delivered?.src.split(':')[0]}`))).toEqual(
        new Set(['20.50.0.10 replied 203.0.113.10']),
      );
    });

    test('is a source of its own, in the mode that it shows', () => {
      const { checks, notes } = runScenario(loadScenario({ file: name, text: fixture(name) }, NO_FILES));
      expect(notes[0]).toContain(`a cluster of mode ${mode} with the nodes among them`);
      expect(checks.filter(({ verdict }) => verdict !== 'pass').map(({ name: check }) => check)).toEqual([]);
      expect(checks.length).toBeGreaterThan(0);
    });
  });

  test('may have address ranges that nobody told of', () => {
    const other = fixture('dump-overlay.yaml')
      .replaceAll('10.244.', '10.100.')
      .replaceAll('10.224.', '10.240.')
      .replaceAll(/10\.0\.(171|0)\./g, '172.16.$1.');
    const { checks } = runScenario(loadScenario({ file: 'other.yaml', text: other }, NO_FILES));
    expect(checks.filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name)).toEqual([]);
  });

  test('a pod whose address the mode can not give is no sender, and says why', () => {
    const wrong = openScenario('cluster: { mode: overlay, nodes: 1 }\nmanifests: [pod.yaml]\n', {
      files: filesFrom(
        new Map([
          ['pod.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: { name: lost }\nspec: { containers: [] }\nstatus: { podIP: 192.0.2.9 }\n'],
        ]),
      ),
    });
    expect(() => wrong.trace({ from: 'default/lost', to: 'internet:443' })).toThrow(
      /pod default\/lost has no network: Failed to create pod sandbox/,
    );
  });
});

describe('manifests in the ways that people write them', () => {
  function deployment(name: string, spec: string, apiVersion = 'apps/v1'): string {
    return `---
apiVersion: ${apiVersion}
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template: { metadata: { labels: { app: ${name} } }, spec: ${spec} }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80 }], selector: { app: ${name} } }
`;
  }
  const web = '{ containers: [{ name: web, image: web, ports: [{ containerPort: 80 }] }] }';

  test.each([
    ['apiVersions of old', deployment('web', web, 'extensions/v1beta1')],
    [
      'the old name of the operating system',
      deployment('web', web.replace('{ containers', '{ nodeSelector: { beta.kubernetes.io/os: linux }, containers')),
    ],
    ['a pool of AKS by its name', deployment('web', web.replace('{ containers', '{ nodeSelector: { agentpool: nodepool1 }, containers'))],
    ['empty documents and comments', `---\n# nothing\n---\n${deployment('web', web)}---\n`],
    ['Windows line ends', deployment('web', web).replaceAll('\n', '\r\n')],
    ['a port that no container declares', deployment('web', '{ containers: [{ name: web, image: web }] }')],
    [
      'host ports that are not asked for',
      deployment('web', '{ containers: [{ name: web, image: web, ports: [{ containerPort: 80, hostPort: 0 }] }] }'),
    ],
    [
      'no list of containers but a sidecar',
      deployment(
        'web',
        '{ initContainers: [{ name: web, image: web, restartPolicy: Always, ports: [{ containerPort: 80 }] }], containers: [{ name: main, image: main }] }',
      ),
    ],
  ])('%s', (_, manifest) => {
    const app = clusterWith('overlay', { 'web.yaml': manifest });
    expect(disappointments(app)).toEqual([]);
    expect(app.trace({ from: 'node/node-0', to: 'svc/default/web:80' }).outcome).toBe('replied');
  });

  test('a workload that fits no node is Pending, and its service refuses', () => {
    const windows = deployment('win', web.replace('{ containers', '{ nodeSelector: { kubernetes.io/os: windows }, containers'));
    const loaded = loadScenario({ file: 'win.yaml', text: windows + deployment('web', web) }, NO_FILES);
    expect(validateScenario(loaded).notes).toContain('pod default/win: Deployment: 1 pod Pending, no node fits');
    const app = clusterWith('overlay', { 'win.yaml': windows + deployment('web', web) });
    expect(app.trace({ from: 'deploy/default/web', to: 'svc/default/win:80' })).toMatchObject({ outcome: 'icmp-error' });
    expect(app.trace({ from: 'node/node-0', to: 'svc/default/web:80' }).outcome).toBe('replied');
  });
});

const hasStore = existsSync(STORE);
if (!hasStore) console.warn(`${MODES.length * 2 + 2} tests skipped: ../shared/data/manifests is not there`);

describe.skipIf(!hasStore)('the AKS store, as its authors publish it', () => {
  describe.each(MODES)('mode %s', (mode) => {
    const app = (): ReturnType<typeof clusterWith> => clusterWith(mode, { 'store.yaml': readFileSync(STORE, 'utf8') });

    test('every service is reachable as its authors meant', () => {
      const store = app();
      expect(new Set(meantOf(store).map(({ to }) => to.replace(/@.*/, '')))).toEqual(
        new Set([
          'svc/default/documentdb:10260',
          'svc/default/rabbitmq:5672',
          'svc/default/rabbitmq:15672',
          'svc/default/order-service:3000',
          'svc/default/makeline-service:3001',
          'svc/default/product-service:3002',
          'svc/default/store-front:80',
          'svc/default/store-admin:80',
        ]),
      );
      expect(disappointments(store)).toEqual([]);
    });

    test('what nobody offers is refused', () => {
      const trace = app().trace({ from: 'deploy/default/virtual-customer', to: 'deploy/default/virtual-worker:80' });
      expect(trace.outcome).toBe('reset');
    });
  });

  test('its file is a source of its own', () => {
    const { checks } = runScenario(loadSource(STORE, undefined));
    expect(checks.length).toBeGreaterThanOrEqual(16);
    expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  });

  test('nothing in it is beyond the model', () => {
    expect(validateScenario(loadSource(STORE, undefined)).unknown).toEqual([]);
  });
});
