import type { Context } from '../state/context.ts';
import { axesOf, currentPair } from '../state/matrix.ts';
import { clipStart, fit } from '../text/cells.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { type Line, type Span, type Tone, line, span, wrap } from '../text/span.ts';
import type { Place } from '../twin/endpoints.ts';
import type { Cell, SourceClass } from '../twin/matrix.ts';
import { namedPlaces } from './words.ts';
import { tabTitle } from './tabs.ts';

const CELL_WIDTH = 4;
const MAX_NAME = 26;
const SENTENCE_LINES = 2;
const LEGEND = '. replied  ~ no answer  X dropped  # refused  ? unknown  - not possible';
const SOURCES = "receiver sees: o sender's own address  n a node's  p a public one  * another";

/** Who reaches whom: a sign for what became of the packet, a letter for whose address the receiver saw. */
export function matrixPane(context: Context, width: number, height: number): Content {
  const { state, twin } = context;
  const title = tabTitle(context, width);
  const { from, to } = axesOf(context);
  const pair = currentPair(context);
  const filter = state.filters.matrix;
  if (pair === null)
    return {
      title,
      lines: [line(span(filter === '' ? 'nothing here can send' : 'no place holds the text; esc clears the filter', 'dim'))],
    };
  const longest = Math.min(
    MAX_NAME,
    Math.floor(width / 3),
    from.reduce((most, { short }) => Math.max(most, short.length), 4),
  );
  const columns = Math.max(1, Math.floor((width - longest - 2) / CELL_WIDTH));
  const heads = headHeight(height, to);
  const about = pairLines(pair, twin.cell(pair.from, pair.to, state.edits.done), width, twin.placeNames(state.edits.done));
  const legend = [...wrap(LEGEND, width, 'dim'), ...wrap(SOURCES, width, 'dim')];
  const rows = Math.max(1, height - heads - about.length - legend.length);
  const left = windowStart(to.length, state.matrix.column, columns);
  const top = windowStart(from.length, state.matrix.row, rows);
  const targets = to.slice(left, left + columns);
  const senders = from.slice(top, top + rows);
  const lines = senders.map((sender, index) => {
    const isHere = top + index === state.matrix.row;
    const cells = targets.map((target, at) =>
      cellSpan(twin.cell(sender, target, state.edits.done), isHere && left + at === state.matrix.column),
    );
    return line(span(`${isHere ? '▸' : ' '}${fit(clipStart(sender.short, longest), longest)} `, isHere ? 'strong' : 'plain'), ...cells);
  });
  return {
    title,
    lines: [...about, ...headLines(targets, state.matrix.column - left, heads, longest), ...lines, ...legend],
    foot: `${state.matrix.row + 1}/${from.length} × ${state.matrix.column + 1}/${to.length}${filter === '' ? '' : `  /${filter}`}`,
  };
}

/** Names of targets are written downwards: as many letters as there is room for. */
function headHeight(height: number, to: readonly Place[]): number {
  const longest = to.slice(0, 200).reduce((most, { short }) => Math.max(most, short.length), 1);
  return Math.max(3, Math.min(longest, Math.floor(height * 0.4), 14));
}

function headLines(targets: readonly Place[], here: number, heads: number, indent: number): Line[] {
  const names = targets.map(({ short }) => Array.from(clipStart(short, heads).padStart(heads)));
  return Array.from({ length: heads }, (_, row) =>
    line(' '.repeat(indent + 2), ...names.map((name, index) => span(` ${name[row] ?? ' '}  `, index === here ? 'strong' : 'dim'))),
  );
}

function cellSpan(cell: Cell | null, isHere: boolean): Span {
  const { sign, tone } = signOf(cell);
  return isHere ? { ...span(`[${sign}]`.padEnd(CELL_WIDTH), tone), inverse: true } : span(` ${sign}`.padEnd(CELL_WIDTH), tone);
}

function signOf(cell: Cell | null): { sign: string; tone: Tone } {
  if (cell === null) return { sign: '…', tone: 'dim' };
  const seen = cell.seen === null ? '' : LETTERS[cell.seen.whose];
  switch (cell.outcome) {
    case 'replied':
      return { sign: `.${seen}`, tone: 'good' };
    case 'delivered':
    case 'exits':
      return { sign: `~${seen}`, tone: 'warn' };
    case 'dropped':
    case 'loop':
      return { sign: 'X', tone: 'bad' };
    case 'reset':
    case 'icmp-error':
    case 'send-error':
      return { sign: '#', tone: 'bad' };
    case 'unknown':
      return { sign: '?', tone: 'warn' };
    case 'impossible':
      return { sign: '-', tone: 'dim' };
  }
}

const LETTERS: Readonly<Record<SourceClass, string>> = { own: 'o', node: 'n', public: 'p', other: '*' };
const WHOSE: Readonly<Record<SourceClass, string>> = { own: "sender's own", node: "a node's", public: 'public', other: 'another' };

function pairLines({ from, to }: { from: Place; to: Place }, cell: Cell | null, width: number, names: ReadonlyMap<string, string>): Line[] {
  const port = to.port === null ? '' : `:${to.port}`;
  const head = line(span(`${from.name} → ${to.name}${port} ${to.proto ?? ''}`, 'strong'));
  if (cell === null) return [head, line(span('…', 'dim')), line('')];
  const seen = cell.seen === null ? '' : `, seen from ${cell.seen.address} (${WHOSE[cell.seen.whose]})`;
  const { tone } = signOf(cell);
  const sentence = wrap(`${cell.outcome}${seen}: ${namedPlaces(cell.text, names)}`, width, tone);
  // As many lines for every cell, so that the matrix stands still.
  return [head, ...Array.from({ length: SENTENCE_LINES }, (_, row) => sentence[row] ?? line(''))];
}
