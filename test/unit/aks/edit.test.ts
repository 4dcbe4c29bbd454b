import { describe, expect, test } from 'vitest';
import { checkSandbox } from '../../../src/aks/build/sandbox.ts';
import { addNode, deleteNode } from '../../../src/aks/edit/nodes.ts';
import { applyObjects, deletePod, deleteService, scaleWorkload, setReady } from '../../../src/aks/edit/objects.ts';
import type { Edited } from '../../../src/aks/edit/result.ts';
import { modeOf } from '../../../src/aks/modes/modes.ts';
import { NO_OBJECTS } from '../../../src/kube/objects/cluster-objects.ts';
import { keyOf } from '../../../src/kube/objects/meta.ts';
import type { Pod } from '../../../src/kube/objects/pod.ts';
import type { Service } from '../../../src/kube/objects/service.ts';
import { openScenario } from '../../../src/scenario/open.ts';
import { filesFrom } from '../../../src/scenario/source/files.ts';
import { startSession } from '../../../src/scenario/session.ts';
import { probeOf } from '../../../src/scenario/probe.ts';
import { runProbe } from '../../../src/walk/run-probe.ts';
import { formatPrefix } from '../../../src/wire/prefix.ts';
import { edit } from '../../../src/world/history.ts';
import type { FrozenWorld, World } from '../../../src/world/world.ts';

const MODES = ['kubenet', 'azure', 'overlay'] as const;

