import { reconcile } from '../../aks/reconcile.ts';
import { WorldNames } from '../../scenario/names.ts';
import { OperationError } from '../../scenario/operation/operation.ts';
import { OPERATIONS } from '../../scenario/operation/operations.ts';
import { CheckPlan } from '../../scenario/plan.ts';
import { probeOf } from '../../scenario/probe.ts';
import type { CheckResult } from '../../scenario/result.ts';
import { runCheck } from '../../scenario/run-check.ts';
import { parseDurationMs } from '../../scenario/schema/field.ts';
import { type StepEntry, operationsOf } from '../../scenario/schema/step.ts';
import { forget, updateHealth } from '../../scenario/session.ts';
import { cloneSession } from '../../walk/new-session.ts';
import { runProbe } from '../../walk/run-probe.ts';
import { DEFAULT_SPORT } from '../../walk/walk.ts';
import { edit as editWorld } from '../../world/history.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import type { Edit } from './edit.ts';
import { type Request, probeRequest } from './request.ts';
import type { Source } from './source.ts';

/** The world after some edits. Nothing changes it: who walks in it takes a copy of its session. */
export interface Moment {
  readonly world: FrozenWorld;
  readonly session: Session;
  /** The worlds before each edit, for a scenario's own `undo`. */
  readonly worlds: readonly FrozenWorld[];
  /** Walks that the session has seen: each is a connection of its own. */
  readonly walks: number;
  /** What the checks of the scenario's step came to, where the last edit was one. */
  readonly results: readonly CheckResult[];
  readonly notes: readonly string[];
  readonly names: WorldNames;
}

/** The world as the source describes it. */
export function firstMoment(source: Source): Moment {
  const { world } = source;
  return { world, session: source.start(source.seed), worlds: [], walks: 0, results: [], notes: [], names: new WorldNames(world) };
}

/** The moment after an edit. @throws OperationError when the world does not have what is to be changed */
export function after(moment: Moment, edit: Edit, source: Source): Moment {
  const next = new Next(moment);
  switch (edit.kind) {
    case 'operation':
      next.operate(edit.name, edit.args);
      break;
    case 'advance':
      next.advance(edit.duration);
      break;
    case 'send':
      next.send(edit.request);
      break;
    case 'step':
      next.step(edit.index, source);
      break;
  }
  return next.moment();
}

/** Takes the first step out of a moment: a scenario's steps mean here what they mean in `scenario/run`. */
class Next {
  readonly #before: Moment;
  readonly #session: Session;
  readonly #worlds: FrozenWorld[];
  readonly #notes: string[] = [];
  readonly #results: CheckResult[] = [];
  #world: FrozenWorld;
  #walks: number;

  constructor(before: Moment) {
    this.#before = before;
    this.#session = cloneSession(before.session);
    this.#worlds = [...before.worlds];
    this.#world = before.world;
    this.#walks = before.walks;
  }

  moment(): Moment {
    return {
      world: this.#world,
      session: this.#session,
      worlds: this.#worlds,
      walks: this.#walks,
      results: this.#results,
      notes: this.#notes,
      names: this.#names(),
    };
  }

  operate(name: string, args: unknown): void {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) throw new OperationError(`there is no operation ${name}`);
    const parsed = operation.schema.safeParse(args, { jitless: true });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new OperationError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'can not be read'}`.replace(/^: /, ''));
    }
    const before = this.#world;
    const note = (text: string): void => void this.#notes.push(text);
    this.#to(
      editWorld(before, name, (draft) => operation.run(args, { world: draft, before, session: this.#session, sends: true, note })).world,
    );
    updateHealth(this.#world, this.#session);
  }

  advance(duration: string): void {
    const byMs = parseDurationMs(duration);
    if (byMs === null) throw new OperationError(`"${duration}" is not a duration`, 'such as 30s, 5m or 250ms');
    const session = this.#session;
    const fromMs = session.clock.nowMs;
    const toMs = fromMs + byMs;
    session.clock.nowMs = toMs;
    this.#to(editWorld(this.#world, 'advance', (draft) => forget(session, reconcile(draft, { kind: 'clock', fromMs, toMs }).forget)).world);
    updateHealth(this.#world, session);
  }

  send(request: Request): void {
    const probe = probeOf(probeRequest(request), this.#world);
    if ('field' in probe) throw new OperationError(`${probe.field}: ${probe.message}`, probe.expected);
    const sport = probe.proto === 'icmp' ? {} : { sportFrom: DEFAULT_SPORT + this.#walks };
    runProbe(this.#world, this.#session, { ...probe, ...sport }, { record: 'none' });
    this.#walks++;
  }

  step(index: number, { loaded }: Source): void {
    const step: StepEntry | undefined = loaded?.scenario.steps?.[index];
    if (loaded === null || step === undefined) throw new OperationError(`there is no step ${index + 1}`);
    for (const name of operationsOf(step)) this.operate(name, step[name]);
    if (step.undo !== undefined) this.#undo(step.undo);
    if (step.advance !== undefined) this.advance(step.advance);
    updateHealth(this.#world, this.#session);
    const plan = new CheckPlan(loaded.document);
    const path = ['steps', index] as const;
    if (step.walk !== undefined) plan.addCheck(step.walk, [...path, 'walk'], []);
    plan.addChecks(step.checks ?? [], [...path, 'checks'], []);
    plan.addMatrices(step.matrix ?? [], [...path, 'matrix'], []);
    const names = this.#names();
    for (const check of plan.checks) {
      const context = { world: this.#world, session: this.#session, names, walks: this.#walks++, detailed: false, keepTraces: false };
      const result = runCheck(check, context);
      if ('verdict' in result) this.#results.push(result);
      else this.#notes.push(result.message);
    }
  }

  #undo(times: number): void {
    const back = this.#worlds.at(-times);
    if (back === undefined) throw new OperationError(`only ${this.#worlds.length} edits have been made`);
    this.#worlds.splice(-times);
    this.#world = back;
  }

  #to(world: FrozenWorld): void {
    this.#worlds.push(this.#world);
    this.#world = world;
  }

  #names(): WorldNames {
    return this.#world === this.#before.world ? this.#before.names : new WorldNames(this.#world, this.#before.names);
  }
}
