import type { Edit } from '../twin/edit.ts';
import { type Command, saying } from './context.ts';
import { closed } from './modal.ts';
import { PANES, type Pane, type State, VIEWS, type View } from './state.ts';

export function focused(state: State, focus: Pane): State {
  return state.focus === focus ? state : { ...state, focus };
}

/** Views that need the whole screen to be of use where there is little room. */
const WIDE_VIEWS: ReadonlySet<View> = new Set(['matrix', 'map', 'tables', 'base']);
const ROOMY_COLUMNS = 120;
const ROOMY_ROWS = 36;

/** Shows a view and gives it the keys; where the screen is small it takes all of it. */
function shown(state: State, view: View): State {
  const { columns, rows } = state.size;
  const isSmall = columns < ROOMY_COLUMNS || rows < ROOMY_ROWS;
  return { ...state, view, focus: 'view', zoomed: WIDE_VIEWS.has(view) ? isSmall || state.zoomed : state.zoomed && state.focus === 'view' };
}

function next<T>(list: readonly T[], current: T, by: number): T {
  const index = (list.indexOf(current) + by + list.length) % list.length;
  return list[index] ?? current;
}

export const nextPane: Command = { help: 'next pane', run: ({ state }) => focused(state, next(PANES, state.focus, 1)) };
export const previousPane: Command = { help: 'previous pane', run: ({ state }) => focused(state, next(PANES, state.focus, -1)) };

export function toPane(pane: Pane, help: string): Command {
  return { help, run: ({ state }) => focused(state, pane) };
}

export const nextView: Command = { help: 'next tab of the last pane', run: ({ state }) => shown(state, next(VIEWS, state.view, 1)) };
export const previousView: Command = { help: 'previous tab', run: ({ state }) => shown(state, next(VIEWS, state.view, -1)) };

export function toView(view: View, help: string, short?: string): Command {
  return { help, ...(short === undefined ? {} : { short }), run: ({ state }) => shown(state, view) };
}

export const zoom: Command = {
  help: 'the focused pane takes the whole screen, or gives it back',
  short: 'zoom',
  run: ({ state }) => ({ ...state, zoomed: !state.zoomed }),
};

const MAX_SPLIT = 3;

function splitBy(by: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: ({ state }) => (Math.abs(state.split + by) > MAX_SPLIT ? 'there is no more room to give' : null),
    run: ({ state }) => ({ ...state, split: state.split + by }),
  };
}

export const widerLeft: Command = { help: 'more room for the left side', ...splitBy(1) };
export const widerRight: Command = { help: 'more room for the right side', ...splitBy(-1) };

/** Escape goes one thing back: what plays, the filter, the zoom, the focus. */
export const escape: Command = {
  help: 'back: closes what is open, clears a filter, leaves the zoom',
  run: ({ state }) => {
    if (state.walk.playing) return { ...state, walk: { ...state.walk, playing: false } };
    const list = filterInSight(state);
    if (list !== null) return { ...state, filters: { ...state.filters, [list]: '' } };
    if (state.zoomed) return { ...state, zoomed: false };
    if (state.focus !== 'walk') return focused(state, 'walk');
    return saying(state, 'nothing is open; q quits');
  },
};

function filterInSight({ focus, view, filters }: State): 'walk' | 'checks' | 'matrix' | 'tables' | null {
  const list =
    focus === 'view' ? (view === 'matrix' || view === 'tables' ? view : null) : focus === 'walk' || focus === 'checks' ? focus : null;
  return list !== null && filters[list] !== '' ? list : null;
}

function left(state: State, keepScreen: boolean): State {
  return { ...closed(state), effects: [...state.effects, { kind: 'quit', keepScreen }] };
}

/** Leaves; where edits would be lost, at the second time. */
function asksToLeave(state: State, keepScreen: boolean): State {
  const isSaved = state.edits.done.length === 0 || isSame(state.edits.done, state.saved);
  return isSaved || state.modal?.kind === 'leave' ? left(state, keepScreen) : { ...state, modal: { kind: 'leave', keepScreen } };
}

function isSame(edits: readonly Edit[], others: readonly Edit[]): boolean {
  return edits.length === others.length && edits.every((edit, index) => edit === others[index]);
}

export const quit: Command = {
  help: 'quit; asks once where edits are not saved',
  short: 'quit',
  run: ({ state }) => asksToLeave(state, false),
};
export const quitKeeping: Command = {
  help: 'quit and leave the screen as it is in the terminal',
  run: ({ state }) => asksToLeave(state, true),
};
export const quitAtOnce: Command = { help: 'quit at once, edits saved or not', run: ({ state }) => left(state, false) };
export const suspend: Command = {
  help: 'back to the shell for a while; fg returns',
  run: ({ state }) => ({ ...state, effects: [...state.effects, { kind: 'suspend' }] }),
};
export const redraw: Command = {
  help: 'draw the screen anew',
  run: ({ state }) => ({ ...state, effects: [...state.effects, { kind: 'redraw' }] }),
};
