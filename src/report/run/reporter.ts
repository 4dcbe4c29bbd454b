import type { RunResult, ScenarioResult } from '../../scenario/result.ts';
import type { Paint } from '../paint.ts';
import type { Detail } from '../trace/detail.ts';

export interface RunReportOptions {
  readonly paint: Paint;
  /** Also print the walks of checks that did not pass; `null` prints none. */
  readonly detail: Detail | null;
}

/** Prints what a run came to. */
export interface RunReporter {
  readonly name: string;
  /** Text for a scenario as soon as it has run. */
  readonly scenario: (result: ScenarioResult, options: RunReportOptions) => string;
  /** Text at the end. */
  readonly end: (result: RunResult, options: RunReportOptions) => string;
}
