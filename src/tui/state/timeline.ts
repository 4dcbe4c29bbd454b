import { DETAILS } from '../../report/trace/detail.ts';
import { type Command, type Context, clampTo, saying, timeline, walked } from './context.ts';
import type { State } from './state.ts';

/** The state with the time line's cursor on a step; what shows the step starts anew. */
function atStep(state: State, cursor: number): State {
  if (state.walk.cursor === cursor) return state;
  return { ...state, walk: { ...state.walk, cursor }, table: { cursor: null }, why: { offset: 0 } };
}

function moveBy(context: Context, by: number): State {
  const { state } = context;
  return atStep(stopped(state), clampTo(state.walk.cursor + by, timeline(context).steps.length));
}

function stopped(state: State): State {
  return state.walk.playing ? { ...state, walk: { ...state.walk, playing: false } } : state;
}

/** After the request or the world changed: at what decided where the packet did not come through, else where one was. */
export function settled(context: Context): State {
  const { state } = context;
  const { steps, deciding } = timeline(context);
  const found = walked(context);
  const isFine = found.kind === 'trace' && (found.trace.outcome === 'replied' || found.trace.outcome === 'delivered');
  return atStep(stopped(state), clampTo(isFine ? state.walk.cursor : deciding, steps.length));
}

/** Plays one step; stops at the last. */
export function played(context: Context): State {
  const { state } = context;
  if (!state.walk.playing) return state;
  const last = timeline(context).steps.length - 1;
  const next = atStep(state, clampTo(state.walk.cursor + 1, last + 1));
  return next.walk.cursor >= last ? stopped(next) : next;
}

function noWalk(context: Context): string | null {
  if (timeline(context).steps.length > 0) return null;
  const found = walked(context);
  if (context.state.filters.walk !== '') return 'no step matches the filter; esc clears it';
  return found.kind === 'refused' ? found.message : 'the walk has no step';
}

const atEnd = (context: Context): string | null =>
  noWalk(context) ??
  (context.state.walk.cursor >= timeline(context).steps.length - 1 ? 'this is the last step; < goes to the first' : null);
const atStart = (context: Context): string | null => noWalk(context) ?? (context.state.walk.cursor <= 0 ? 'this is the first step' : null);

export const forward: Command = { help: 'one step forward', short: 'step', blocked: atEnd, run: (context) => moveBy(context, 1) };
export const back: Command = { help: 'one step back', blocked: atStart, run: (context) => moveBy(context, -1) };
export const first: Command = { help: 'first step', blocked: noWalk, run: (context) => moveBy(context, -Infinity) };
export const last: Command = { help: 'last step', blocked: noWalk, run: (context) => moveBy(context, Infinity) };
export const pageForward: Command = { help: 'ten steps forward', blocked: atEnd, run: (context) => moveBy(context, 10) };
export const pageBack: Command = { help: 'ten steps back', blocked: atStart, run: (context) => moveBy(context, -10) };

export const toDrop: Command = {
  help: 'the step that decided: the drop, the reject, what is unknown',
  short: 'drop',
  blocked: noWalk,
  run: (context) => {
    const { deciding, steps } = timeline(context);
    const found = walked(context);
    const next = atStep(stopped(context.state), clampTo(deciding, steps.length));
    const isFine = found.kind === 'trace' && (found.trace.outcome === 'replied' || found.trace.outcome === 'delivered');
    return isFine ? saying(next, 'nothing was dropped: this is the last step') : next;
  },
};

export const play: Command = {
  help: 'play the walk, or pause',
  short: 'play',
  blocked: noWalk,
  run: (context) => {
    const { state } = context;
    if (state.walk.playing) return stopped(state);
    const isAtEnd = state.walk.cursor >= timeline(context).steps.length - 1;
    const start = isAtEnd ? atStep(state, 0) : state;
    return { ...start, walk: { ...start.walk, playing: true } };
  },
};

/** Where each leg begins. */
function legStarts(context: Context): number[] {
  const { steps } = timeline(context);
  return steps.flatMap(({ leg }, index) => (index === 0 || steps[index - 1]?.leg !== leg ? [index] : []));
}

export const nextLeg: Command = {
  help: 'next leg: request, reply, error; then the first again',
  short: 'reply',
  blocked: (context) => noWalk(context) ?? (legStarts(context).length < 2 ? 'there is only one leg: nothing came back' : null),
  run: (context) => {
    const starts = legStarts(context);
    const next = starts.find((start) => start > context.state.walk.cursor) ?? 0;
    return atStep(stopped(context.state), next);
  },
};

export const detail: Command = {
  help: 'level of detail: summary, detailed, minimal',
  run: (context) => {
    const { state, twin } = context;
    const order = [...DETAILS.slice(1), ...DETAILS.slice(0, 1)];
    const next = order[(order.indexOf(state.walk.detail) + 1) % order.length] ?? 'summary';
    // The step under the cursor stays under it, or the nearest that is still shown.
    const seq = timeline(context).steps[state.walk.cursor]?.step.seq ?? 0;
    const changed: State = { ...state, walk: { ...state.walk, detail: next } };
    const { steps } = timeline({ state: changed, twin });
    const found = steps.findIndex(({ step }) => step.seq >= seq);
    const cursor = clampTo(found < 0 ? steps.length - 1 : found, steps.length);
    return saying({ ...changed, walk: { ...changed.walk, cursor } }, `detail: ${next}`);
  },
};
