import { describe, expect, it } from 'vitest';
import { printRestore } from '../../../../src/kube/iptables/plan.ts';
import { kubeProxyChains, kubeProxyRules } from '../../../../src/kube/kube-proxy/render.ts';
import {
  DEFAULT_KUBE_PROXY_SETTINGS,
  type KubeProxySettings,
  type LocalDetector,
  type NodeView,
} from '../../../../src/kube/kube-proxy/settings.ts';
import { fullSync, kubeProxyNatChains, partialSync } from '../../../../src/kube/kube-proxy/sync.ts';
import type { ClusterObjects } from '../../../../src/kube/objects/cluster-objects.ts';
import { hasShared, objectsOf, sharedJson, sharedText } from '../shared.ts';
import { canonical, normalForm, tablesOf } from './restore-text.ts';

const DATA = 'data/kube-proxy';
const there = hasShared(`${DATA}/flows.json`, 21);

interface Fixture {
  readonly proxier: {
    readonly ipFamily: number;
    readonly nodeName: string;
    readonly nodeIP: string;
    readonly localIPs: readonly string[];
    readonly masqueradeAll: boolean;
    readonly localDetector: { readonly mode: string; readonly value: string };
    readonly localhostNodePorts: boolean;
    readonly nodePortAddresses: readonly string[] | null;
    readonly randomFully: boolean;
    readonly conntrackTCPLiberal: boolean;
    readonly nfacct: boolean;
  };
  readonly services: readonly unknown[];
  readonly endpointSlices: readonly unknown[];
}

const fixtures: Record<string, Fixture> = there ? (sharedJson(`${DATA}/flows.json`) as { fixtures: Record<string, Fixture> }).fixtures : {};

function fixture(id: string): Fixture {
  const found = fixtures[id];
  if (found === undefined) throw new Error(`no fixture ${id}`);
  return found;
}

function read(values: readonly unknown[]): ClusterObjects {
  const { objects, problems } = objectsOf(...values);
  expect(problems).toEqual([]);
  return objects;
}

function settingsOf({ proxier }: Fixture): KubeProxySettings {
  expect(proxier.localDetector.mode).toBe('ClusterCIDR');
  const localDetector: LocalDetector = { mode: 'ClusterCIDR', cidr: proxier.localDetector.value };
  return {
    masqueradeMark: '0x4000',
    masqueradeAll: proxier.masqueradeAll,
    localDetector,
    localhostNodePorts: proxier.localhostNodePorts,
    nodePortAddresses: proxier.nodePortAddresses ?? [],
    randomFully: proxier.randomFully,
    conntrackTcpLiberal: proxier.conntrackTCPLiberal,
    nfacct: proxier.nfacct,
  };
}

function nodeOf({ proxier }: Fixture): NodeView {
  const addresses = proxier.localIPs.filter((address) => !address.includes(':'));
  return { name: proxier.nodeName, ip: proxier.nodeIP, addresses, podCIDR: null, zone: null };
}

function expectUpstream(text: string, dump: string): void {
  const [ours, theirs] = [tablesOf(text), tablesOf(sharedText(`${DATA}/dumps/upstream/${dump}.rules`))];
  for (const table of ['filter', 'nat']) {
    const [got, wanted] = [ours.get(table), theirs.get(table)];
    if (got === undefined || wanted === undefined) throw new Error(`no table ${table}`);
    expect(normalForm(got)).toBe(normalForm(wanted));
  }
}

const service = (n: number, port: number, name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: `ns${n}`, name: `svc${n}` },
  spec: { clusterIP: `172.30.0.4${n}`, ports: [{ name, port }] },
});
const slice = (n: number, port: number, name: string, ...addresses: string[]): unknown => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: `ns${n}`, name: `svc${n}`, labels: { 'kubernetes.io/service-name': `svc${n}` } },
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports: [{ name, port }],
});

