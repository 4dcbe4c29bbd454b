import { reconcile } from '../aks/reconcile.ts';
import type { Fabric } from '../azure/fabric.ts';
import { type History, begin, record, undo } from '../world/history.ts';
import { forget, updateHealth } from './session.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { type BuiltScenario, buildScenario } from './build.ts';
import { serviceChecks } from './default-checks.ts';
import type { LoadedScenario } from './load.ts';
import { WorldNames } from './names.ts';
import { OperationError, placeWithin } from './operation/operation.ts';
import { OPERATIONS } from './operation/operations.ts';
import { CheckPlan, type PlannedCheck, isAsked, wholePlan } from './plan.ts';
import type { CheckResult, ScenarioResult } from './result.ts';
import { requestProblems, runCheck } from './run-check.ts';
import type { CheckEntry } from './schema/check.ts';
import { parseDurationMs } from './schema/field.ts';
import type { MatrixEntry } from './schema/matrix.ts';
import { type StepEntry, operationsOf } from './schema/step.ts';
import { LIMITS, overLimit } from './source/limits.ts';
import { type Problem, SourceError, sorted } from './source/problem.ts';
import type { Path } from './source/yaml.ts';

export interface RunOptions {
  /** Decides what is left to chance, instead of the scenario's own seed. */
  readonly seed?: number;
  /** Runs only checks that carry one of these tags, or whose scenario does; empty: all. */
  readonly tags?: readonly string[];
  /** Also take down near misses and keep every walk. */
  readonly detailed?: boolean;
  /** Told of every world that checks are made in, before they are. */
  readonly stage?: (stage: Stage) => void;
}

/** A world that a scenario has come to, and the checks that it is to stand. */
export interface Stage {
  readonly world: FrozenWorld;
  readonly checks: readonly PlannedCheck[];
}

const DEFAULT_SEED = 1;

/**
 * Runs a scenario: builds its world, then its checks and truth tables each against that world as it was built, then its steps in order.
 * @throws SourceError when the scenario names something that does not exist
 */
export function runScenario(loaded: LoadedScenario, options: RunOptions = {}): ScenarioResult {
  const { scenario } = loaded;
  const { tags = [] } = options;
  if (
    !wholePlan(scenario, loaded.document).checks.some((check) => isAsked(tags, scenario, check)) &&
    !isAsked(tags, scenario, { tags: [] })
  ) {
    return { file: loaded.file, name: scenario.name ?? '', tags: scenario.tags ?? [], checks: [], notes: loaded.notes, problems: [] };
  }
  const built = buildScenario(loaded);
  const run = new Run(loaded, built, options);
  run.notes.push(...loaded.notes, ...built.notes);
  if (scenario.checks === undefined && scenario.matrix === undefined && scenario.steps === undefined) {
    const { checks, note } = serviceChecks(loaded.document, built.world);
    run.fresh(checks);
    run.notes.push(note);
  }
  run.begin(scenario.checks ?? [], scenario.matrix ?? []);
  run.steps(scenario.steps ?? []);
  if (run.problems.length > 0) throw new SourceError(sorted(run.problems));
  return {
    file: loaded.file,
    name: scenario.name ?? '',
    tags: scenario.tags ?? [],
    checks: run.results,
    notes: run.notes,
    problems: [],
  };
}

/** What a scenario that is carried out without its walks comes to. */
export interface Rehearsal {
  readonly checks: number;
  /** The fabric as it was built and as the steps changed it. */
  readonly fabrics: ReadonlySet<Fabric>;
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Carries a scenario out as {@link runScenario} does, but sends no packet: finds what it names and its worlds do not have. */
export function rehearseScenario(loaded: LoadedScenario, built: BuiltScenario): Rehearsal {
  const { checks = [], matrix = [], steps = [] } = loaded.scenario;
  let count = 0;
  const fabrics = new Set<Fabric>();
  const stage = ({ world, checks: here }: Stage): void => {
    count += here.length;
    if (world.fabric !== null) fabrics.add(world.fabric);
  };
  const run = new Run(loaded, built, { stage }, false);
  run.begin(checks, matrix);
  run.steps(steps);
  return { checks: count, fabrics, notes: run.notes, problems: run.problems };
}

/** The world and the flow state as the steps of one scenario leave them. */
class Run {
  readonly results: CheckResult[] = [];
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  readonly #loaded: LoadedScenario;
  readonly #options: RunOptions;
  readonly #sends: boolean;
  readonly #seed: number;
  readonly #start: BuiltScenario['start'];
  #history: History;
  #names: WorldNames;
  /** Walks in the session of the steps. */
  #walks = 0;

  /** @param sends whether packets are sent; without them, what is named is looked up all the same */
  constructor(loaded: LoadedScenario, { world, start }: BuiltScenario, options: RunOptions, sends = true) {
    this.#loaded = loaded;
    this.#sends = sends;
    this.#options = options;
    this.#seed = options.seed ?? loaded.scenario.seed ?? loaded.snapshot?.seed ?? DEFAULT_SEED;
    this.#start = start;
    this.#history = begin(world);
    this.#names = new WorldNames(world);
  }

