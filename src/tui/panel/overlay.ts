import { paletteOf } from '../keys/keymap.ts';
import { type Choices, choicesOf } from '../state/choose.ts';
import type { Context } from '../state/context.ts';
import { timeline } from '../state/context.ts';
import { axesOf } from '../state/matrix.ts';
import { checkRows } from '../state/checks.ts';
import { currentTable } from '../state/tables.ts';
import { helpContent, helpSize } from './help.ts';
import type { Asking, Choosing, Modal } from '../state/state.ts';
import { OPERATIONS } from '../../scenario/operation/operations.ts';
import { cellsOf, fit } from '../text/cells.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { type Line, line, selected, span, wrap } from '../text/span.ts';

/** What lies over the panes. */
export interface Overlay {
  readonly content: Content;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

/** The open list, question or help; null where none is. */
export function overlayOf(context: Context): Overlay | null {
  const { modal, size } = context.state;
  switch (modal?.kind) {
    case undefined:
    case 'leave':
      return null;
    case 'help': {
      const { width, height } = helpSize(size);
      return centred(context, width, height, helpContent(context, modal.offset));
    }
    case 'choose': {
      const width = Math.min(size.columns - 4, 100);
      const most = Math.min(size.rows - 4, 30);
      // The list keeps its height while it is narrowed.
      const height = Math.max(6, Math.min(most, choicesOf(context, { ...modal, query: '' }, paletteOf).count + 3));
      return {
        ...centred(context, width, height, chooseContent(context, modal, width - 2, height - 2)),
        top: Math.floor((size.rows - most) / 2),
      };
    }
    case 'ask': {
      const width = Math.min(size.columns - 4, 110);
      const content = askContent(context, modal, width - 2);
      const over = centred(context, width, Math.min(size.rows - 2, content.lines.length + 2), content);
      // A list that is narrowed while one types stays in sight.
      return modal.asking.for === 'filter' ? { ...over, top: 0 } : over;
    }
  }
}

function centred({ state }: Context, width: number, height: number, content: Content): Overlay {
  const { columns, rows } = state.size;
  return { content, width, height, left: Math.floor((columns - width) / 2), top: Math.max(0, Math.floor((rows - height) / 2)) };
}

const FILTER_NAMES = { walk: 'time line', checks: 'checks', matrix: 'matrix', tables: 'table' } as const;

const TITLES: Readonly<Record<Choosing, string>> = {
  from: 'who sends?',
  to: 'whom to?',
  edit: 'what to change here?',
  operation: 'which operation?',
  command: 'command',
  export: 'export as',
  clock: 'move the clock by',
  place: 'tables of which place?',
};

function chooseContent(context: Context, modal: Extract<Modal, { kind: 'choose' }>, width: number, height: number): Content {
  const choices = choicesOf(context, modal, paletteOf);
  const prompt = line(
    span('> ', 'accent'),
    modal.query,
    { text: ' ', tone: 'plain', inverse: true },
    ...(modal.query === ''
      ? [span(' type to narrow, or an address', 'dim')].slice(0, modal.of === 'from' || modal.of === 'to' ? 1 : 0)
      : []),
  );
  const rows = height - 1;
  const start = windowStart(choices.count, modal.cursor, rows);
  const labelWidth = labelColumn(choices, width - CURSOR_WIDTH);
  const lines = Array.from({ length: Math.min(rows, choices.count - start) }, (_, index): Line => {
    const choice = choices.at(start + index);
    if (choice === null) return line('');
    const isHere = start + index === modal.cursor;
    const label = choice.about === '' ? span(choice.label).text : fit(span(choice.label).text, labelWidth);
    return selected(
      line(isHere ? '▸ ' : '  ', span(label, choice.blocked === null ? 'plain' : 'dim'), '  ', span(choice.about, 'dim')),
      isHere,
    );
  });
  const none = choices.count === 0 ? [line(span('  nothing answers to that', 'dim'))] : [];
  return {
    title: TITLES[modal.of],
    lines: [prompt, ...lines, ...none],
    foot: `${choices.count === 0 ? 0 : modal.cursor + 1}/${choices.count}  enter takes, esc leaves`,
  };
}

const CURSOR_WIDTH = 2;
const GAP_WIDTH = 2;
/** Of a list of 50,000, those that the column is made for. */
const MAX_MEASURED = 200;

/** How many columns the labels get, so that what is said of them begins in one column: all that they need, where the rest has room too. */
function labelColumn({ count, at }: Choices, width: number): number {
  let label = 0;
  let about = 0;
  for (let index = 0; index < Math.min(count, MAX_MEASURED); index++) {
    const choice = at(index);
    if (choice === null || choice.about === '') continue;
    label = Math.max(label, cellsOf(span(choice.label).text));
    about = Math.max(about, cellsOf(span(choice.about).text));
  }
  return Math.min(label, Math.max(Math.floor(width / 2), width - about - GAP_WIDTH));
}

function askContent(
  context: Context,
  { asking, text, caret, selected: isSelected, problem }: Extract<Modal, { kind: 'ask' }>,
  width: number,
): Content {
  const about = aboutLine(asking, context);
  const found = asking.for === 'filter' && text !== '' ? [countLine(context, asking)] : [];
  return {
    title: askTitle(asking),
    lines: [
      ...inputLines(text, isSelected ? null : caret, width),
      ...(problem === null ? [] : wrap(`✘ ${problem}`, width, 'bad')),
      ...found,
      ...wrap(about, width, 'dim'),
    ],
    foot: 'enter takes, esc leaves',
  };
}

/** The text with its caret, or selected as a whole (null); where it is longer than a line, in as many lines as it needs. */
function inputLines(text: string, caret: number | null, width: number): Line[] {
  const room = width - 2;
  const characters = Array.from(`${text} `);
  const lines: Line[] = [];
  for (let start = 0; start < characters.length; start += room) {
    const part = characters.slice(start, start + room);
    if (caret === null) {
      lines.push(line(span(start === 0 ? '> ' : '  ', 'accent'), { ...span(part.join('')), inverse: true }));
      continue;
    }
    const at = caret - start;
    const isHere = at >= 0 && at < part.length;
    const before = part.slice(0, isHere ? at : part.length).join('');
    const under = isHere ? [{ ...span(part[at] ?? ' '), inverse: true as const }, span(part.slice(at + 1).join(''))] : [];
    lines.push(line(span(start === 0 ? '> ' : '  ', 'accent'), before, ...under));
  }
  return lines.slice(-MAX_INPUT_LINES);
}

const MAX_INPUT_LINES = 8;

function askTitle(asking: Asking): string {
  switch (asking.for) {
    case 'port':
      return 'destination port';
    case 'filter':
      return `filter the ${FILTER_NAMES[asking.list]}`;
    case 'save':
      return 'save the edits as a scenario file';
    case 'export':
      return `export as ${asking.format}`;
    case 'operation':
      return asking.name;
    case 'advance':
      return 'move the clock by';
  }
}

function aboutLine(asking: Asking, { state }: Context): string {
  switch (asking.for) {
    case 'port':
      return 'a number, or the name that a service gives it; empty: the only one, or none';
    case 'filter':
      return 'works while you type; enter keeps it, esc puts the old one back';
    case 'save':
      return `the scenario, with ${state.edits.done.length === 1 ? 'the edit as its step' : `the ${state.edits.done.length} edits as its steps`} and the verdict on the screen as their check`;
    case 'export':
      return 'a file; enter a second time overwrites one that exists';
    case 'operation':
      return OPERATIONS.find(({ name }) => name === asking.name)?.description ?? '';
    case 'advance':
      return 'such as 30s, 5m or 250ms; agents do what is due';
  }
}

function countLine(context: Context, { list }: Extract<Asking, { for: 'filter' }>): Line {
  const count = countOf(context, list);
  return line(count === 0 ? span('✘ nothing holds the text', 'bad') : span(`✔ ${count} left`, 'good'));
}

function countOf(context: Context, list: Extract<Asking, { for: 'filter' }>['list']): number {
  switch (list) {
    case 'walk':
      return timeline(context).steps.length;
    case 'checks':
      return checkRows(context).length;
    case 'matrix':
      return axesOf(context).to.length;
    case 'tables':
      return currentTable(context)?.rows.length ?? 0;
  }
}