describe.skipIf(!there)("the rules that kube-proxy's own tests expect", () => {
  it.each(['overall', 'trace-packet'])('are written word for word: %s', (id) => {
    const data = fixture(id);
    const rules = kubeProxyRules(read([...data.services, ...data.endpointSlices]), nodeOf(data), settingsOf(data));
    expectUpstream(printRestore(fullSync(rules, []).restore), id);
  });

  it('are written word for word through a full sync and seven partial ones', () => {
    const data = fixture('overall');
    const [node, settings] = [nodeOf(data), settingsOf(data)];
    const one = [service(1, 80, 'p80'), slice(1, 80, 'p80', '10.0.1.1')];
    const two = [service(2, 8080, 'p8080'), slice(2, 8080, 'p8080', '10.0.2.1')];
    const four = [service(4, 80, 'p80'), slice(4, 80, 'p80', '10.0.4.1')];
    const three = (...addresses: string[]): unknown[] => [service(3, 80, 'p80'), slice(3, 80, 'p80', ...addresses)];
    const steps: [string, unknown[]][] = [
      ['repeated-1-initial', [...one, ...two]],
      ['repeated-2-add-svc3', [...one, ...two, ...three('10.0.3.1')]],
      ['repeated-3-delete-svc2', [...one, ...three('10.0.3.1')]],
      ['repeated-4-add-svc4-no-endpoints', [...one, ...three('10.0.3.1'), service(4, 80, 'p80')]],
      ['repeated-5-add-svc4-endpoints', [...one, ...three('10.0.3.1'), ...four]],
      ['repeated-6-svc3-endpoint-changed', [...one, ...three('10.0.3.2'), ...four]],
      ['repeated-7-svc3-endpoint-added', [...one, ...three('10.0.3.2', '10.0.3.3'), ...four]],
      ['repeated-8-no-change', [...one, ...three('10.0.3.2', '10.0.3.3'), ...four]],
    ];
    let previous: ReturnType<typeof kubeProxyRules> | null = null;
    const known = new Map<string, unknown>();
    for (const [dump, values] of steps) {
      const objects = read(values);
      // As an edit does: objects that say the same are the same objects.
      const keep = <T>(list: readonly T[]): T[] =>
        list.map((item) => {
          const key = JSON.stringify(item);
          if (!known.has(key)) known.set(key, item);
          return known.get(key) as T;
        });
      const view = { services: keep(objects.services), endpointSlices: keep(objects.endpointSlices) };
      const rules = kubeProxyRules(view, node, settings);
      const plan = previous === null ? fullSync(rules, []) : partialSync(previous, rules, kubeProxyNatChains(previous));
      expectUpstream(printRestore(plan.restore), dump);
      previous = rules;
    }
  });

  it('are entered by jumps from the built-in chains in the same order', () => {
    const inserted = tablesOf(sharedText(`${DATA}/dumps/jumps.rules`));
    const data = fixture('overall');
    const plan = fullSync(kubeProxyRules({ services: [], endpointSlices: [] }, nodeOf(data), settingsOf(data)), []);
    for (const table of ['filter', 'nat'] as const) {
      const ours = plan.rules.filter((rule) => rule.table === table).map((rule) => `-I ${rule.chain} ${rule.args}`);
      expect(ours).toEqual(inserted.get(table)?.rules);
    }
  });
});

const LOADED = [
  'cluster-ip-general',
  'etp-cluster',
  'iem-base',
  'itp-cluster',
  'itp-cluster-deleted',
  'itp-local-many',
  'itp-local-many-deleted',
  'no-endpoints-reject',
  'np-v4-localhost-off-addr',
  'np-v4-localhost-on',
  'term-cluster-ready',
  'term-cluster-ready-deleted',
  'term-cluster-remoteterm',
  'term-cluster-remoteterm-deleted',
  'term-local-ready',
  'term-local-ready-deleted',
  'trace-packet',
];

describe.skipIf(!there)('what the kernel holds after the rules are loaded', () => {
  it.each(LOADED)('is what was written: %s', (id) => {
    const data = fixture(id);
    const settings = { ...settingsOf(data), masqueradeMark: DEFAULT_KUBE_PROXY_SETTINGS.masqueradeMark, randomFully: true, nfacct: false };
    const chains = kubeProxyChains(kubeProxyRules(read([...data.services, ...data.endpointSlices]), nodeOf(data), settings));
    const saved = tablesOf(sharedText(`${DATA}/dumps/kernel/${id}.nft.save`));
    for (const table of ['filter', 'nat'] as const) {
      const rules = saved.get(table)?.rules ?? [];
      for (const { name, rules: ours } of chains[table]) {
        const theirs = rules.filter((rule) => rule.startsWith(`-A ${name} `));
        expect(ours.map(({ args }) => canonical(`-A ${name} ${args}`))).toEqual(theirs);
      }
      const names = saved.get(table)?.chains.filter((chain) => chain.startsWith('KUBE-') && chain !== 'KUBE-FIREWALL') ?? [];
      const ours = chains[table].map(({ name }) => name).filter((chain) => chain !== 'KUBE-FIREWALL');
      expect(ours.toSorted()).toEqual(names.toSorted());
    }
  });
});
