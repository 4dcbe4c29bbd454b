import { crossing } from '../../report/trace/text.ts';
import type { LegKind } from '../../trace/trace.ts';
import { type Context, timeline, walked } from '../state/context.ts';
import { clip, clipStart } from '../text/cells.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { EMPTY, type Line, line, selected, span } from '../text/span.ts';
import type { Row, Timeline } from '../twin/timeline.ts';
import { brief, verbSign, verbTone } from './words.ts';

const VERB_WIDTH = 10;

/** Pane 2: the walk as one line of steps, request first, then what came back. */
export function walkPane(context: Context, width: number, height: number): Content {
  const { state } = context;
  const found = walked(context);
  const shown = timeline(context);
  const count = shown.steps.length;
  const at = count === 0 ? '' : `${state.walk.cursor + 1}/${count}`;
  const notes = [state.walk.playing ? 'playing' : '', state.filters.walk === '' ? '' : `/${state.filters.walk}`, state.walk.detail];
  const title = `2 time line  ${notes.filter((note) => note !== '').join('  ')}`;
  if (count === 0) {
    const why =
      state.filters.walk !== ''
        ? 'no step holds the text; esc clears the filter'
        : found.kind === 'refused'
          ? 'no walk yet: f and t choose the two ends'
          : 'no step';
    return { title, lines: [line(span(why, 'dim'))] };
  }
  const row = shown.rowOf[state.walk.cursor] ?? 0;
  const start = windowStart(shown.rows.length, row, height);
  const lines = shown.rows.slice(start, start + height).map((one) => rowLine(one, shown, width, context));
  return { title, lines, foot: at };
}

function rowLine(row: Row, shown: Timeline, width: number, context: Context): Line {
  switch (row.kind) {
    case 'leg': {
      const fragments = row.fragments > 1 ? ` in ${row.fragments} fragments` : '';
      return line(span(`${legArrow(row.leg)} ${row.leg}${fragments}`, 'accent'));
    }
    case 'hop': {
      const names = context.twin.placeNames(context.state.edits.done);
      const place = names.get(row.hop.at) ?? row.hop.at;
      const number = ` ${row.number}. `;
      // Nodes of one pool differ at the end of their names.
      return line(span(number, 'dim'), span(clipStart(place, width - number.length), 'strong'), span(crossing(row.hop), 'dim'));
    }
    case 'step': {
      const moved = shown.steps[row.index];
      if (moved === undefined) return EMPTY;
      const { step } = moved;
      const isHere = row.index === context.state.walk.cursor;
      const tone = verbTone(step);
      return selected(
        line(
          isHere ? '▸' : ' ',
          span(verbSign(step), tone),
          ' ',
          span(clip(step.verb, VERB_WIDTH).padEnd(VERB_WIDTH + 1), tone),
          brief(step),
        ),
        isHere,
      );
    }
  }
}

function legArrow(kind: LegKind): string {
  return kind === 'request' || kind === 'ack' || kind === 'arp' ? '→' : '←';
}
