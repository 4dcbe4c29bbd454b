import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { edit, patch } from '../../src/world/history.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { type Flow, build, freshSession, probeFor, walkOnce } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { drawnFlow, flowIn } from './support/flows.ts';
import { drawnOperation, operate, operationsWithoutArguments, stepIn } from './support/operations.ts';
import { clusters } from './support/recipe.ts';

/** A World as the bytes of its JSON. Equal parts may be shared in one and not in the other, and records have no order. */
function bytes(world: FrozenWorld): string {
  return JSON.stringify(world, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** What walks find, in a session of its own. */
function traces(world: FrozenWorld, flows: readonly Flow[]): string {
  const session = freshSession(world);
  return JSON.stringify(flows.map((flow) => walkOnce(world, session, flow, { record: 'detailed' })));
}

/** What is wrong with taking a step back. */
function undoFaults(world: FrozenWorld, step: StepEntry, flows: readonly Flow[]): { finds: Find[]; after: FrozenWorld } {
  const session = freshSession(world);
  const before = bytes(world);
  let done = false;
  const made = edit(world, 'step', (draft) => {
    done = operate(step, draft, world, session);
  });
  if (!done) return { finds: [], after: world };
  const [name = ''] = Object.keys(step);
  const faults = [
    ...(bytes(world) === before ? [] : ['it changed the World that it started from']),
    ...(bytes(patch(world, made.patches)) === bytes(made.world) ? [] : ['its patches do not lead to the World that it made']),
    ...undone(world, patch(made.world, made.inverse), flows),
  ];
  const steps: StepEntry[] = [
    step,
    { undo: 1, checks: flows.map(({ from, to, proto }) => ({ from, to, ...(proto === undefined ? {} : { proto }) })) },
  ];
  return { finds: faults.map((fault) => ({ sentence: `${name}: ${fault}`, steps })), after: made.world };
}

function undone(world: FrozenWorld, back: FrozenWorld, flows: readonly Flow[]): string[] {
  if (bytes(back) !== bytes(world)) return ['undone, the World is another one'];
  return traces(back, flows) === traces(world, flows) ? [] : ['undone, walks find something else'];
}

describe('operations on a cluster', () => {
  it('are all drawn', () => {
    expect(operationsWithoutArguments()).toEqual([]);
  });

  it('can be undone, one after the other: the World is the same, and so are walks', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'undo restores the World',
      fc.tuple(clusters, fc.array(drawnOperation, { minLength: 1, maxLength: 12 }), fc.array(drawnFlow, { minLength: 1, maxLength: 3 })),
      ([scenario]) => scenario,
      ([scenario, operations, drawn]) => {
        let world = build(scenario);
        const facts = factsOf(scenario, world);
        const flows = drawn.map((one) => flowIn(facts, one)).map(({ from, to, proto = 'tcp' }): Flow => ({ from, to, proto }));
        const finds: Find[] = [];
        const soFar: StepEntry[] = [];
        for (const one of operations) {
          const step = stepIn(world, one);
          if (step === null) continue;
          const { finds: more, after } = undoFaults(world, step, stillThere(world, flows));
          finds.push(...more.map((find) => ({ ...find, steps: [...soFar, ...(find.steps ?? [])] })));
          if (after !== world) soFar.push(step);
          world = after;
        }
        return finds;
      },
      60,
    );
  });
});

/** Flows between ends that earlier operations have left there. */
function stillThere(world: FrozenWorld, flows: readonly Flow[]): Flow[] {
  return flows.filter((flow) => probeFor(world, flow) !== null);
}
