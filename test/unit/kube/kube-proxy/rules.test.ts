import { describe, expect, it } from 'vitest';
import { type KubeProxyRules, kubeProxyChains, kubeProxyRules } from '../../../../src/kube/kube-proxy/render.ts';
import { chainHash, servicePortName } from '../../../../src/kube/kube-proxy/names.ts';
import { DEFAULT_KUBE_PROXY_SETTINGS, type KubeProxySettings, type NodeView } from '../../../../src/kube/kube-proxy/settings.ts';
import { fullSync, partialSync, renderKubeProxy } from '../../../../src/kube/kube-proxy/sync.ts';
import type { ProxyObjects } from '../../../../src/kube/kube-proxy/view.ts';
import type { Endpoint, EndpointSlice } from '../../../../src/kube/objects/endpoint-slice.ts';
import { type Service, newService } from '../../../../src/kube/objects/service.ts';

const node = (name: string, extra: Partial<NodeView> = {}): NodeView => ({
  name,
  ip: '10.224.0.4',
  addresses: ['127.0.0.1', '10.224.0.4'],
  podCIDR: null,
  zone: null,
  ...extra,
});
const A = node('node-a');
const B = node('node-b', { ip: '10.224.0.5', addresses: ['127.0.0.1', '10.224.0.5'] });
const AKS: KubeProxySettings = { ...DEFAULT_KUBE_PROXY_SETTINGS, localDetector: { mode: 'ClusterCIDR', cidr: '10.244.0.0/16' } };

const v4 = (text: string): { family: 4; text: string } => ({ family: 4, text });
const vip = (text: string): { ip: { family: 4; text: string }; ipMode: 'VIP' } => ({ ip: v4(text), ipMode: 'VIP' });
const port = (nodePort = 0): Service['ports'][number] => ({
  name: '',
  port: 80,
  targetPort: 80,
  protocol: 'TCP',
  nodePort,
  appProtocol: null,
});

function web(fields: Partial<Service> = {}): Service {
  return newService({ namespace: 'default', name: 'web', clusterIP: v4('10.0.1.1'), ports: [port()], ...fields });
}

function endpoint(address: string, fields: Partial<Endpoint> = {}): Endpoint {
  const conditions = { ready: true, serving: true, terminating: false };
  return { addresses: [address], nodeName: 'node-a', zone: null, ...conditions, forZones: [], forNodes: [], ...fields };
}

function slice(endpoints: readonly Endpoint[], name = 'web'): EndpointSlice {
  const ports = [{ name: '', port: 80, protocol: 'TCP' as const }];
  return { namespace: 'default', name: `${name}-0`, labels: {}, source: null, serviceName: name, endpoints, ports, origin: 'given' };
}

function view(service: Service, ...endpoints: Endpoint[]): ProxyObjects {
  return { services: [service], endpointSlices: endpoints.length === 0 ? [] : [slice(endpoints)] };
}

/** The rules of the chains whose name starts so, as `CHAIN args`. */
function rulesOf(rules: KubeProxyRules, table: 'filter' | 'nat', start: string): string[] {
  const chains = kubeProxyChains(rules)[table];
  return chains.filter(({ name }) => name.startsWith(start)).flatMap((chain) => chain.rules.map(({ args }) => `${chain.name} ${args}`));
}

const DRAINING = { ready: false, serving: true, terminating: true };

describe('the names of chains', () => {
  it("are upstream's", () => {
    expect(chainHash('ns1/svc1:p80tcp')).toBe('XPGD46QRK7WJZT7O');
    expect(chainHash('ns1/svc1:p80tcp10.180.0.1:80')).toBe('SXIVWICOYRO3J4NJ');
  });

  it('leave out the colon of a port without a name', () => {
    expect(servicePortName('default', 'kubernetes', '')).toBe('default/kubernetes');
    expect(servicePortName('default', 'kubernetes', 'https')).toBe('default/kubernetes:https');
  });
});

