import { describe, expect, it } from 'vitest';
import { randomCase, type RandomCase } from '../../src/snapshot/random/case.ts';
import { memoryDirectory } from '../../src/snapshot/directory.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { writeSnapshot } from '../../src/snapshot/write-snapshot.ts';
import { freeze } from '../../src/world/freeze.ts';
import type { Trace } from '../../src/trace/trace.ts';
import { violations } from '../../src/trace/invariants.ts';
import { cloneSession } from '../../src/walk/new-session.ts';
import { runProbe } from '../../src/walk/run-probe.ts';

const FIRST = Number(process.env['PROPERTY_SEED'] ?? 1);
const CASES = 150 * Number(process.env['PROPERTY_RUNS'] ?? 1);
const seeds = Array.from({ length: CASES }, (_, i) => FIRST + i);
/** Every other one has rarities. */
const caseOf = (seed: number): RandomCase => randomCase(seed, { rarities: seed % 2 === 0 });

function tracesOf({ world, session, probes, state }: RandomCase): Trace[] {
  let current = cloneSession(session);
  return probes.map((probe) => {
    if (state !== 'shared') current = cloneSession(session);
    return runProbe(world, current, probe, { record: 'detailed' });
  });
}

describe('random networks', () => {
  it('are the same for the same seed', () => {
    for (const seed of seeds.slice(0, 20)) {
      const [a, b] = [caseOf(seed), caseOf(seed)];
      expect(JSON.stringify([a.world, a.probes, a.state])).toBe(JSON.stringify([b.world, b.probes, b.state]));
      expect(JSON.stringify(tracesOf(a))).toBe(JSON.stringify(tracesOf(b)));
    }
  });

  it('have traces that hold together', { timeout: 60_000 }, () => {
    const bad = seeds.flatMap((seed) =>
      tracesOf(caseOf(seed)).flatMap((trace) => violations(trace).map((what) => `${seed}/${trace.id}: ${what}`)),
    );
    expect(bad).toEqual([]);
  });

  it('are the same after they were written as a snapshot and read again', { timeout: 60_000 }, () => {
    for (const seed of seeds) {
      const one = caseOf(seed);
      const { files, lost } = writeSnapshot(one.world);
      expect(lost).toEqual([]);
      const { world, problems } = readSnapshot(memoryDirectory('written', files));
      expect(problems).toEqual([]);
      expect({ seed, files: [...writeSnapshot(world).files] }).toEqual({ seed, files: [...files] });
      expect({ seed, traces: tracesOf({ ...one, world: freeze(world) }) }).toEqual({ seed, traces: tracesOf(one) });
    }
  });
});
