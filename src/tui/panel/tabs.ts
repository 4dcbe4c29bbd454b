import { type Context, currentStep } from '../state/context.ts';
import { VIEWS, type View } from '../state/state.ts';

/** What the tabs are called. */
export const VIEW_NAMES: Readonly<Record<View, string>> = {
  table: 'table',
  why: 'why not',
  conntrack: 'conntrack',
  base: 'base',
  map: 'map',
  matrix: 'matrix',
  tables: 'tables',
};

/** The title of the last pane: its tabs, the shown one in brackets; where there is no room for all of them, the shown one alone. */
export function tabTitle(context: Context, width: number): string {
  const { view } = context.state;
  const misses = currentStep(context)?.step.considered?.length ?? 0;
  const label = (one: View): string => (one === 'why' && misses > 0 ? `${VIEW_NAMES[one]} ${misses}` : VIEW_NAMES[one]);
  const all = `5 ${VIEWS.map((one) => (one === view ? `[${label(one)}]` : label(one))).join(' ')}`;
  if (all.length <= width - 4) return all;
  return `5 [${label(view)}]  ${VIEWS.indexOf(view) + 1}/${VIEWS.length}`;
}