const APP = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: web, ports: [{ containerPort: 80 }] }] } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, ports: [{ port: 80, nodePort: 30080 }], selector: { app: web } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template: { metadata: { labels: { app: agent } }, spec: { containers: [{ name: agent }] } }
`;

function cluster(mode: string): FrozenWorld {
  const text = `cluster: { mode: ${mode}, nodes: 2 }\nmanifests: [app.yaml]\n`;
  return openScenario(text, { files: filesFrom(new Map([['app.yaml', APP]])) }).world;
}

function edited(world: FrozenWorld, change: (draft: World) => Edited): FrozenWorld {
  return edit(world, 'test', (draft) => {
    expect(change(draft).problems).toEqual([]);
  }).world;
}

function podsOf(world: World): string[] {
  return (world.cluster?.objects.pods ?? []).map(({ name, nodeName }) => `${name} on ${nodeName ?? 'nothing'}`).sort();
}

function pod(world: World, name: string): Pod {
  const found = world.cluster?.objects.pods.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

function service(world: World, name: string): Service {
  const found = world.cluster?.objects.services.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

/** Every pod's network is as its plug-in left it. */
function expectSound(world: FrozenWorld): void {
  const { cluster: of } = world;
  if (of === null) throw new RangeError('no cluster');
  expect(of.objects.pods.flatMap((one) => checkSandbox(world, of, modeOf(of), one) ?? [])).toEqual([]);
}

function outcome(world: FrozenWorld, from: string, to: string): string {
  const probe = probeOf({ from, to, proto: null, send: {} }, world);
  if ('field' in probe) throw new RangeError(probe.message);
  return runProbe(world, startSession(world, 1), probe).outcome;
}

test('services that are applied again keep each its own address and node port', () => {
  const text = (count: number): string =>
    Array.from({ length: count }, (_, index) => {
      const spec = `{ type: NodePort, ports: [{ port: ${8000 + index} }], selector: { app: web } }`;
      return `apiVersion: v1\nkind: Service\nmetadata: { name: s${index} }\nspec: ${spec}\n`;
    }).join('---\n');
  const world = openScenario('cluster: { mode: azure, nodes: 1 }\nmanifests: [all.yaml]\n', {
    files: filesFrom(new Map([['all.yaml', text(40)]])),
  }).world;
  const before = world.cluster?.objects.services.filter(({ name }) => name.startsWith('s')) ?? [];
  const bare = before.map((one) => ({ ...one, clusterIP: null, ports: one.ports.map((port) => ({ ...port, nodePort: 0 })) })).toReversed();
  const after = edited(world, (draft) => applyObjects(draft, { ...NO_OBJECTS, services: bare }));
  const allocated = (services: readonly Service[]): string[] =>
    services.map(({ name, clusterIP, ports }) => JSON.stringify([name, clusterIP, ports.map(({ nodePort }) => nodePort)])).sort();
  expect(new Set(allocated(before)).size).toBe(before.length);
  expect(allocated(after.cluster?.objects.services.filter(({ name }) => name.startsWith('s')) ?? [])).toEqual(allocated(before));
});

describe.each(MODES)('a running cluster, mode %s', (mode) => {
  const world = cluster(mode);
  const deployment = world.cluster?.objects.workloads.find(({ name }) => name === 'web');
  if (deployment === undefined) throw new RangeError('web');

  test('grows by a node, which runs its daemons and is reached', () => {
    const next = edited(world, (draft) => {
      const added = addNode(draft, 'node-2', null);
      if (typeof added === 'string') throw new RangeError(added);
      return added;
    });
    expect(podsOf(next)).toContain('agent-2 on node-2');
    expect(outcome(next, 'default/agent-2', 'svc/default/web:80')).toBe('replied');
    expect(outcome(next, 'default/web-0', 'pod/default/agent-2')).toBe('replied');
    expect(outcome(next, 'node/node-0', 'svc/default/web:80@node/node-2')).toBe('replied');
    const routes = next.fabric?.routeTables.flatMap((table) => table.routes.map(({ name }) => name)) ?? [];
    expect(routes.includes('node-2')).toBe(mode === 'kubenet');
    expectSound(next);
  });

  test('gives no address twice when it grows', () => {
    const next = [3, 4, 5].reduce((before, n) => edited(before, (draft) => mustEdit(addNode(draft, `node-${n}`, null))), world);
    const addrs = next.fabric?.nics.flatMap((nic) => nic.ipconfigs.map(({ addr }) => addr)) ?? [];
    expect(new Set(addrs).size).toBe(addrs.length);
    const ranges = Object.values(next.cluster?.nodes ?? {}).flatMap(({ podCidr }) => (podCidr === null ? [] : formatPrefix(podCidr)));
    expect(new Set(ranges).size).toBe(ranges.length);
  });

  test('loses a node, and its workloads go on elsewhere', () => {
    const node = world.cluster?.nodes['node-1'];
    if (node === undefined) throw new RangeError('node-1');
    const next = edited(world, (draft) => deleteNode(draft, draft.cluster?.nodes['node-1'] ?? node));
    expect(podsOf(next)).toEqual(['agent-0 on node-0', 'web-0 on node-0', 'web-1 on node-0']);
    expect(Object.keys(next.machines)).not.toContain('node-1');
    expect(next.fabric?.nics.some(({ machine }) => machine.startsWith('node-1/'))).toBe(false);
    expect(outcome(next, 'default/agent-0', 'svc/default/web:80')).toBe('replied');
    expectSound(next);
  });

  test('starts another pod for one that is deleted', () => {
    const next = edited(world, (draft) => deletePod(draft, pod(draft, 'web-0')));
    expect(podsOf(next)).toHaveLength(4);
    expect(pod(next, 'web-0').podIPs).toHaveLength(1);
    expect(outcome(next, 'default/agent-0', 'svc/default/web:80')).toBe('replied');
    expectSound(next);
  });

  test('scales a workload up, down and to nothing', () => {
    const five = edited(world, (draft) => scaleWorkload(draft, deployment, 5));
    expect(podsOf(five).filter((name) => name.startsWith('web'))).toHaveLength(5);
    expectSound(five);
    const workload = five.cluster?.objects.workloads.find(({ name }) => name === 'web') ?? deployment;
    const none = edited(five, (draft) => scaleWorkload(draft, workload, 0));
    expect(podsOf(none)).toEqual(['agent-0 on node-0', 'agent-1 on node-1']);
    expect(outcome(none, 'default/agent-0', 'svc/default/web:80')).toBe('icmp-error');
    expectSound(none);
  });

  test('sends nothing to a pod that is not ready', () => {
    const next = edited(
      edited(world, (draft) => setReady(draft, pod(draft, 'web-0'), false)),
      (draft) => setReady(draft, pod(draft, 'web-1'), false),
    );
    expect(outcome(next, 'default/agent-0', 'svc/default/web:80')).toBe('icmp-error');
    const again = edited(next, (draft) => setReady(draft, pod(draft, 'web-0'), true));
    expect(outcome(again, 'default/agent-0', 'svc/default/web:80')).toBe('replied');
  });

  test('keeps what was allocated to a service that is applied again without it', () => {
    const before = service(world, 'web');
    const bare: Service = { ...before, clusterIP: null, ports: before.ports.map((port) => ({ ...port, nodePort: 0 })) };
    const next = edited(world, (draft) => applyObjects(draft, { ...NO_OBJECTS, services: [bare] }));
    expect(service(next, 'web')).toEqual(before);
  });

  test('has pods listen where a new service sends to, when they declare nothing', () => {
    const http: Service = { ...service(world, 'web'), name: 'agent', clusterIP: null, selector: { app: 'agent' } };
    const ports = http.ports.map((port) => ({ ...port, targetPort: 9000, nodePort: 0 }));
    const next = edited(world, (draft) => applyObjects(draft, { ...NO_OBJECTS, services: [{ ...http, ports }] }));
    expect(outcome(next, 'default/web-0', 'svc/default/agent:80')).toBe('replied');
    const moved = ports.map((port) => ({ ...port, targetPort: 9001 }));
    const wrong = edited(next, (draft) => applyObjects(draft, { ...NO_OBJECTS, services: [{ ...service(draft, 'agent'), ports: moved }] }));
    expect(outcome(wrong, 'default/web-0', 'svc/default/agent:80')).toBe('reset');
  });

  test('has no rule left of a service that is deleted', () => {
    const next = edited(world, (draft) => deleteService(draft, service(draft, 'web')));
    const rules = JSON.stringify(next.machines['node-0']?.netns['root']?.iptables);
    expect(rules).not.toContain('default/web');
    expect(next.cluster?.objects.services.map(keyOf)).toEqual([]);
  });

  test('is the identical World when nothing is applied', () => {
    expect(edited(world, (draft) => applyObjects(draft, NO_OBJECTS)).machines).toBe(world.machines);
  });
});

function mustEdit(result: Edited | string): Edited {
  if (typeof result === 'string') throw new RangeError(result);
  return result;
}

describe('a node that can not be added', () => {
  test.each([
    ['because of its name', 'node-0', 'there is a machine node-0'],
    ['because that is a machine outside', 'internet', 'there is a machine internet'],
  ])('%s', (_, name, message) => {
    edit(cluster('overlay'), 'test', (draft) => expect(addNode(draft, name, null)).toBe(message));
  });
});