describe('a ClusterIP service', () => {
  it('is written with the production mark, and every rule says who wanted it', () => {
    const { nat } = renderKubeProxy(view(web(), endpoint('10.244.0.7')), A, AKS);
    expect(nat).toContain('-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000\n');
    const chains = kubeProxyChains(kubeProxyRules(view(web(), endpoint('10.244.0.7')), A, AKS)).nat;
    const origins = new Set(chains.flatMap(({ rules }) => rules.map(({ origin }) => origin)));
    expect([...origins]).toEqual(['svc default/web', 'kube-proxy']);
  });

  it('refuses when it has no endpoint at all', () => {
    const rules = kubeProxyRules(view(web()), A, AKS);
    expect(rulesOf(rules, 'filter', 'KUBE-SERVICES')).toEqual([
      'KUBE-SERVICES -m comment --comment "default/web has no endpoints" -m tcp -p tcp -d 10.0.1.1 --dport 80 -j REJECT',
    ]);
    expect(rulesOf(rules, 'nat', 'KUBE-SVC')).toEqual([]);
  });

  it('drops on a node without a local endpoint when its internal policy is Local', () => {
    const objects = view(web({ internalTrafficPolicy: 'Local' }), endpoint('10.244.0.7'));
    expect(rulesOf(kubeProxyRules(objects, B, AKS), 'filter', 'KUBE-SERVICES')).toEqual([
      'KUBE-SERVICES -m comment --comment "default/web has no local endpoints" -m tcp -p tcp -d 10.0.1.1 --dport 80 -j DROP',
    ]);
    expect(rulesOf(kubeProxyRules(objects, A, AKS), 'nat', 'KUBE-SVL')).toHaveLength(2);
  });

  it('spreads evenly over its ready endpoints in the order of their text', () => {
    const objects = view(web(), endpoint('10.244.0.9'), endpoint('10.244.0.10'), endpoint('10.244.0.8'), endpoint('10.244.0.7', DRAINING));
    const jumps = rulesOf(kubeProxyRules(objects, A, AKS), 'nat', 'KUBE-SVC').slice(1);
    expect(jumps.map((rule) => /-> ([\d.]+):80"(?: -m statistic --mode random --probability ([\d.]+))?/.exec(rule)?.slice(1))).toEqual([
      ['10.244.0.10', '0.3333333333'],
      ['10.244.0.8', '0.5000000000'],
      ['10.244.0.9', undefined],
    ]);
  });

  it('falls back to endpoints that still serve while they terminate', () => {
    const gone = { ready: false, serving: false, terminating: true };
    const objects = view(web(), endpoint('10.244.0.7', DRAINING), endpoint('10.244.0.8', gone));
    expect(rulesOf(kubeProxyRules(objects, A, AKS), 'nat', 'KUBE-SVC')[1]).toContain('default/web -> 10.244.0.7:80" -j KUBE-SEP-');
  });

  it('keeps a client with its endpoint when it asks for session affinity', () => {
    const rules = kubeProxyRules(view(web({ affinitySeconds: 600 }), endpoint('10.244.0.7'), endpoint('10.244.0.8')), A, AKS);
    const [, first, second, third] = rulesOf(rules, 'nat', 'KUBE-SVC');
    expect(first).toMatch(/10\.244\.0\.7:80" -m recent --name (KUBE-SEP-\w+) --rcheck --seconds 600 --reap -j \1$/);
    expect(second).toMatch(/10\.244\.0\.8:80" -m recent/);
    expect(third).toContain('-m statistic');
    expect(rulesOf(rules, 'nat', 'KUBE-SEP')[1]).toMatch(/^(KUBE-SEP-\w+) .* -m recent --name \1 --set -m tcp -p tcp -j DNAT/);
  });

  it('is left out when it is headless, IPv6, external or unallocated, or belongs to another proxy', () => {
    const services = [
      web({ clusterIP: 'None' }),
      web({ clusterIP: { family: 6, text: 'fd00::1' } }),
      web({ type: 'ExternalName', externalName: 'example.com' }),
      web({ clusterIP: null }),
      web({ labels: { 'service.kubernetes.io/service-proxy-name': 'mesh' } }),
    ];
    for (const service of services) expect(kubeProxyRules(view(service, endpoint('10.244.0.7')), A, AKS).services).toEqual([]);
  });

  it('counts an address in two slices once', () => {
    const objects = {
      services: [web()],
      endpointSlices: [slice([endpoint('10.244.0.7')]), { ...slice([endpoint('10.244.0.7')]), name: 'z' }],
    };
    expect(rulesOf(kubeProxyRules(objects, A, AKS), 'nat', 'KUBE-SEP')).toHaveLength(2);
  });
});

describe('what is masqueraded on the way to a ClusterIP', () => {
  const objects = view(web(), endpoint('10.244.0.7'));
  const first = (settings: Partial<KubeProxySettings>, on: NodeView = A): string | undefined =>
    rulesOf(kubeProxyRules(objects, on, { ...AKS, ...settings }), 'nat', 'KUBE-SVC')[0]?.replace(/^.*--dport 80 /, '');

  it.each<[string, Partial<KubeProxySettings>, string]>([
    ['what comes from outside the cluster range', {}, '! -s 10.244.0.0/16 -j KUBE-MARK-MASQ'],
    ['everything', { masqueradeAll: true }, '-j KUBE-MARK-MASQ'],
    ['what comes from another bridge', { localDetector: { mode: 'BridgeInterface', name: 'cbr0' } }, '! -i cbr0 -j KUBE-MARK-MASQ'],
    ['what comes from other links', { localDetector: { mode: 'InterfaceNamePrefix', prefix: 'azv' } }, '! -i azv+ -j KUBE-MARK-MASQ'],
  ])('is %s', (_, settings, expected) => {
    expect(first(settings)).toBe(expected);
  });

  it("is what comes from outside the node's own range", () => {
    const settings: Partial<KubeProxySettings> = { localDetector: { mode: 'NodeCIDR' } };
    expect(first(settings, node('node-a', { podCIDR: '10.244.3.0/24' }))).toBe('! -s 10.244.3.0/24 -j KUBE-MARK-MASQ');
    expect(first(settings)).toMatch(/^KUBE-SVC.*KUBE-SEP/);
  });

  it('is nothing when nobody can tell a pod from a stranger', () => {
    expect(first({ localDetector: { mode: 'none' } })).toMatch(/^KUBE-SVC.*KUBE-SEP/);
  });
});

describe('a service that can be reached from outside', () => {
  const local = web({
    type: 'LoadBalancer',
    ports: [port(30080)],
    ingress: [vip('20.1.2.3')],
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31000,
  });

  it('masquerades everything under the policy Cluster', () => {
    const rules = kubeProxyRules(view({ ...local, externalTrafficPolicy: 'Cluster' }, endpoint('10.244.0.7')), B, AKS);
    expect(rulesOf(rules, 'nat', 'KUBE-EXT').map((rule) => rule.replace(/^\S+ /, ''))).toEqual([
      '-m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ',
      expect.stringMatching(/^-j KUBE-SVC-/),
    ]);
  });

  it('drops strangers on a node without a local endpoint under the policy Local, and still serves pods and the node', () => {
    const rules = kubeProxyRules(view(local, endpoint('10.244.0.7')), B, AKS);
    expect(rulesOf(rules, 'filter', 'KUBE-EXTERNAL-SERVICES')).toHaveLength(2);
    const external = rulesOf(rules, 'nat', 'KUBE-EXT');
    expect(external).toHaveLength(3);
    expect(external[0]).toContain('"pod traffic for default/web external destinations" -s 10.244.0.0/16 -j KUBE-SVC-');
    expect(rulesOf(rules, 'filter', 'KUBE-NODEPORTS')).toEqual([
      'KUBE-NODEPORTS -m comment --comment "default/web health check node port" -m tcp -p tcp --dport 31000 -j ACCEPT',
    ]);
  });

  it('drops what is outside its source ranges; the node may use its own load balancer when the ranges hold the node', () => {
    const ranges = [v4('203.0.113.0/24'), v4('10.224.0.4/32')];
    const objects = view({ ...local, externalTrafficPolicy: 'Cluster', loadBalancerSourceRanges: ranges }, endpoint('10.244.0.7'));
    const sources = (on: NodeView): (string | undefined)[] =>
      rulesOf(kubeProxyRules(objects, on, AKS), 'nat', 'KUBE-FW').map((rule) => / -s (\S+)/.exec(rule)?.[1]);
    expect(sources(A)).toEqual(['203.0.113.0/24', '10.224.0.4/32', '20.1.2.3', undefined]);
    expect(sources(B)).toEqual(['203.0.113.0/24', '10.224.0.4/32', undefined]);
    expect(rulesOf(kubeProxyRules(objects, A, AKS), 'filter', 'KUBE-PROXY-FIREWALL')).toHaveLength(1);
  });

  it('does not capture an address whose load balancer is a proxy', () => {
    const service = { ...local, ingress: [{ ip: v4('20.1.2.3'), ipMode: 'Proxy' as const }] };
    expect(renderKubeProxy(view(service, endpoint('10.244.0.7')), A, AKS).nat).not.toContain('20.1.2.3');
  });

  it('is not opened on loopback addresses when that is switched off, or when the chosen addresses leave them out', () => {
    const last = (settings: Partial<KubeProxySettings>): string[] =>
      rulesOf(kubeProxyRules(view(local, endpoint('10.244.0.7')), A, { ...AKS, ...settings }), 'nat', 'KUBE-SERVICES').flatMap(
        (rule) => /must be the last rule in this chain" (.*)$/.exec(rule)?.[1] ?? [],
      );
    expect(last({})).toEqual(['-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS']);
    expect(last({ localhostNodePorts: false })).toEqual(['-m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j KUBE-NODEPORTS']);
    expect(last({ nodePortAddresses: ['10.224.0.0/16'] })).toEqual(['-d 10.224.0.4 -j KUBE-NODEPORTS']);
    expect(last({ nodePortAddresses: ['10.224.0.0/16', '127.0.0.0/8'] })).toEqual([
      '-d 127.0.0.1 -j KUBE-NODEPORTS',
      '-d 10.224.0.4 -j KUBE-NODEPORTS',
    ]);
  });

  it('leaves the firewall chain to kubelet when loopback node ports are off', () => {
    const { filter } = renderKubeProxy(view(local), A, { ...AKS, localhostNodePorts: false });
    expect(filter).not.toContain('KUBE-FIREWALL');
  });

  it('does not drop invalid packets where conntrack is liberal', () => {
    expect(renderKubeProxy(view(local), A, AKS).filter).toContain('--ctstate INVALID -j DROP');
    expect(renderKubeProxy(view(local), A, { ...AKS, conntrackTcpLiberal: true }).filter).not.toContain('INVALID');
  });
});

describe('topology hints', () => {
  const zones = [endpoint('10.244.0.7', { forZones: ['z1'] }), endpoint('10.244.0.8', { forZones: ['z2'] })];
  const reached = (objects: ProxyObjects, on: NodeView): string[] =>
    rulesOf(kubeProxyRules(objects, on, AKS), 'nat', 'KUBE-SEP').flatMap((rule) => /--to-destination (\S+)/.exec(rule)?.[1] ?? []);

  it('keep packets in the zone of the node', () => {
    expect(reached(view(web(), ...zones), node('a', { zone: 'z1' }))).toEqual(['10.244.0.7:80']);
    expect(reached(view(web(), ...zones), node('b', { zone: 'z2' }))).toEqual(['10.244.0.8:80']);
  });

  it('are void on a node without a zone, in a zone without endpoints, and when one endpoint has none', () => {
    expect(reached(view(web(), ...zones), A)).toHaveLength(2);
    expect(reached(view(web(), ...zones), node('c', { zone: 'z3' }))).toHaveLength(2);
    expect(reached(view(web(), ...zones, endpoint('10.244.0.9')), node('a', { zone: 'z1' }))).toHaveLength(3);
  });

  it('for a node come before those for its zone', () => {
    const hinted = [
      endpoint('10.244.0.7', { forZones: ['z1'], forNodes: ['a'] }),
      endpoint('10.244.0.8', { forZones: ['z1'], forNodes: ['b'] }),
    ];
    expect(reached(view(web(), ...hinted), node('a', { zone: 'z1' }))).toEqual(['10.244.0.7:80']);
    expect(reached(view(web(), ...hinted), node('c', { zone: 'z1' }))).toHaveLength(2);
  });
});

describe('a large cluster', () => {
  it('has no comments on the rules of endpoints above 1,000 of them', () => {
    const endpoints = (count: number): Endpoint[] => Array.from({ length: count }, (_, n) => endpoint(`10.244.${n >> 8}.${n & 255}`));
    const comments = (count: number): number =>
      rulesOf(kubeProxyRules(view(web(), ...endpoints(count)), A, AKS), 'nat', 'KUBE-SEP').filter((rule) => rule.includes('comment'))
        .length;
    expect(comments(1000)).toBe(2000);
    expect(comments(1001)).toBe(0);
  });

  it('shares one rule set between the nodes that need the same, and only between them', () => {
    const plain = web();
    const local = web({ name: 'local', clusterIP: v4('10.0.1.2'), internalTrafficPolicy: 'Local' });
    const objects = {
      services: [plain, local],
      endpointSlices: [slice([endpoint('10.244.0.7')]), slice([endpoint('10.244.0.8')], 'local')],
    };
    const [c, d] = [node('node-c'), node('node-d', { ip: '10.224.0.9', addresses: ['10.224.0.9'] })];
    expect(kubeProxyRules(objects, c, AKS)).toBe(kubeProxyRules(objects, d, AKS));
    expect(kubeProxyRules(objects, A, AKS)).not.toBe(kubeProxyRules(objects, c, AKS));
    expect(kubeProxyChains(kubeProxyRules(objects, c, AKS))).toBe(kubeProxyChains(kubeProxyRules(objects, d, AKS)));
  });

  it('renders again only what an edit touched', () => {
    const [one, two] = [web(), web({ name: 'two', clusterIP: v4('10.0.1.2') })];
    const slices = [slice([endpoint('10.244.0.7')]), slice([endpoint('10.244.0.8')], 'two')];
    const before = kubeProxyRules({ services: [one, two], endpointSlices: slices }, A, AKS);
    const edited = { ...two, clusterIP: v4('10.0.1.3') };
    const after = kubeProxyRules({ services: [one, edited], endpointSlices: [...slices] }, A, AKS);
    expect(after.services.map(({ ports }, n) => ports === before.services[n]?.ports)).toEqual([false, true]);
  });
});

describe('a sync', () => {
  const before = kubeProxyRules(view(web(), endpoint('10.244.0.7')), A, AKS);

  it('removes the chains that nothing uses any more and no chain of anybody else', () => {
    const stale = ['KUBE-SVC-AAAAAAAAAAAAAAAA', 'KUBE-MARK-DROP', 'IP-MASQ-AGENT', 'KUBE-SEP-BBBBBBBBBBBBBBBB'];
    const nat = fullSync(before, stale).restore.find(({ table }) => table === 'nat');
    const deleted = nat?.lines.flatMap((line) => (line.op === 'delete-chain' ? line.chain : []));
    expect(deleted).toEqual(['KUBE-SEP-BBBBBBBBBBBBBBBB', 'KUBE-SVC-AAAAAAAAAAAAAAAA']);
    expect(nat?.chains).toEqual(expect.arrayContaining(deleted ?? []));
  });

  it('after a change makes sure of no jump and leaves unchanged services alone', () => {
    const plan = partialSync(before, before, []);
    expect([plan.chains, plan.rules]).toEqual([[], []]);
    const nat = plan.restore.find(({ table }) => table === 'nat');
    expect(nat?.chains).toEqual(['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ']);
  });
});
