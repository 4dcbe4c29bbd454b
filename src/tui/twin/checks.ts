import { serviceChecks } from '../../scenario/default-checks.ts';
import type { LoadedScenario } from '../../scenario/load.ts';
import { CheckPlan, type PlannedCheck } from '../../scenario/plan.ts';
import type { Verdict } from '../../scenario/result.ts';
import { runCheck } from '../../scenario/run-check.ts';
import { type StepEntry, operationsOf } from '../../scenario/schema/step.ts';
import { cloneSession } from '../../walk/new-session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import type { Moment } from './moment.ts';
import { type Request, splitTarget } from './request.ts';

/** What a scenario promises: of its world as it is now, and of each of its steps. */
export interface Promises {
  readonly base: readonly PlannedCheck[];
  readonly steps: readonly PromisedStep[];
}

/** A step of the scenario. */
export interface PromisedStep {
  readonly index: number;
  readonly name: string;
  readonly checks: readonly PlannedCheck[];
}

/** A check in one world. `broken`: it names something that is not there any more. */
export interface Judged {
  readonly verdict: Verdict | 'broken';
  /** What did not hold, in one line. */
  readonly why: string;
}

const NOTHING: Promises = { base: [], steps: [] };

/** Reads what a scenario promises; of one that promises nothing, that its services answer. */
export function promisesOf(loaded: LoadedScenario | null, world: FrozenWorld): Promises {
  if (loaded === null) return NOTHING;
  const { scenario, document } = loaded;
  if (scenario.checks === undefined && scenario.matrix === undefined && scenario.steps === undefined)
    return { base: serviceChecks(document, world).checks, steps: [] };
  const plan = new CheckPlan(document);
  plan.addChecks(scenario.checks ?? [], ['checks'], []);
  plan.addMatrices(scenario.matrix ?? [], ['matrix'], []);
  return { base: plan.checks, steps: (scenario.steps ?? []).map((step, index) => stepOf(step, index, loaded)) };
}

function stepOf(step: StepEntry, index: number, { document }: LoadedScenario): PromisedStep {
  const plan = new CheckPlan(document);
  if (step.walk !== undefined) plan.addCheck(step.walk, ['steps', index, 'walk'], []);
  plan.addChecks(step.checks ?? [], ['steps', index, 'checks'], []);
  plan.addMatrices(step.matrix ?? [], ['steps', index, 'matrix'], []);
  return { index, name: step.name ?? (operationsOf(step).join(', ') || 'checks'), checks: plan.checks };
}

/** One check against a moment; what it sends leaves nothing behind. */
export function judgeNow(check: PlannedCheck, { world, session, names, walks }: Moment): Judged {
  const context = { world, session: cloneSession(session), names, walks, detailed: false, keepTraces: false };
  const result = runCheck(check, context);
  if (!('verdict' in result)) return { verdict: 'broken', why: result.message };
  const [mismatch] = result.mismatches;
  const [outcome] = result.outcomes;
  const why = mismatch === undefined ? (outcome?.text ?? '') : `${mismatch.field}: expected ${mismatch.expected}, but ${mismatch.happened}`;
  return { verdict: result.verdict, why };
}

/** The packet that a check sends, as a request of one's own. */
export function requestOfCheck(check: PlannedCheck): Request {
  return { from: check.from, ...splitTarget(check.to), proto: check.proto };
}
