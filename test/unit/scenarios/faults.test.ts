import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSources, loadSource } from '../../../src/cli/sources.ts';
import type { LoadedScenario } from '../../../src/scenario/load.ts';
import type { CheckResult } from '../../../src/scenario/result.ts';
import { runScenario } from '../../../src/scenario/run.ts';
import { type StepEntry, operationsOf } from '../../../src/scenario/schema/step.ts';
import { SourceError } from '../../../src/scenario/source/problem.ts';

const FOLDER = path.join(import.meta.dirname, '../../../scenarios/faults');
const names = findSources([FOLDER]).map(({ file }) => path.relative(FOLDER, file));

function load(name: string): LoadedScenario {
  return loadSource(path.join(FOLDER, name), undefined);
}

function stepsOf(name: string): readonly StepEntry[] {
  return load(name).scenario.steps ?? [];
}

function isFault({ name = '' }: StepEntry): boolean {
  return name.startsWith('fault');
}

/** Whether a step promises that something works, and whether it promises nothing else. */
function promises(step: StepEntry | undefined): { healthy: boolean; all: boolean } {
  const asked = [...(step?.checks ?? []), ...(step?.matrix ?? [])];
  const good = asked.filter((one) => !('from' in one) || (one.expect === undefined && one.reason === undefined));
  return { healthy: good.length > 0, all: good.length === asked.length };
}

/** Does not change anything, so there is a step left for the checks. */
function withoutEdit(step: StepEntry): StepEntry {
  const edits = new Set([...operationsOf(step), 'advance']);
  return Object.fromEntries(Object.entries(step).filter(([field]) => !edits.has(field)));
}

/** What the checks of a scenario come to when one of its steps does nothing. */
function withIdleStep(name: string, idle: StepEntry): readonly CheckResult[] | SourceError {
  const loaded = load(name);
  const steps = (loaded.scenario.steps ?? []).map((step) => (step.name === idle.name ? withoutEdit(step) : step));
  try {
    return runScenario({ ...loaded, scenario: { ...loaded.scenario, steps } }).checks;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
}

/** Whether a check of this step noticed; a step that then names something that is not there notices as well. */
function noticed(results: readonly CheckResult[] | SourceError, { name = '' }: StepEntry): boolean {
  return results instanceof SourceError || results.some(({ under, verdict }) => under.includes(name) && verdict !== 'pass');
}

test('at least eighteen faults are shipped, in every mode', () => {
  expect(names.length).toBeGreaterThanOrEqual(18);
  const modes = names.map((name) => load(name).scenario.cluster?.mode);
  expect(new Set(modes)).toEqual(new Set(['kubenet', 'azure', 'overlay']));
});

describe.each(names)('%s', (name) => {
  test('begins healthy and ends healthy, with the fault between', () => {
    const steps = stepsOf(name);
    expect({ first: promises(steps[0]), last: promises(steps.at(-1)) }).toMatchObject({
      first: { healthy: true, all: true },
      last: { healthy: true },
    });
    expect(steps.filter(isFault).length).toBeGreaterThan(0);
    expect(load(name).scenario.tags).toContain('fault');
  });

  test('asserts what decided, not only that something is wrong', () => {
    const causes = stepsOf(name)
      .filter(isFault)
      .flatMap(({ checks = [] }) => checks)
      .filter(
        ({ reason, rule, icmp, seenSource, via, expect: outcome }) =>
          [reason, rule, icmp, seenSource].some((field) => field !== undefined) || (via !== undefined && outcome !== undefined),
      );
    expect(causes.length).toBeGreaterThan(0);
  });

  test('notices when the fault does not happen', () => {
    const blind = stepsOf(name).filter((step) => isFault(step) && !noticed(withIdleStep(name, step), step));
    expect(blind.map((step) => step.name)).toEqual([]);
  });

  test('notices when the fix is not made', () => {
    const fixes = stepsOf(name).filter((step) => step.name?.startsWith('fix') === true && promises(step).healthy);
    const blind = fixes.filter((step) => !noticed(withIdleStep(name, step), step));
    expect(blind.map((step) => step.name)).toEqual([]);
  });
});
