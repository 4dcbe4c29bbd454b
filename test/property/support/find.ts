import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { CheckEntry } from '../../../src/scenario/schema/check.ts';
import type { Scenario } from '../../../src/scenario/schema/scenario.ts';
import type { StepEntry } from '../../../src/scenario/schema/step.ts';
import { yamlOf } from './built.ts';

/** What is wrong in a case, and the checks that `podwalk run` needs to show it. */
export interface Find {
  readonly sentence: string;
  /** The promise that does not hold. */
  readonly checks?: readonly CheckEntry[];
  readonly steps?: readonly StepEntry[];
}

const FINDS = new URL('../finds/', import.meta.url);

const MORE = Number(process.env['PROPERTY_RUNS'] ?? 1);

/** How long a search may take, in milliseconds. */
export const SEARCH_MS: number = 60_000 * Math.max(1, MORE);

/** Cases drawn for a property; `PROPERTY_RUNS=10` draws ten times as many. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * MORE));
}

/**
 * Looks for a case in which a property does not hold. What is found is shrunk and becomes a scenario file that shows it: in the message, and
 * in `test/property/finds/` when `WRITE_FINDS=1`, where it is run before anything else from then on.
 * @param scenarioOf the scenario of a case
 * @param property what is wrong in a case; nothing when it holds
 */
export function expectNoFind<Case>(
  name: string,
  cases: fc.Arbitrary<Case>,
  scenarioOf: (drawn: Case) => Scenario,
  property: (drawn: Case) => readonly Find[],
  numRuns: number,
): void {
  const result = fc.check(
    fc.property(cases, (drawn) => property(drawn).length === 0),
    { numRuns: runs(numRuns) },
  );
  if (!result.failed) return;
  const [smallest] = result.counterexample ?? [];
  if (smallest === undefined) throw new Error(`${name}: no case could be drawn (${result.numSkips} skipped)`);
  const scenario = scenarioOf(smallest);
  // A property that throws is a find as well.
  const finds = attempt(() => property(smallest));
  const text = findText(name, scenario, finds);
  const where = process.env['WRITE_FINDS'] === '1' ? ` (${write(name, text)})` : '';
  throw new Error(`${name}: ${finds.map(({ sentence }) => sentence).join('; ')}${where}\nseed ${result.seed}\n${text}`, {
    cause: result.errorInstance,
  });
}

function attempt(property: () => readonly Find[]): readonly Find[] {
  try {
    return property();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [, place = ''] = error.stack?.split('\n').map((line) => line.trim()) ?? [];
    return [{ sentence: `${error.name}: ${error.message} ${place}` }];
  }
}

function findText(name: string, scenario: Scenario, finds: readonly Find[]): string {
  const checks = finds.flatMap((find) => find.checks ?? []);
  const steps = finds.flatMap((find) => find.steps ?? []);
  const description = finds.map(({ sentence }) => `${sentence}\n`).join('');
  return yamlOf({
    ...scenario,
    name,
    description,
    ...(checks.length === 0 ? {} : { checks }),
    ...(steps.length === 0 ? {} : { steps }),
  });
}

function write(name: string, text: string): string {
  mkdirSync(FINDS, { recursive: true });
  const file = new URL(`${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.yaml`, FINDS);
  writeFileSync(file, text);
  return file.pathname;
}

/** Earlier finds, by the name of their file. */
export function earlierFinds(): { readonly name: string; readonly text: string }[] {
  if (!existsSync(FINDS)) return [];
  return readdirSync(FINDS)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, FINDS), 'utf8') }));
}
