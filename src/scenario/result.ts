import type { Place } from '../kube/objects/located.ts';
import type { Trace } from '../trace/trace.ts';
import type { Mismatch } from './check/judge.ts';
import type { PlaceNames } from './places.ts';
import type { Problem } from './source/problem.ts';

/** `unknown`: the walk met something that is not modelled, so the check can not be decided. */
export type Verdict = 'pass' | 'fail' | 'unknown';

/** One check after its walk. */
export interface CheckResult {
  readonly name: string;
  /** The steps of the scenario under which it stands, outermost first. */
  readonly under: readonly string[];
  readonly place: Place;
  readonly verdict: Verdict;
  readonly mismatches: readonly Mismatch[];
  /** What became of each walk: one for each branch. */
  readonly outcomes: readonly WalkOutcome[];
  /** What people call the places that reports of the check speak of. */
  readonly places: PlaceNames;
  /** The walks themselves, kept where the check does not hold or everything is asked for. */
  readonly traces: readonly Trace[];
}

/** A trace in one line. */
export type WalkOutcome = Pick<Trace, 'outcome' | 'reason' | 'text'>;

/** One scenario after its run. */
export interface ScenarioResult {
  readonly file: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly checks: readonly CheckResult[];
  readonly notes: readonly string[];
  /** Why it did not run, or not to its end. */
  readonly problems: readonly Problem[];
}

/** What a run came to. */
export interface RunResult {
  readonly scenarios: readonly ScenarioResult[];
}

export interface Counts {
  readonly scenarios: number;
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
  /** Scenarios that did not run to their end. */
  readonly broken: number;
}

export function countsOf({ scenarios }: RunResult): Counts {
  const checks = scenarios.flatMap((scenario) => scenario.checks);
  const having = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  return {
    scenarios: scenarios.length,
    pass: having('pass'),
    fail: having('fail'),
    unknown: having('unknown'),
    broken: scenarios.filter(({ problems }) => problems.length > 0).length,
  };
}

/** 0 all as expected, 1 an expectation failed, 2 bad input or nothing to run, 3 a walk that a check depends on was UNKNOWN. */
export function exitStatus(result: RunResult): 0 | 1 | 2 | 3 {
  const { pass, fail, unknown, broken } = countsOf(result);
  if (broken > 0 || pass + fail + unknown === 0) return 2;
  if (fail > 0) return 1;
  return unknown > 0 ? 3 : 0;
}
