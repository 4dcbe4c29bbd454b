import { keyName } from '../keys/key.ts';
import { bindingsInSight } from '../keys/keymap.ts';
import { EXPORT } from '../state/exporting.ts';
import type { Command, Context } from '../state/context.ts';
import type { Modal } from '../state/state.ts';
import { cellsOf } from '../text/cells.ts';
import { type Line, type Span, fitLine, line, span } from '../text/span.ts';

/** The last line: what a key did, or else the keys of what lies over the panes, or of the focused pane; on the right what is edited. */
export function footerLine(context: Context, width: number): Line {
  const { state } = context;
  const right = editsText(context);
  const room = width - cellsOf(right) - 1;
  const left = state.status === null ? keysLine(context, room) : statusLine(state.status.text, state.status.tone === 'refused');
  return line(...fitLine(left, room).spans, ' ', span(right, 'accent'));
}

function statusLine(text: string, refused: boolean): Line {
  return line(span(refused ? ' ! ' : ' ', refused ? 'bad' : 'plain'), span(text, refused ? 'bad' : 'plain'));
}

function editsText({ state }: Context): string {
  const { done, undone } = state.edits;
  if (done.length === 0 && undone.length === 0) return '';
  return `${done.length} ${done.length === 1 ? 'edit' : 'edits'}${undone.length === 0 ? '' : ` (${undone.length} undone)`} `;
}

function keysLine(context: Context, room: number): Line {
  const { modal } = context.state;
  if (modal === null) return paneKeys(context, room);
  if (modal.kind === 'leave') return leaveLine(context, modal.keepScreen ? 'Q' : 'q');
  const keys = modal.kind === 'ask' && modal.selected ? SELECTED_KEYS : MODAL_KEYS[modal.kind];
  return line(...keys.flatMap(([key, what]) => hint(key, what)));
}

const MODAL_KEYS: Readonly<Record<Exclude<Modal['kind'], 'leave'>, readonly (readonly [string, string])[]>> = {
  help: [
    ['j', 'down'],
    ['k', 'up'],
    ['esc', 'back'],
  ],
  choose: [
    ['↑', 'up'],
    ['↓', 'down'],
    ['enter', 'take'],
    ['^u', 'empty'],
    ['esc', 'back'],
  ],
  ask: [
    ['enter', 'take'],
    ['^u', 'cut to the start'],
    ['^k', 'to the end'],
    ['esc', 'back'],
  ],
};

/** The question whether to leave without the edits. */
function leaveLine(context: Context, key: string): Line {
  const saves = (EXPORT.save.blocked?.(context) ?? null) === null ? ', ctrl+s saves' : '';
  return line(' ', span(`${key} again leaves without saving${saves}`, 'warn'));
}

const SELECTED_KEYS: (typeof MODAL_KEYS)['ask'] = [
  ['enter', 'take'],
  ['a letter', 'replaces it'],
  ['← →', 'edit it'],
  ['esc', 'back'],
];

function hint(key: string, what: string): Span[] {
  return [span(' '), span(key, 'strong'), span(` ${what} `)];
}

/** As many keys as there is room for, of those that can act; the help always. */
function paneKeys(context: Context, room: number): Line {
  const spans: Span[] = [];
  const shown = new Set<Command>();
  let used = cellsOf(HELP);
  for (const { keys, command } of bindingsInSight(context.state)) {
    const [key] = keys;
    if (command.short === undefined || command.short === 'help' || key === undefined) continue;
    if (shown.has(command)) continue;
    if ((command.blocked?.(context) ?? null) !== null) continue;
    const name = keyName(key);
    const width = name.length + command.short.length + 3;
    if (used + width > room) continue;
    used += width;
    shown.add(command);
    spans.push(...hint(name, command.short));
  }
  return line(...spans, ' ', span('?', 'strong'), ' help');
}

const HELP = '  ? help';