  get #world(): FrozenWorld {
    return this.#history.world;
  }

  /** The checks and truth tables of the world as it was built. */
  begin(checks: readonly CheckEntry[], matrices: readonly MatrixEntry[]): void {
    const plan = new CheckPlan(this.#loaded.document);
    plan.addChecks(checks, ['checks'], []);
    plan.addMatrices(matrices, ['matrix'], []);
    this.problems.push(...plan.problems);
    this.fresh(plan.checks);
  }

  /** Checks that know nothing of each other: each begins in a session of its own. */
  fresh(checks: readonly PlannedCheck[]): void {
    this.#options.stage?.({ world: this.#world, checks });
    for (const check of checks) this.#check(check, null);
  }

  steps(steps: readonly StepEntry[]): void {
    if (steps.length > LIMITS.MAX_STEPS) this.#complain(['steps'], overLimit(`${steps.length} steps`, 'MAX_STEPS'), '');
    const session = this.#start(this.#seed);
    for (const [index, step] of steps.slice(0, LIMITS.MAX_STEPS).entries()) this.#step(step, index, session);
  }

  #step(step: StepEntry, index: number, session: Session): void {
    const path: Path = ['steps', index];
    const before = this.#world;
    for (const name of operationsOf(step)) {
      if (!this.#operate(name, step[name], [...path, name], session)) return;
    }
    if (step.undo !== undefined && !this.#undo(step.undo, [...path, 'undo'])) return;
    if (step.advance !== undefined) this.#advance(session, parseDurationMs(step.advance) ?? 0);
    updateHealth(this.#world, session);
    if (this.#world !== before) this.#names = new WorldNames(this.#world, this.#names);
    const under = [
      step.name ??
        `step ${index + 1}${operationsOf(step)
          .map((name) => ` ${name}`)
          .join('')}`,
    ];
    const plan = new CheckPlan(this.#loaded.document);
    if (step.walk !== undefined) plan.addCheck(step.walk, [...path, 'walk'], under);
    plan.addChecks(step.checks ?? [], [...path, 'checks'], under);
    plan.addMatrices(step.matrix ?? [], [...path, 'matrix'], under);
    this.problems.push(...plan.problems);
    this.#options.stage?.({ world: this.#world, checks: plan.checks });
    for (const check of plan.checks) this.#check(check, session);
  }

  /** @returns whether it could be done */
  #operate(name: string, args: unknown, path: Path, session: Session): boolean {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) return false;
    const before = this.#world;
    const note = (text: string): void => void this.notes.push(`${name}: ${text}`);
    try {
      this.#history = record(this.#history, name, (draft) =>
        operation.run(args, { world: draft, before, session, note, sends: this.#sends }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#complain([...path, ...placeWithin(args, error.said)], `${name}: ${error.message}`, error.expected);
      return false;
    }
  }

  /** @returns whether there was so much to undo */
  #undo(times: number, path: Path): boolean {
    const { done } = this.#history;
    if (times > done.length) {
      const made = done.length === 0 ? 'no edit has' : done.length === 1 ? 'only 1 edit has' : `only ${done.length} edits have`;
      this.#complain(path, `${made} been made`, done.length === 0 ? 'an edit to take back' : `at most ${done.length}`);
      return false;
    }
    for (let i = 0; i < times; i++) this.#history = undo(this.#history);
    return true;
  }

  /** Moves the clock; agents that run by the clock do what is due. */
  #advance(session: Session, byMs: number): void {
    const fromMs = session.clock.nowMs;
    const toMs = fromMs + byMs;
    session.clock.nowMs = toMs;
    this.#history = record(this.#history, 'advance', (draft) => forget(session, reconcile(draft, { kind: 'clock', fromMs, toMs }).forget));
  }

  #check(check: PlannedCheck, shared: Session | null): void {
    if (!this.#sends) return void this.problems.push(...requestProblems(check, this.#world, this.#names));
    const { detailed = false, tags = [] } = this.#options;
    const asked = isAsked(tags, this.#loaded.scenario, check);
    // Later steps may need what a walk among the steps leaves behind.
    if (!asked && shared === null) return;
    const session = shared ?? this.#start(this.#seed);
    const walks = shared === null ? 0 : this.#walks++;
    const context = { world: this.#world, session, names: this.#names, walks, detailed, keepTraces: detailed };
    const result = runCheck(check, context);
    if (!('verdict' in result)) this.problems.push(...requestProblems(check, this.#world, this.#names));
    else if (asked) this.results.push(result);
  }

  #complain(path: Path, message: string, expected: string): void {
    this.problems.push({ file: this.#loaded.file, ...this.#loaded.document.at(path), message, expected });
  }
}
