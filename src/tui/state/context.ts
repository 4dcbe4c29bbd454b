import type { Walked, Twin } from '../twin/twin.ts';
import type { Moved, Timeline } from '../twin/timeline.ts';
import type { State, Status } from './state.ts';

/** A state with what can be asked about it. */
export interface Context {
  readonly state: State;
  readonly twin: Twin;
}

/** Something that a key does. */
export interface Command {
  /** What it does, in the words of the help. */
  readonly help: string;
  /** The same in one word, for the last line of the screen; none: it is not worth its room there. */
  readonly short?: string;
  /** Why it can not be done now; null when it can. */
  readonly blocked?: (context: Context) => string | null;
  readonly run: (context: Context) => State;
}

/** The walk on the screen. */
export function walked({ state, twin }: Context): Walked {
  return twin.walk(state.request, state.edits.done);
}

const NO_TIMELINE: Timeline = { steps: [], rows: [], rowOf: [], deciding: 0 };

/** The time line on the screen: empty where there is no walk. */
export function timeline(context: Context): Timeline {
  const { state, twin } = context;
  const found = walked(context);
  return found.kind === 'trace' ? twin.timeline(found.trace, state.walk.detail, state.filters.walk) : NO_TIMELINE;
}

/** The step under the cursor. */
export function currentStep(context: Context): Moved | null {
  return timeline(context).steps[context.state.walk.cursor] ?? null;
}

/** Puts a cursor where it may be. */
export function clampTo(cursor: number, count: number): number {
  return Math.max(0, Math.min(cursor, count - 1));
}

export function saying(state: State, text: string, tone: Status['tone'] = 'said'): State {
  return { ...state, status: { tone, text } };
}
