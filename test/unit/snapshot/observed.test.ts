import { startSession } from '../../../src/scenario/session.ts';
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { reconcile } from '../../../src/aks/reconcile.ts';
import { clusterOf } from '../../../src/scenario/operation/cluster/parts.ts';
import { placeNames } from '../../../src/scenario/places.ts';
import { edit } from '../../../src/world/history.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { change, dumpsOf, filesOf, open, problemsOf, walk, worldOf } from './exported.ts';

const OVERLAY = `
cluster: { mode: overlay }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
  - { name: agent, node: 0, hostNetwork: true }
services:
  - { name: web, ports: [80] }
  - { name: edge, type: LoadBalancer, ports: [80], selector: { app: web } }
outside:
  vms: [{ name: jumpbox, listens: [tcp/22] }]
`;

/** What somebody writes by hand beside the dumps of such a cluster. */
const BY_HAND = {
  cluster: { mode: 'overlay' },
  outside: { internet: [{ name: 'internet', ips: ['203.0.113.10'], listens: ['tcp/443'] }] },
};

function byHand(facts: object = BY_HAND): Map<string, string> {
  return new Map([...dumpsOf(OVERLAY), ['podwalk.json', JSON.stringify(facts)]]);
}

/** The legs of a trace, without who wrote the routes and rules: of some of them no dump tells. */
function anonymous({ legs }: Trace): string {
  return JSON.stringify(legs).replaceAll(/,"origin":"[^"]*"/g, '');
}

describe('the dumps of a cluster', () => {
  const snapshot = open(byHand());
  const built = worldOf(OVERLAY);

  it('are a source whose pods, services and nodes go by their names', () => {
    const scenario = {
      world: built,
      conntrack: new Map(),
      counters: new Map(),
      seed: 1,
      start: () => startSession(built, 1),
      notes: [],
      unread: [],
      unsought: new Map(),
    };
    for (const [from, to] of [
      ['default/client', 'svc/default/web:80'],
      ['pod/default/web', 'node/node-0'],
      ['node/node-1', 'default/client'],
      ['vm/jumpbox', 'default/client'],
      ['default/client', 'internet:443'],
      ['internet', 'svc/default/edge:80'],
      ['default/agent', 'default/web:80'],
    ] as const) {
      const [here, there] = [walk(snapshot, from, to), walk(scenario, from, to)];
      expect([from, to, here.outcome, here.text]).toEqual([from, to, there.outcome, there.text]);
      expect(anonymous(here)).toBe(anonymous(there));
    }
  });

  it('name their places, and the services that rules are for', () => {
    expect([...placeNames(snapshot.world).values()]).toEqual(['pod default/client', 'pod default/web']);
    const { legs } = walk(snapshot, 'default/client', 'svc/default/web:80');
    const origins = legs.flatMap(({ hops }) => hops.flatMap(({ steps }) => steps.flatMap(({ rule }) => rule?.origin ?? [])));
    expect(new Set(origins)).toEqual(new Set(['kube-proxy', 'svc default/web', 'ip-masq-agent']));
  });

  it('have no agents that an edit could set to work', () => {
    expect(snapshot.world.cluster?.mode).toBe('observed');
    expect(() => clusterOf(snapshot.world)).toThrow(/the agents of this cluster are not known/);
    const { world } = edit(snapshot.world, 'a minute goes by', (draft) => {
      expect(reconcile(draft, { kind: 'clock', fromMs: 0, toMs: 3_600_000 })).toEqual({ forget: [], problems: [] });
    });
    expect(world).toBe(snapshot.world);
  });

  it('say which pods were not collected', () => {
    const files = change(byHand(), 'kube/pods.json', (list) => ({
      ...(list as { items: object[] }),
      items: [
        ...(list as { items: object[] }).items,
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'gone', namespace: 'default' },
          spec: { nodeName: 'node-9', containers: [] },
          status: { phase: 'Running', podIP: '10.244.9.9' },
        },
      ],
    }));
    const with9 = open(files);
    expect(() => walk(with9, 'default/gone', 'default/web')).toThrow(/pod default\/gone has no network: its namespace was not collected/);
    expect(walk(with9, 'default/client', 'default/gone').probe.dst).toBe('10.244.9.9');
  });

  it('may hold objects as YAML, as kubectl prints them', () => {
    const files = byHand();
    const services = files.get('kube/services.json') ?? '';
    files.delete('kube/services.json');
    files.set('kube/services.yaml', stringify(JSON.parse(services)));
    expect(walk(open(files), 'default/client', 'svc/default/web:80').outcome).toBe('replied');
    files.set('kube/services.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: [x] }\n');
    expect(problemsOf(files)).toEqual(['snap/kube/services.yaml:3:19: metadata.name is a list; expected a name of a-z, 0-9, "-" and "."']);
  });

  it('point at what is wrong in them', () => {
    const broken = byHand();
    broken.set('kube/pods.json', '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod"}]}');
    expect(problemsOf(broken)).toEqual(['snap/kube/pods.json:1:48: items[0].apiVersion is missing; expected an API version']);
    broken.set('kube/pods.json', '{');
    expect(problemsOf(broken)).toEqual(['snap/kube/pods.json:1:2: the text ends here; expected a key in double quotes']);
  });
});

describe('podwalk.json', () => {
  it('points at fields that it does not know and at parts that do not exist', () => {
    expect(problemsOf(byHand({ clutser: {} }))[0]).toContain('snap/podwalk.json:1:2: unknown field "clutser"; did you mean "cluster"?');
    const gateway = { name: 'g', vnet: 'nowhere', kind: 'vpn', subnet: 'nowhere/x', prefixes: ['10.9.0.0/16'] };
    expect(problemsOf(byHand({ fabric: { gateways: [gateway] } }))).toEqual([
      expect.stringMatching(/^snap\/podwalk\.json:1:\d+: there is no virtual network nowhere; expected a virtual network of azure\/$/),
      expect.stringMatching(/^snap\/podwalk\.json:1:\d+: there is no subnet nowhere\/x; expected a subnet of azure\/$/),
    ]);
    expect(problemsOf(byHand({ memory: { machines: { nobody: {} } } }))[0]).toContain('there is no machine nobody');
  });

  it('is as the guide shows it', () => {
    const guide = readFileSync(new URL('../../../docs/guide/snapshots.md', import.meta.url), 'utf8');
    const example = /^```json\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
    const files = new Map([...byHand(), ['podwalk.json', example]]);
    // The guide's cluster has a network of its own.
    expect(problemsOf(files).map((text) => text.replace(/^.*: there is/, 'there is'))).toEqual([
      'there is no virtual network hub; expected a virtual network of azure/',
      'there is no subnet hub/GatewaySubnet; expected a subnet of azure/',
    ]);
  });

  it('needs a fabric for what it says of the fabric', () => {
    const files = new Map([...byHand()].filter(([name]) => !name.startsWith('azure/')));
    expect(problemsOf(files)).toEqual([expect.stringContaining('this snapshot has no Azure fabric')]);
  });

  it('of an export is a small part of it, and is all that the dumps lack', () => {
    const files = filesOf(OVERLAY);
    const all = [...files.values()].reduce((sum, text) => sum + text.length, 0);
    expect((files.get('podwalk.json') ?? '').length / all).toBeLessThan(0.1);
    expect(open(files).world).toEqual(JSON.parse(JSON.stringify(open(files).world)));
  });
});
