import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { CheckEntry } from '../../src/scenario/schema/check.ts';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import type { Outcome, Trace } from '../../src/trace/trace.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { build, freshSession, walkAll } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { type DrawnFlow, type KnownFlow, drawnFlow, flowIn } from './support/flows.ts';
import { aMinuteLater, after, drawnOperation, editIn } from './support/operations.ts';
import { type Ending, type Promised, promiseOf } from './support/promises.ts';
import { type ClusterScenario, MODES, clusters, clustersIn } from './support/recipe.ts';

const FLOWS = { minLength: 1, maxLength: 30 } as const;

/** What a flow does against what the documents promise. */
function disappointments(world: FrozenWorld, flow: KnownFlow, promised: Promised): Find[] {
  const traces = walkAll(world, flow, { record: 'summary' });
  const { from, to, proto = 'tcp' } = flow;
  const find = (sentence: string, check: Partial<CheckEntry>): Find => ({
    sentence: `${from} -> ${to} ${proto}: ${sentence}`,
    checks: [{ from, to, proto, branches: 'all', ...check }],
  });
  if (promised.kind !== 'endings') return refusals(traces, promised.kind, flow, find);
  const backends = [...new Set(promised.endings.map(({ backend }) => backend))];
  const found = traces.flatMap((trace): Find[] => {
    const backend = backendOf(trace);
    const allowed = promised.endings.filter((ending) => ending.backend === backend);
    const [first] = allowed;
    if (first === undefined) return [find(`ends at ${backend}, not at ${backends.join(' or ')}: ${trace.text}`, { backend: backends })];
    if (allowed.some((ending) => keeps(trace, ending))) return [];
    const wanted = allowed.map(({ lost, seen }) => lost ?? `replied, source ${seen ?? 'any'}`).join(' or ');
    const expect = first.lost === undefined ? 'replied' : '!replied';
    return [
      find(`${trace.outcome} (${trace.text}) instead of ${wanted}`, { expect, ...(first.seen === null ? {} : { seenSource: first.seen }) }),
    ];
  });
  const met = new Set(traces.map(backendOf));
  const missed = backends.filter((backend) => !met.has(backend));
  if (missed.length > 0 && !traces.some(({ branch }) => branch?.truncated))
    found.push(find(`never ends at ${missed.join(', ')}`, { backends }));
  return found;
}

function refusals(
  traces: readonly Trace[],
  kind: 'refused' | 'lost' | 'unanswered',
  { client }: KnownFlow,
  find: (sentence: string, check: Partial<CheckEntry>) => Find,
): Find[] {
  const allowed = failures(kind, client);
  return traces
    .filter(({ outcome }) => !allowed.includes(outcome))
    .map(({ outcome, text }) => find(`${outcome} (${text}) instead of ${allowed.join(' or ')}`, { expect: [...allowed] }));
}

function failures(kind: 'refused' | 'lost' | 'unanswered', { kind: sender, node }: KnownFlow['client']): readonly Outcome[] {
  // What ends in OUTPUT the send call of a UDP socket tells.
  const atOnce: Outcome[] = sender === 'node' ? ['send-error'] : [];
  switch (kind) {
    case 'lost':
      return ['dropped', 'exits', ...atOnce];
    case 'unanswered':
      return ['dropped', 'exits', 'icmp-error', 'unknown'];
    case 'refused':
      return node === null ? ['icmp-error', 'dropped'] : ['icmp-error', ...atOnce];
  }
}

/** Who takes the request: the receiver, or the last destination that it had. */
function backendOf(trace: Trace): string {
  if (trace.delivered !== null) return trace.delivered.dst;
  const request = trace.legs.find(({ kind }) => kind === 'request');
  const last = request?.hops
    .flatMap(({ rx, tx, steps }) => [rx?.dst, ...steps.map(({ after }) => after?.dst), tx?.dst])
    .findLast((dst) => dst !== undefined);
  const port = request?.hops
    .flatMap(({ rx, tx, steps }) => [portOf(rx), ...steps.map(({ after }) => after?.dport), portOf(tx)])
    .findLast((dport) => dport !== undefined);
  return port === undefined ? (last ?? '') : `${last}:${port}`;
}

function portOf(header: object | undefined): number | undefined {
  return header !== undefined && 'dport' in header && typeof header.dport === 'number' ? header.dport : undefined;
}

function keeps(trace: Trace, { lost, seen }: Ending): boolean {
  if (lost !== undefined) return trace.outcome === 'dropped';
  const asked = trace.probe.dport === undefined ? trace.probe.dst : `${trace.probe.dst}:${trace.probe.dport}`;
  return trace.outcome === 'replied' && trace.reply?.from === asked && (seen === null || trace.delivered?.src.split(':')[0] === seen);
}

function brokenPromises(scenario: ClusterScenario, world: FrozenWorld, drawn: readonly DrawnFlow[]): Find[] {
  const facts = factsOf(scenario, world);
  return drawn.flatMap((one) => {
    const flow = flowIn(facts, one);
    const promised = promiseOf(facts, flow.client, flow.target);
    return promised === null ? [] : disappointments(world, flow, promised);
  });
}

describe('in a healthy cluster', () => {
  it.each(MODES)('every flow ends where, and with the source that, the documents promise: %s', { timeout: SEARCH_MS }, (mode) => {
    expectNoFind(
      `promises in ${mode}`,
      fc.tuple(clustersIn(mode), fc.array(drawnFlow, FLOWS)),
      ([scenario]) => scenario,
      ([scenario, drawn]) => brokenPromises(scenario, build(scenario), drawn),
      60,
    );
  });

  it('the same holds after any edits by kubectl and az, once the agents have had their turn', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'promises after edits',
      fc.tuple(clusters, fc.array(drawnOperation, { minLength: 1, maxLength: 8 }), fc.array(drawnFlow, FLOWS)),
      ([scenario]) => scenario,
      ([scenario, edits, drawn]) => {
        let world = build(scenario);
        const session = freshSession(world);
        const steps: StepEntry[] = [];
        for (const one of edits) {
          const step = editIn(world, one);
          if (step === null || (Object.hasOwn(step, 'delete-node') && world.cluster?.objects.nodes.length === 1)) continue;
          world = after(world, step, session);
          steps.push(step);
        }
        world = aMinuteLater(world, session);
        return brokenPromises(scenario, world, drawn).map(({ sentence, checks = [] }) => ({
          sentence,
          steps: [...steps, { advance: '1m', checks: [...checks] }],
        }));
      },
      60,
    );
  });
});
