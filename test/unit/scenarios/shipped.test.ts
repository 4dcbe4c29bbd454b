import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSources, loadSource } from '../../../src/cli/sources.ts';
import { list } from '../../../src/scenario/check/expectations.ts';
import { openScenario } from '../../../src/scenario/open.ts';
import type { CheckResult } from '../../../src/scenario/result.ts';
import { runScenario } from '../../../src/scenario/run.ts';
import type { CheckEntry } from '../../../src/scenario/schema/check.ts';

const FOLDER = path.join(import.meta.dirname, '../../../scenarios');
const MODES = ['kubenet', 'azure', 'overlay'] as const;
type Mode = (typeof MODES)[number];

/** The checks of a shipped scenario, as they are written. */
function checksOf(name: string): readonly CheckEntry[] {
  return loadSource(path.join(FOLDER, name), undefined).scenario.checks ?? [];
}

function complaints({ under, name, verdict, mismatches }: CheckResult): string[] {
  if (verdict === 'pass') return [];
  return [`${[...under, name].join(' › ')}: ${mismatches.map(({ expected, happened }) => `${expected}, but ${happened}`).join('; ')}`];
}

describe('every shipped scenario holds', () => {
  test.each(findSources([FOLDER]).map(({ file }) => path.relative(FOLDER, file)))('%s', (name) => {
    const { checks } = runScenario(loadSource(path.join(FOLDER, name), undefined));
    expect(checks.flatMap(complaints)).toEqual([]);
    expect(checks.length).toBeGreaterThan(0);
  });
});

const POD = 'default/client';
const A = 'node/node-a';
const B = 'node/node-b';
const A_BRIDGE = '10.244.0.1';
const B_BRIDGE = '10.244.1.1';

/** What the receiver sees as the source: a row for each kind of flow, `null` where the packet does not arrive. */
const SOURCES: readonly (readonly [tag: string, flow: string, seen: Record<Mode, readonly string[] | null>])[] = [
  ['row-1', 'pod to pod on the same node', everywhere([POD])],
  ['row-2', 'pod to pod on another node', everywhere([POD])],
  ['row-3', 'pod to ClusterIP', everywhere([POD])],
  ['row-4', 'pod to its own ClusterIP', { kubenet: null, azure: [A], overlay: [A] }],
  ['row-5', 'pod to node port, backend on a third node', everywhere([B])],
  ['row-6', 'pod to node port, backend on the node that is asked', { kubenet: [B_BRIDGE], azure: [B], overlay: [B] }],
  ['row-7', 'pod to node port, policy Local', { kubenet: [A], azure: [POD], overlay: [A] }],
  ['row-8', 'pod to load balancer', { kubenet: [A, A_BRIDGE], azure: [A], overlay: [A] }],
  ['row-9', 'pod to load balancer, policy Local', everywhere([POD])],
  ['row-10', 'node to load balancer', { kubenet: [A, A_BRIDGE], azure: [A], overlay: [A] }],
  ['row-11', 'internet to load balancer', { kubenet: [B, B_BRIDGE], azure: [B], overlay: [B] }],
  ['row-12', 'internet to load balancer, policy Local', everywhere(['internet'])],
  ['row-13', 'pod to internet', everywhere(['20.0.0.1'])],
  ['row-14', "pod to a machine in the nodes' network", { kubenet: [A], azure: [POD], overlay: [A] }],
  ['row-15', 'pod to a machine in a peered network', everywhere([A])],
  ['row-16', 'pod to a host on premises', everywhere([A])],
  ['row-17', 'node to a pod of its own', { kubenet: [A_BRIDGE], azure: [A], overlay: [A] }],
  ['row-18', 'node to a pod on another node', everywhere([A])],
  ['row-19', 'pod to the metadata service', everywhere([A])],
  ['row-20', 'pod to Azure DNS', everywhere([A])],
  ['row-21', 'pod to the wire server', everywhere(null)],
];

function everywhere(seen: readonly string[] | null): Record<Mode, readonly string[] | null> {
  return { kubenet: seen, azure: seen, overlay: seen };
}

describe.each(MODES)('the matrix of sources in mode %s is complete', (mode) => {
  const checks = checksOf(`matrix-${mode}.yaml`);
  test.each(SOURCES.map(([tag, flow, seen]) => ({ tag, flow, seen: seen[mode] })))('$tag: $flow', ({ tag, seen }) => {
    const row = checks.filter((check) => check.tags?.includes(tag) === true);
    if (seen === null) expect(row.map(({ expect: outcome, reason }) => [outcome, reason])).toEqual([['dropped', 'NETFILTER_DROP']]);
    else expect([...new Set(row.flatMap(({ seenSource = [] }) => list(seenSource)))].sort()).toEqual([...seen].sort());
  });
});

test('a pod behind an older bridge reaches itself, and the matrix says so', () => {
  const self = checksOf('matrix-kubenet-old-kernel.yaml').filter((check) => check.tags?.includes('row-4') === true);
  expect(self.map(({ seenSource }) => seenSource)).toEqual([A_BRIDGE]);
});

const PATHS = [
  'pod-same-node',
  'pod-other-node',
  'pod-cluster-ip',
  'pod-node-port',
  'internet-lb',
  'pod-internet',
  'pod-outside',
  'node-pod',
  'platform',
];

test.each(MODES)('the hop lists of mode %s are complete', (mode) => {
  const written = checksOf(`hops-${mode}.yaml`).filter(({ hops, ttl, rule }) => hops !== undefined && (ttl ?? rule) !== undefined);
  expect([...new Set(written.flatMap(({ tags = [] }) => tags))].sort()).toEqual([...PATHS].sort());
});

const SHAPES = [
  'cluster-ip',
  'external-ips',
  'external-name',
  'headless',
  'host-network',
  'host-port',
  'load-balancer',
  'load-balancer-internal',
  'load-balancer-proxy',
  'load-balancer-without-floating-ip',
  'multi-port',
  'named-ports',
  'no-endpoints',
  'no-local-endpoints',
  'node-port',
  'selectorless',
  'session-affinity',
  'source-ranges',
  'terminating',
  'traffic-policy-internal',
  'traffic-policy-local',
  'udp',
];

test('every shape of a service has a scenario', () => {
  const names = findSources([path.join(FOLDER, 'services')]).map(({ file }) => path.basename(file, '.yaml'));
  expect(names).toEqual(expect.arrayContaining(SHAPES));
});

describe('the odds of the branches', () => {
  function oddsOf(name: string, from: string, to: string): number[] {
    const file = path.join(FOLDER, 'services', name);
    const scenario = openScenario(readFileSync(file, 'utf8'), { file });
    return scenario.allBranches({ from, to }).map(({ branch }) => Number((branch?.odds ?? 0).toFixed(6)));
  }

  test('of three backends each gets a third', () => {
    expect(oddsOf('cluster-ip.yaml', POD, 'svc/default/web:80')).toEqual([0.333333, 0.333333, 0.333333]);
  });

  test('the load balancer picks one of two nodes, and the node one of two backends', () => {
    expect(oddsOf('load-balancer.yaml', 'internet', 'svc/default/web:80')).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  test('a node with policy Local has nothing to choose', () => {
    expect(oddsOf('traffic-policy-local.yaml', 'internet', 'svc/default/web:80')).toEqual([0.5, 0.5]);
  });
});
