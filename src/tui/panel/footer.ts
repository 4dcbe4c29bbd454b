import { keyName } from '../keys/key.ts';
import { bindingsInSight } from '../keys/keymap.ts';
import type { Context } from '../state/context.ts';
import { cellsOf } from '../text/cells.ts';
import { type Line, type Span, fitLine, line, span } from '../text/span.ts';

/** The last line: what a key did, or else the keys of the focused pane; on the right what is edited. */
export function footerLine(context: Context, width: number): Line {
  const { state } = context;
  const right = editsText(context);
  const room = width - cellsOf(right) - 1;
  const left = state.status === null ? keyLine(context, room) : statusLine(state.status.text, state.status.tone === 'refused');
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

/** As many keys as there is room for; the help always. */
function keyLine(context: Context, room: number): Line {
  const spans: Span[] = [];
  let used = cellsOf(HELP);
  for (const { keys, command } of bindingsInSight(context.state)) {
    const [key] = keys;
    if (command.short === undefined || command.short === 'help' || key === undefined) continue;
    const name = keyName(key);
    const width = name.length + command.short.length + 3;
    if (used + width > room) continue;
    used += width;
    const isBlocked = (command.blocked?.(context) ?? null) !== null;
    spans.push(span(' '), span(name, isBlocked ? 'dim' : 'strong'), span(` ${command.short} `, isBlocked ? 'dim' : 'plain'));
  }
  return line(...spans, ' ', span('?', 'strong'), ' help');
}

const HELP = '  ? help';
