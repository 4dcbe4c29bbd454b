import { ruleLine } from '../../report/trace/names.ts';
import { type Context, currentStep } from '../state/context.ts';
import type { Content } from '../text/frame.ts';
import { type Line, line, selected, span, wrap } from '../text/span.ts';
import { tabTitle } from './tabs.ts';

/** What would have decided otherwise at this step, and what did not match. */
export function whyPane(context: Context, width: number): Content {
  const title = tabTitle(context, width);
  const moved = currentStep(context);
  const misses = moved?.step.considered ?? [];
  if (moved === null || misses.length === 0) {
    const advice = moved === null ? 'no step' : 'There is no near miss at this step. L shows all steps; ! goes to the one that decided.';
    return { title, lines: wrap(advice, width, 'dim') };
  }
  const { offset } = context.state.why;
  const isFocused = context.state.focus === 'view';
  const head = wrap(`Not decided by ${misses.length === 1 ? 'this' : 'these'}, the nearest first:`, width, 'dim');
  const lines = misses.slice(offset).flatMap(({ what, why, rule }, index): Line[] => {
    const isHere = isFocused && index === 0;
    const named = wrap(rule === undefined ? what : ruleLine(rule), width - 2);
    return [
      ...named.map((part, row) => selected(line(row === 0 ? (isHere ? '▸ ' : '  ') : '  ', ...part.spans), isHere && row === 0)),
      ...wrap(`because ${why}`, width - 4).map((part) => line('    ', ...part.spans.map(({ text }) => span(text, 'warn')))),
    ];
  });
  return { title, lines: [...head, ...lines], foot: `${offset + 1}/${misses.length}` };
}
