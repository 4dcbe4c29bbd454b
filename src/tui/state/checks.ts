import type { PlannedCheck } from '../../scenario/plan.ts';
import type { PromisedStep } from '../twin/checks.ts';
import { requestOfCheck } from '../twin/checks.ts';
import { type Command, type Context, clampTo, saying } from './context.ts';
import { edited } from './edits.ts';
import { requested } from './packet.ts';
import { focused } from './panes.ts';
import type { State } from './state.ts';

/** A line of the list of checks. */
export type CheckRow =
  | { readonly kind: 'check'; readonly check: PlannedCheck; /** Null: of the world as it is now. */ readonly step: PromisedStep | null }
  | { readonly kind: 'step'; readonly step: PromisedStep };

/** What the checks pane lists: the promises of the world, then the scenario's steps with theirs. */
export function checkRows({ state, twin }: Context): CheckRow[] {
  const { base, steps } = twin.promises;
  const wanted = state.filters.checks.toLowerCase();
  const holds = (text: string): boolean => wanted === '' || text.toLowerCase().includes(wanted);
  return [
    ...base.filter(({ name }) => holds(name)).map((check): CheckRow => ({ kind: 'check', check, step: null })),
    ...steps.flatMap((step): CheckRow[] => [
      ...(holds(step.name) || wanted === '' ? [{ kind: 'step' as const, step }] : []),
      ...step.checks.filter(({ name }) => holds(name)).map((check): CheckRow => ({ kind: 'check', check, step })),
    ]),
  ];
}

/** Whether a step of the scenario was done. */
export function isDone({ state }: Context, { index }: PromisedStep): boolean {
  return state.edits.done.some((edit) => edit.kind === 'step' && edit.index === index);
}

function moveBy(by: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: (context) => (checkRows(context).length === 0 ? 'there are no checks here' : null),
    run: (context) => ({ ...context.state, checks: { cursor: clampTo(context.state.checks.cursor + by, checkRows(context).length) } }),
  };
}

/** Does the scenario's steps up to this one. */
function upTo(context: Context, step: PromisedStep): State {
  let { state } = context;
  const { twin } = context;
  const doneTo = state.edits.done.reduce((next, edit) => (edit.kind === 'step' ? edit.index + 1 : next), 0);
  for (const { index, name } of twin.promises.steps.slice(doneTo, step.index + 1)) {
    state = edited({ state, twin }, { kind: 'step', index, name });
    if (state.status?.tone === 'refused') return state;
  }
  return state;
}

const open: Command = {
  help: 'a check: show its walk; a step of the scenario: do it, and those before it',
  short: 'open',
  blocked: (context) => {
    const row = checkRows(context)[context.state.checks.cursor];
    if (row === undefined) return 'there are no checks here';
    return row.kind === 'step' && isDone(context, row.step) ? 'this step is done; z takes edits back' : null;
  },
  run: (context) => {
    const row = checkRows(context)[context.state.checks.cursor];
    if (row === undefined) return context.state;
    if (row.kind === 'step') return upTo(context, row.step);
    const state = row.step === null || isDone(context, row.step) ? context.state : upTo(context, row.step);
    const shown = focused(requested({ state, twin: context.twin }, requestOfCheck(row.check)), 'walk');
    return saying(shown, `the walk of: ${row.check.name}`);
  },
};

export const CHECKS: Readonly<Record<'next' | 'previous' | 'first' | 'last' | 'pageDown' | 'pageUp' | 'open', Command>> = {
  next: { help: 'next check', ...moveBy(1) },
  previous: { help: 'previous check', ...moveBy(-1) },
  first: { help: 'first check', ...moveBy(-Infinity) },
  last: { help: 'last check', ...moveBy(Infinity) },
  pageDown: { help: 'ten checks down', ...moveBy(10) },
  pageUp: { help: 'ten checks up', ...moveBy(-10) },
  open,
};
