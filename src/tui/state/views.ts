import { ZOOMS } from '../../show/map/map-text.ts';
import { type Command, clampTo, currentStep } from './context.ts';
import { asked } from './modal.ts';
import { toView } from './panes.ts';
import type { FilteredList, State } from './state.ts';

function whyBy(by: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: (context) => ((currentStep(context)?.step.considered ?? []).length === 0 ? 'there are no near misses at this step' : null),
    run: (context) => {
      const count = currentStep(context)?.step.considered?.length ?? 0;
      return { ...context.state, why: { offset: clampTo(context.state.why.offset + by, count) } };
    },
  };
}

function zoomBy(by: number): Pick<Command, 'blocked' | 'run'> {
  return {
    blocked: ({ state }) => {
      const next = state.map.zoom + by;
      if (next < 0) return 'this is the whole cluster';
      return next >= ZOOMS.length ? 'a namespace is the smallest there is' : null;
    },
    run: ({ state }) => ({ ...state, map: { zoom: state.map.zoom + by } }),
  };
}

function list({ focus, view }: State): FilteredList {
  if (focus === 'checks') return 'checks';
  if (focus === 'view' && (view === 'matrix' || view === 'tables')) return view;
  return 'walk';
}

export const VIEW: Readonly<Record<'whyNot' | 'whyUp' | 'whyDown' | 'zoomIn' | 'zoomOut' | 'filter', Command>> = {
  whyNot: toView('why', 'why not? the nearest entries that would have decided otherwise, and what did not match', 'why not'),
  whyUp: { help: 'previous near miss', ...whyBy(-1) },
  whyDown: { help: 'next near miss', ...whyBy(1) },
  zoomIn: { help: 'into the place of the step: cluster, node, namespace', short: 'zoom in', ...zoomBy(1) },
  zoomOut: { help: 'out again', short: 'out', ...zoomBy(-1) },
  filter: {
    help: 'narrow the list: steps, checks, matrix or table rows that hold a text',
    short: 'filter',
    run: ({ state }) => {
      const wanted = list(state);
      return asked(state, { for: 'filter', list: wanted }, state.filters[wanted]);
    },
  },
};
