import { keyName } from '../keys/key.ts';
import { bindingsInSight, paneName } from '../keys/keymap.ts';
import type { Context } from '../state/context.ts';
import type { State } from '../state/state.ts';
import type { Content } from '../text/frame.ts';
import { type Line, line, span, wrap } from '../text/span.ts';
import { VIEW_NAMES } from './tabs.ts';

const KEYS_WIDTH = 18;

/** The help's place on the screen, with its edge. */
export function helpSize({ columns, rows }: State['size']): { readonly width: number; readonly height: number } {
  return { width: Math.min(columns - 4, 96), height: rows - 2 };
}

/** Every key of the focused pane and what it does; of one that can not act, why. */
export function helpContent(context: Context, offset: number): Content {
  const height = helpSize(context.state.size).height - 2;
  const lines = helpLines(context);
  const start = Math.max(0, Math.min(offset, lines.length - height));
  const shown = lines.slice(start, start + height);
  return { title: 'keys', lines: shown, foot: `${start + shown.length}/${lines.length}  j k scroll, any other key closes` };
}

/** How far the help can be scrolled. */
export function lastHelpOffset(context: Context): number {
  return Math.max(0, helpLines(context).length - (helpSize(context.state.size).height - 2));
}

function helpLines(context: Context): Line[] {
  const { state } = context;
  const width = helpSize(state.size).width - 2;
  const here = `here: ${state.focus === 'view' ? VIEW_NAMES[state.view] : paneName(state.focus)}`;
  let heading = '';
  return bindingsInSight(state).flatMap(({ where, keys, command }) => {
    const above = where === 'everywhere' ? where : here;
    const headings = above === heading ? [] : [line(span(above, 'accent'))];
    heading = above;
    const why = command.blocked?.(context) ?? null;
    const tone = why === null ? 'plain' : 'dim';
    const names = ` ${keys.map(keyName).join(' ')}`.padEnd(KEYS_WIDTH);
    const text = why === null ? command.help : `${command.help} (not now: ${why})`;
    const wrapped = wrap(text, width - KEYS_WIDTH, tone).map((part, index) =>
      line(span(index === 0 ? names : ' '.repeat(KEYS_WIDTH), why === null ? 'strong' : 'dim'), ...part.spans),
    );
    return [...headings, ...wrapped];
  });
}
