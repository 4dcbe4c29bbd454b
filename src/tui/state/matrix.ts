import type { Place } from '../twin/endpoints.ts';
import { requestOfCell } from '../twin/matrix.ts';
import { type Command, type Context, clampTo, saying } from './context.ts';
import { requested } from './packet.ts';
import type { State } from './state.ts';

/** Who stands in the matrix. */
export interface Axes {
  readonly from: readonly Place[];
  readonly to: readonly Place[];
}

const known = new WeakMap<readonly Place[], { filter: string; axes: Axes }>();

/** Everything that sends against everything that is sent to; the filter keeps the places that hold its text, on both sides. */
export function axesOf({ state, twin }: Context): Axes {
  const places = twin.places(state.edits.done);
  const filter = state.filters.matrix.toLowerCase();
  const before = known.get(places);
  if (before?.filter === filter) return before.axes;
  const kept = filter === '' ? places : places.filter(({ name }) => name.toLowerCase().includes(filter));
  const axes = { from: kept.filter(({ sends }) => sends), to: kept };
  known.set(places, { filter, axes });
  return axes;
}

function moveBy(rows: number, columns: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: (context) => {
      const { from, to } = axesOf(context);
      return from.length === 0 || to.length === 0 ? 'the matrix is empty; esc clears the filter' : null;
    },
    run: (context) => {
      const { from, to } = axesOf(context);
      const { row, column } = context.state.matrix;
      return { ...context.state, matrix: { row: clampTo(row + rows, from.length), column: clampTo(column + columns, to.length) } };
    },
  };
}

/** The pair under the cursor. */
export function currentPair(context: Context): { readonly from: Place; readonly to: Place } | null {
  const { from, to } = axesOf(context);
  const sender = from[context.state.matrix.row];
  const target = to[context.state.matrix.column];
  return sender === undefined || target === undefined ? null : { from: sender, to: target };
}

const open: Command = {
  help: 'show the walk of this cell',
  short: 'walk',
  blocked: (context) => (currentPair(context) === null ? 'the matrix is empty; esc clears the filter' : null),
  run: (context) => {
    const pair = currentPair(context);
    if (pair === null) return context.state;
    const shown: State = { ...requested(context, requestOfCell(pair.from, pair.to)), focus: 'walk', zoomed: false, view: 'table' };
    return saying(shown, `the walk from ${pair.from.name} to ${pair.to.name} · m goes back to the matrix`);
  },
};

export const MATRIX: Readonly<
  Record<'up' | 'down' | 'left' | 'right' | 'first' | 'last' | 'pageDown' | 'pageUp' | 'pageLeft' | 'pageRight' | 'open', Command>
> = {
  up: { help: 'previous sender', ...moveBy(-1, 0) },
  down: { help: 'next sender', ...moveBy(1, 0) },
  left: { help: 'previous target', ...moveBy(0, -1) },
  right: { help: 'next target', ...moveBy(0, 1) },
  first: { help: 'first sender', ...moveBy(-Infinity, 0) },
  last: { help: 'last sender', ...moveBy(Infinity, 0) },
  pageDown: { help: 'ten senders down', ...moveBy(10, 0) },
  pageUp: { help: 'ten senders up', ...moveBy(-10, 0) },
  pageLeft: { help: 'ten targets left', ...moveBy(0, -10) },
  pageRight: { help: 'ten targets right', ...moveBy(0, 10) },
  open,
};
