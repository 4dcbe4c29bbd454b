import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../../src/aks/endpoint/syntax.ts';
import type { EndpointSlice } from '../../../src/kube/objects/endpoint-slice.ts';
import { kubeProxyRules } from '../../../src/kube/kube-proxy/render.ts';
import type { KubeProxySettings } from '../../../src/kube/kube-proxy/settings.ts';
import { type Backend, NODE_ADDRESSES, NODE_NAME, NodeLab } from './node-lab.ts';
import { hasShared, objectsOf, sharedJson } from './shared.ts';

const FILE = 'data/kube-proxy/flows.json';

interface Fixture {
  readonly proxier: {
    readonly ipFamily: number;
    readonly nodeName: string;
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

interface FlowCase {
  readonly id: string;
  readonly fixture: string;
  readonly test: string;
  readonly name: string;
  readonly sourceIP: string;
  readonly sourceType: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly destIP: string;
  readonly destPort: number;
  readonly verdict: 'DNAT' | 'NONE' | 'ACCEPT' | 'DROP' | 'REJECT';
  readonly endpoints: readonly string[];
  readonly masq: boolean;
}

const there = hasShared(FILE, 90);
const { fixtures, flows } = (there ? sharedJson(FILE) : { fixtures: {}, flows: [] }) as {
  readonly fixtures: Record<string, Fixture>;
  readonly flows: readonly FlowCase[];
};

function fixtureOf(id: string): Fixture {
  const fixture = fixtures[id];
  if (fixture === undefined) throw new Error(`no fixture ${id}`);
  return fixture;
}

function settingsOf({ proxier }: Fixture): KubeProxySettings {
  expect(proxier.localDetector.mode).toBe('ClusterCIDR');
  expect(proxier.nodeName).toBe(NODE_NAME);
  return {
    masqueradeMark: '0x4000',
    masqueradeAll: proxier.masqueradeAll,
    localDetector: { mode: 'ClusterCIDR', cidr: proxier.localDetector.value },
    localhostNodePorts: proxier.localhostNodePorts,
    nodePortAddresses: proxier.nodePortAddresses ?? [],
    randomFully: proxier.randomFully,
    conntrackTcpLiberal: proxier.conntrackTCPLiberal,
    nfacct: proxier.nfacct,
  };
}

/** Every endpoint and every pod that sends; an endpoint of this node, and whoever sends as a pod, has a namespace here. */
function backendsOf(id: string, slices: readonly EndpointSlice[]): Backend[] {
  const listens = new Map<string, Set<string>>();
  const local = new Set<string>();
  for (const { sourceIP } of flows.filter(({ fixture, sourceType }) => fixture === id && sourceType === 'pod')) {
    listens.set(sourceIP, new Set());
    local.add(sourceIP);
  }
  for (const { ports, endpoints } of slices) {
    for (const { addresses, nodeName } of endpoints) {
      const addr = addresses[0] ?? '';
      const known = listens.get(addr) ?? new Set<string>();
      for (const { port, protocol } of ports) if (protocol !== 'SCTP') known.add(`${protocol.toLowerCase()}/${port}`);
      listens.set(addr, known);
      if (nodeName === NODE_NAME) local.add(addr);
    }
  }
  return [...listens].map(([addr, open]) => ({ addr, isLocal: local.has(addr), listens: [...open] }));
}

const labs = new Map<string, NodeLab>();

function labOf(id: string): NodeLab {
  let lab = labs.get(id);
  if (lab === undefined) {
    const fixture = fixtureOf(id);
    const { objects, problems } = objectsOf(...fixture.services, ...fixture.endpointSlices);
    expect(problems).toEqual([]);
    expect(fixture.proxier.localIPs.filter((addr) => !addr.includes(':'))).toEqual(['127.0.0.1', ...NODE_ADDRESSES]);
    const healthChecks = objects.services.map(({ healthCheckNodePort }) => healthCheckNodePort).filter((port) => port !== 0);
    labs.set(id, (lab = new NodeLab(objects, settingsOf(fixture), backendsOf(id, objects.endpointSlices), [...new Set(healthChecks)])));
  }
  return lab;
}

const title = ({ id, test, name, sourceIP, protocol, destIP, destPort }: FlowCase): string =>
  `${id} ${test}: ${name}: ${sourceIP} -> ${destIP}:${destPort} ${protocol}`;
const cases = (wanted: (flow: FlowCase) => boolean): [string, FlowCase][] => flows.filter(wanted).map((flow) => [title(flow), flow]);
const isIpv6 = ({ fixture }: FlowCase): boolean => fixtures[fixture]?.proxier.ipFamily === 6;
const isSctp = ({ protocol }: FlowCase): boolean => protocol === 'SCTP';

describe.skipIf(!there)("the flows of kube-proxy's own tests, walked", () => {
  it('are all ninety', () => {
    expect(flows).toHaveLength(90);
  });

  it.each(cases((flow) => !isIpv6(flow) && !isSctp(flow)))('%s', (_title, flow) => {
    const { sourceIP, protocol, destIP, destPort, verdict, endpoints, masq } = flow;
    const endings = labOf(flow.fixture).walk(sourceIP, protocol === 'UDP' ? 'udp' : 'tcp', destIP, destPort);
    expect([...new Set(endings.map((ending) => ending.verdict))]).toEqual([verdict]);
    expect(endings.some(({ marked }) => marked)).toBe(masq);
    if (verdict !== 'DNAT') return;
    expect(endings.map(({ endpoint }) => endpoint ?? 'nobody').toSorted()).toEqual([...endpoints].toSorted());
    for (const { marked, seen, answeredBy, odds } of endings) {
      expect(answeredBy).toBe(`${destIP}:${destPort}`);
      expect(odds).toBeCloseTo(1 / endpoints.length, 6);
      if (marked) expect(NODE_ADDRESSES).toContain(seen);
      else expect(seen).toBe(sourceIP);
    }
  });

  it.each(cases(isSctp))('%s', (_title, { fixture, sourceIP, destIP, destPort, endpoints }) => {
    const lab = labOf(fixture);
    expect(lab.walkSctp(sourceIP, destIP, destPort, endpoints.length).toSorted()).toEqual([...endpoints].toSorted());
  });

  it.each(cases(isIpv6))('%s is refused: IPv6 is not modelled', (_title, { fixture, sourceIP, destIP, destPort }) => {
    const { services, endpointSlices } = fixtureOf(fixture);
    const { objects } = objectsOf(...services, ...endpointSlices);
    const settings = { ...settingsOf(fixtureOf(fixture)), localDetector: { mode: 'none' } as const };
    const rules = kubeProxyRules(objects, { name: NODE_NAME, ip: '192.168.0.2', addresses: [], podCIDR: null, zone: null }, settings);
    expect(rules.services).toEqual([]);
    for (const text of [sourceIP, destIP, `[${destIP}]:${destPort}`]) {
      expect(parseEndpoint(text)).toEqual({ message: 'IPv6 is not modelled', expected: 'an IPv4 address' });
    }
  });
});
