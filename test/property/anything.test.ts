import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { runAllBranches } from '../../src/walk/run-probe.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { build, freshSession, probeFor } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { SEARCH_MS, expectNoFind } from './support/find.ts';
import { drawnFlow, flowIn } from './support/flows.ts';
import { after, drawnOperation, stepIn } from './support/operations.ts';
import { clusters } from './support/recipe.ts';
import { type TraceRule, isSound, nicsKeepTheirAddresses, ttlFallsPerHop } from './support/trace-rules.ts';

const RULES: readonly [name: string, rule: TraceRule][] = [
  ['a trace keeps the contract, and names only what is there', isSound],
  ['the TTL falls by one for each hop that routes', ttlFallsPerHop],
  ['I3: a NIC without IP forwarding carries its own addresses only', nicsKeepTheirAddresses],
];

const drawn = fc.tuple(
  clusters,
  fc.array(drawnOperation, { minLength: 1, maxLength: 12 }),
  fc.array(
    fc.tuple(
      drawnFlow,
      fc.record({ ttl: fc.constantFrom(64, 64, 1, 2, 255), size: fc.constantFrom(32, 1400, 1472, 1473, 4000), df: fc.boolean() }),
    ),
    { minLength: 1, maxLength: 15 },
  ),
);

function broken(world: FrozenWorld, rule: TraceRule, flow: Parameters<typeof probeFor>[1]): string[] {
  const probe = probeFor(world, flow);
  return probe === null
    ? []
    : runAllBranches(world, freshSession(world), probe, { record: 'detailed' }, 16).flatMap((trace) => rule(trace, world));
}

describe('in a cluster in which anything has happened', () => {
  it.each(RULES)('%s', { timeout: SEARCH_MS }, (name, rule) => {
    expectNoFind(
      `whatever happened, ${name}`,
      drawn,
      ([scenario]) => scenario,
      ([scenario, operations, flows]) => {
        let world = build(scenario);
        const facts = factsOf(scenario, world);
        const session = freshSession(world);
        const steps: StepEntry[] = [];
        for (const one of operations) {
          const step = stepIn(world, one);
          if (step === null) continue;
          world = after(world, step, session);
          steps.push(step);
        }
        return flows.flatMap(([one, send]) => {
          const { from, to, proto = 'tcp' } = flowIn(facts, one);
          const flow = { from, to, proto, send };
          return broken(world, rule, flow).map((sentence) => ({
            sentence: `${from} -> ${to}: ${sentence}`,
            steps: [...steps, { walk: flow }],
          }));
        });
      },
      80,
    );
  });
});
