import fc from 'fast-check';
import { describe, it } from 'vitest';
import { checkSandbox } from '../../src/aks/build/sandbox.ts';
import { modeOf } from '../../src/aks/modes/modes.ts';
import type { Host } from '../../src/linux/netns.ts';
import { deleteLink } from '../../src/linux/ops/delete-link.ts';
import { netnsOf } from '../../src/linux/ops/edit.ts';
import type { OpResult } from '../../src/linux/ops/result.ts';
import { deleteRoute } from '../../src/linux/ops/routes.ts';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { DEFAULT_ROUTE } from '../../src/wire/prefix.ts';
import { edit } from '../../src/world/history.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { build, freshSession } from './support/built.ts';
import { SEARCH_MS, expectNoFind } from './support/find.ts';
import { operate } from './support/operations.ts';
import { MODES, appPort, clustersIn } from './support/recipe.ts';

const drawnPods = fc.array(fc.record({ node: fc.nat(3), app: fc.nat(2), hostPort: fc.boolean(), rank: fc.nat(100) }), {
  minLength: 1,
  maxLength: 5,
});

function step(world: FrozenWorld, one: StepEntry): FrozenWorld {
  const session = freshSession(world);
  let done = false;
  const { world: after } = edit(world, 'step', (draft) => {
    done = operate(one, draft, world, session);
  });
  if (!done) throw new Error(`refused: ${JSON.stringify(one)}`);
  return after;
}

/** A pod that belongs to no service, with or without a port of the node. */
function adding(index: number, { node, app, hostPort }: { node: number; app: number; hostPort: boolean }): StepEntry {
  const port = appPort(app);
  const entry = { name: `late-${index}`, node, labels: { app: 'late' }, listens: [`tcp/${port}`] };
  return { 'add-pod': hostPort ? { ...entry, hostPorts: [{ hostPort: 9700 + index, port }] } : entry };
}

function deleting(index: number): StepEntry {
  return { 'delete-pod': { pod: `default/late-${index}` } };
}

/** Every table of every machine, the fabric, and the files of the plug-ins. host-local goes on counting where it was, as it must. */
function tables(world: FrozenWorld): Record<string, string> {
  const { machines, fabric, cluster } = world;
  const parts: Record<string, unknown> = { fabric };
  for (const [machine, host] of Object.entries(machines)) {
    for (const [netns, { name: _, ...rest }] of Object.entries(host.netns)) {
      for (const [table, content] of Object.entries(rest)) parts[`${machine}/${netns} ${table}`] = content;
    }
  }
  for (const { name, cni } of Object.values(cluster?.nodes ?? {})) {
    parts[`files of ${name}`] = { ...cni, hostLocal: cni.hostLocal?.leases ?? null };
  }
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part)]));
}

function differences(before: Record<string, string>, after: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.filter((name) => before[name] !== after[name]);
}

const LOSSES = ['default route', 'link'] as const;

function loseFrom(host: Host, at: string, loss: (typeof LOSSES)[number]): OpResult {
  const netns = netnsOf(host, at);
  if (loss === 'link' || netns === null) return deleteLink(host, at, 'eth0');
  return deleteRoute(netns, { dst: DEFAULT_ROUTE.addr, len: 0 });
}

/** What CHECK says of a pod; null when it is content. */
function complaint(world: FrozenWorld, name: string): string | null {
  const { cluster } = world;
  const pod = cluster?.objects.pods.find((one) => one.namespace === 'default' && one.name === name);
  return cluster === null || pod === undefined ? 'there is no such pod' : checkSandbox(world, cluster, modeOf(cluster), pod);
}

describe('CNI plug-ins', () => {
  it.each(MODES)('take away with DEL what they made with ADD, in whichever order pods go: %s', { timeout: SEARCH_MS }, (mode) => {
    expectNoFind(
      `DEL restores every table in ${mode}`,
      fc.tuple(clustersIn(mode), drawnPods),
      ([scenario]) => scenario,
      ([scenario, drawn]) => {
        const pods = drawn.map((pod) => ({ ...pod, node: pod.node % scenario.cluster.nodes }));
        // What the first pods of a node make is for all: the bridge, the ebtables chain, the chains that lead to host ports.
        const nodes = Array.from({ length: scenario.cluster.nodes }, (_, node) => node);
        const first = nodes.flatMap((node) => [adding(100 + node, { node, app: 0, hostPort: true }), deleting(100 + node)]);
        const before = first.reduce(step, build(scenario));
        const order = pods.map((_, index) => index).sort((a, b) => (pods[a]?.rank ?? 0) - (pods[b]?.rank ?? 0));
        const steps = [...pods.map((pod, index) => adding(index, pod)), ...order.map(deleting)];
        const left = differences(tables(before), tables(steps.reduce(step, before)));
        return left.map((name) => ({ sentence: `${name} is not as it was`, steps: [...first, ...steps] }));
      },
      40,
    );
  });

  it.each(['azure', 'overlay'] as const)('leave nothing at all of a pod without host ports: %s', { timeout: SEARCH_MS }, (mode) => {
    expectNoFind(
      `DEL leaves nothing in ${mode}`,
      fc.tuple(clustersIn(mode), drawnPods),
      ([scenario]) => scenario,
      ([scenario, drawn]) => {
        const before = build(scenario);
        const steps = drawn.map((pod, index) => adding(index, { ...pod, node: pod.node % scenario.cluster.nodes, hostPort: false }));
        const after = [...steps, ...drawn.map((_, index) => deleting(index))].reduce(step, before);
        const left = differences(tables(before), tables(after)).filter((name) => !name.startsWith('files of'));
        return left.map((name) => ({ sentence: `${name} is not as it was`, steps }));
      },
      20,
    );
  });

  it.each(MODES)(
    'are content with CHECK after ADD, and complain when a route or a link of the pod is gone: %s',
    { timeout: SEARCH_MS },
    (mode) => {
      expectNoFind(
        `CHECK sees what is gone in ${mode}`,
        fc.tuple(clustersIn(mode), drawnPods, fc.constantFrom(...LOSSES)),
        ([scenario]) => scenario,
        ([scenario, drawn, loss]) => {
          const steps = drawn.map((pod, index) => adding(index, { ...pod, node: pod.node % scenario.cluster.nodes }));
          const added = steps.reduce(step, build(scenario));
          const late = drawn.map((_, index) => `late-${index}`);
          const hasLost = 'late-0';
          const { world: broken } = edit(added, 'loss', (draft) => {
            const sandbox = draft.cluster?.sandboxes[`default/${hasLost}`];
            const host = draft.machines[sandbox?.machine ?? ''];
            if (sandbox === undefined || host === undefined || loseFrom(host, sandbox.netns, loss) !== 'ok') throw new Error(`no ${loss}`);
          });
          const wrong = late.flatMap((name) => {
            const afterAdd = complaint(added, name);
            const afterLoss = complaint(broken, name);
            if (afterAdd !== null) return [`CHECK of ${name} after ADD: ${afterAdd}`];
            if (name === hasLost) return afterLoss === null ? [`CHECK of ${name} does not see that its ${loss} is gone`] : [];
            return afterLoss === null ? [] : [`CHECK of ${name} after another pod lost its ${loss}: ${afterLoss}`];
          });
          return wrong.map((sentence) => ({ sentence, steps }));
        },
        15,
      );
    },
  );
});
