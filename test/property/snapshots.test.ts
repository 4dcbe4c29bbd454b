import { readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildScenario } from '../../src/scenario/build.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { exportWorld } from '../../src/scenario/snapshot/export.ts';
import { openSnapshot } from '../../src/scenario/snapshot/open.ts';
import { filesBeside, readSource } from '../../src/scenario/source/files.node.ts';
import { memoryDirectory } from '../../src/snapshot/directory.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { contractFaults } from '../kernel/contract.ts';
import { type Flow, build, freshSession, probeFor, walkOnce } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { drawnFlow, flowIn } from './support/flows.ts';
import { after, drawnOperation, editIn } from './support/operations.ts';
import { clusters } from './support/recipe.ts';
import { differences } from './support/same-world.ts';

/** What is wrong with a World that was exported and read again: parts that differ, walks that differ. */
function faults(world: FrozenWorld, flows: readonly Flow[]): string[] {
  const snapshot = openSnapshot(memoryDirectory('snap', exportWorld(world)));
  const different = differences(world, snapshot.world);
  if (different.length > 0) return different;
  const [mine, theirs] = [freshSession(world), snapshot.start()];
  return flows.flatMap((flow) => {
    const trace = walkOnce(world, mine, flow, { record: 'detailed' });
    const before = JSON.stringify(trace);
    const again = JSON.stringify(walkOnce(snapshot.world, theirs, flow, { record: 'detailed' }));
    return [...contractFaults(trace), ...(before === again ? [] : [`${flow.from} -> ${flow.to}: the walks differ`])];
  });
}

describe('a World exported as a snapshot directory and read again', () => {
  it('is the same World, edited or not, and packets walk the same way', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'an export is the World',
      fc.tuple(clusters, fc.array(drawnOperation, { maxLength: 6 }), fc.array(drawnFlow, { minLength: 1, maxLength: 8 })),
      ([scenario]) => scenario,
      ([scenario, operations, drawn]) => {
        let world = build(scenario);
        const facts = factsOf(scenario, world);
        const flows = drawn.map((one) => flowIn(facts, one)).map(({ from, to, proto = 'tcp' }): Flow => ({ from, to, proto }));
        const steps: StepEntry[] = [];
        for (const one of operations) {
          const step = editIn(world, one);
          if (step === null) continue;
          world = after(world, step, freshSession(world));
          steps.push(step);
        }
        const there = flows.filter((flow) => probeFor(world, flow) !== null);
        return faults(world, there).map((sentence): Find => ({ sentence, steps }));
      },
      20,
    );
  });

  const shipped = scenarioFiles('scenarios');

  it.each(shipped)('is the same for %s', (file) => {
    const source = readSource(file);
    if (!('text' in source)) throw new Error(source.message);
    const { world } = buildScenario(loadScenario(source, filesBeside(file, null)));
    const pods = Object.entries(world.cluster?.sandboxes ?? {}).flatMap(([pod, { error }]) => (error === null ? [pod] : []));
    const services = (world.cluster?.objects.services ?? []).map(({ namespace, name }) => `svc/${namespace}/${name}`);
    const [from = '', to = from] = pods;
    const flows: Flow[] = [
      { from, to, proto: 'icmp' },
      ...services.slice(0, 2).map((service): Flow => ({ from, to: service, proto: 'tcp' })),
    ];
    expect(
      faults(
        world,
        flows.filter((flow) => probeFor(world, flow) !== null),
      ),
    ).toEqual([]);
  });
});

/** Every scenario that is shipped. */
function scenarioFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('labs') && !name.endsWith('manifests.yaml'))
    .map((name) => path.join(folder, name))
    .sort();
}
