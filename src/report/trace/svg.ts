import { visitsOf } from '../../show/map/visits.ts';
import { placeNames } from '../../scenario/places.ts';
import type { Trace } from '../../trace/trace.ts';
import type { World } from '../../world/world.ts';
import { printable } from '../printable.ts';
import { probeLine } from './names.ts';
import { type ArrowKind, arrowKind, arrowsMarkup } from './svg/arrows.ts';
import { type CardNote, type MachineFrame, FABRIC_CARD, cardsOf, hiddenMachines, machinesOf } from './svg/cards.ts';
import { CHARACTER, LINE, PADDING, type Placed, type Rect, TITLE, around, charactersOf, machineBox, placeCards } from './svg/layout.ts';
import { element, escaped, line, round } from './svg/markup.ts';
import { STYLE } from './svg/style.ts';
import { branchLine, placeLine, verdictLine } from './text.ts';

const MARGIN = 24;
const VERDICT_LINES = 3;
const MIN_WIDTH = 640;

/**
 * The map with one walk on it, as a picture that stands alone: machines with the namespaces that the walk was in, the fabric between
 * them, every packet an arrow with its numbers, what decided in tooltips. Readable on a light and on a dark ground; nothing is told by
 * colour alone. The rest of the World is numbers.
 */
export function traceSvg(trace: Trace, world: World): string {
  const visits = visitsOf(trace);
  const places = placeNames(world);
  const cards = cardsOf(visits, world);
  const machines = machinesOf(cards, world);
  const placed = cards.length === 0 ? [] : placeCards(cards, machines, visits);
  const frames = machines.map((machine) => ({ machine, box: machineBox(machine.name, placed) }));
  const boxes = [...placed.map(({ box }) => box), ...frames.map(({ box }) => box)];
  const drawing = boxes.length === 0 ? { x: 0, y: 0, width: 0, height: 0 } : around(boxes, MARGIN);
  const width = Math.max(MIN_WIDTH, drawing.width);
  const heading = probeLine(trace.probe);
  const verdict = verdictLine(trace, undefined, places);
  const sentences = wrapped(verdict, Math.floor((width - 2 * MARGIN) / CHARACTER), VERDICT_LINES);
  const hidden = hiddenMachines(machines, world);
  const top = MARGIN + (1 + sentences.length) * LINE;
  const height = top + drawing.height + MARGIN + (hidden === '' ? 1 : 2) * LINE;
  const shift = { x: (width - drawing.width) / 2 - drawing.x, y: top - drawing.y };
  const kinds = (['request', 'reply', 'other'] as const).filter((kind) => visits.some((visit) => arrowKind(visit) === kind));
  const body = [
    element('title', { id: 'title' }, escaped(`${heading}: ${verdict}`)),
    element('desc', { id: 'desc' }, escaped(descriptionOf(trace, places))),
    element('style', {}, STYLE),
    element('defs', {}, (['request', 'reply', 'other'] as const).map(head).join('')),
    element('rect', { width, height, class: 'ground' }),
    headerMarkup(trace, heading, sentences, width),
    element(
      'g',
      { transform: `translate(${round(shift.x)} ${round(shift.y)})` },
      [
        ...frames.map(({ machine, box }) => machineMarkup(machine, box)),
        ...placed.map(cardMarkup),
        arrowsMarkup(placed, visits, places),
      ].join(''),
    ),
    footerMarkup(hidden, kinds, height),
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    role: 'img',
    'aria-labelledby': 'title desc',
  };
  return `${element('svg', attributes, body.join('\n'))}\n`;
}

/** The walk in words, for who cannot see it. */
function descriptionOf({ legs }: Trace, places: ReadonlyMap<string, string>): string {
  return legs
    .map(({ kind, hops }) => `${kind}: ${hops.map(({ at }, index) => `${index + 1} ${placeLine(at, places)}`).join(', ')}`)
    .join('. ');
}

function head(kind: ArrowKind): string {
  // The request's head is full, the others are hollow.
  const shape = kind === 'request' ? 'M0 0L10 5L0 10Z' : 'M1 1L9 5L1 9';
  const style = kind === 'request' ? `${kind}-fill` : kind;
  const attributes = { id: `${kind}-head`, viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 5, markerHeight: 5, orient: 'auto' };
  return element(
    'marker',
    attributes,
    element('path', {
      d: shape,
      class: style,
      style: kind === 'request' ? 'stroke:none' : 'stroke-dasharray:none',
    }),
  );
}

function headerMarkup({ outcome, branch }: Trace, heading: string, sentences: readonly string[], width: number): string {
  const room = Math.floor((width - 2 * MARGIN) / CHARACTER);
  const mark = outcome === 'replied' || outcome === 'delivered' ? 'good' : outcome === 'unknown' || outcome === 'exits' ? 'unsure' : 'bad';
  const lines = [
    line(heading, MARGIN, MARGIN + 8, 'ink big', Math.floor(room * 0.8)),
    ...sentences.map((text, index) => line(text, MARGIN, MARGIN + 12 + (index + 1) * LINE, `${mark} bold`)),
  ];
  if (branch !== undefined && branch.of > 1) lines.push(line(branchLine(branch), width - MARGIN, MARGIN + 8, 'faint', 50, 'end'));
  return lines.join('');
}

/** Words in at most so many lines; what is left over is cut off with a mark. */
function wrapped(text: string, room: number, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else if (lines.length < most) lines.push(word);
    else return [...lines.slice(0, -1), `${(last ?? '').slice(0, room - 2)} …`];
  }
  return lines.map((one) => (one.length > room ? `${one.slice(0, room - 1)}…` : one));
}

function machineMarkup({ title, hidden }: MachineFrame, box: Rect): string {
  const room = charactersOf(box);
  return [
    element('rect', { ...box, rx: 10, class: 'machine' }),
    line(title, box.x + PADDING, box.y + 19, 'ink bold', room),
    hidden === '' || title.length + hidden.length + 3 > room
      ? ''
      : line(hidden, box.x + box.width - PADDING, box.y + 19, 'faint', room, 'end'),
  ].join('');
}

function cardMarkup({ card, box }: Placed): string {
  const room = charactersOf(box);
  const marks = card.visits
    .map(({ label, end }) => `${label}${end === 'dropped' ? '✗' : end === 'delivered' ? '✓' : end === 'unknown' ? '?' : ''}`)
    .join(' ');
  const isDropped = card.visits.some(({ end, isCopy, kind }) => end === 'dropped' && !isCopy && kind !== 'redirect');
  const titleRoom = Math.max(8, room - Array.from(marks).length - 2);
  const textX = box.x + PADDING;
  const right = box.x + box.width - PADDING;
  const parts = [
    element('rect', { ...box, rx: 7, class: `${card.id === FABRIC_CARD ? 'fabric' : 'card'}${isDropped ? ' bad-line' : ''}` }),
    line(card.title, textX, box.y + 17, 'ink bold', titleRoom),
    line(marks, right, box.y + 17, isDropped ? 'bad bold' : 'faint', room, 'end'),
    element('line', { x1: box.x, y1: box.y + TITLE - 1, x2: box.x + box.width, y2: box.y + TITLE - 1, class: 'rule' }),
  ];
  let y = box.y + TITLE;
  for (const { kind, name, detail } of card.rows) {
    const style = kind === 'device' ? 'ink' : 'faint';
    const nameRoom = detail === '' ? room : Math.max(6, room - detail.length - 1);
    parts.push(line(name, textX, y + 13, style, nameRoom));
    if (detail !== '') parts.push(line(detail, right, y + 13, 'faint', room, 'end'));
    y += LINE;
  }
  for (const note of card.notes) {
    parts.push(noteMarkup(note, textX, y + 13, room));
    y += LINE;
  }
  return element('g', {}, parts.join(''));
}

function noteMarkup({ kind, label, text, full }: CardNote, x: number, y: number, room: number): string {
  const mark = { change: '', dropped: ' ✗', unknown: ' ?', delivered: ' ✓' }[kind];
  const style = { change: 'faint', dropped: 'bad bold', unknown: 'unsure bold', delivered: 'good' }[kind];
  return element('g', {}, element('title', {}, escaped(printable(full))) + line(`${label}${mark} ${text}`, x, y, style, room));
}

const LEGEND: Readonly<Record<ArrowKind, string>> = {
  request: 'request (1 2 …, a: ack)',
  reply: 'reply (r1 r2 …)',
  other: 'error, reset, redirect, copy',
};

function footerMarkup(hidden: string, kinds: readonly ArrowKind[], height: number): string {
  const last = height - MARGIN / 2;
  const y = hidden === '' ? last : last - LINE;
  let x = MARGIN;
  const parts = kinds.map((kind) => {
    const sample = element('path', { d: `M${round(x)} ${round(y - 4)}h34`, class: kind, 'marker-end': `url(#${kind}-head)` });
    const text = line(LEGEND[kind], x + 44, y, 'faint');
    x += 44 + LEGEND[kind].length * CHARACTER + 20;
    return sample + text;
  });
  return parts.join('') + (hidden === '' ? '' : line(`not drawn: ${hidden}`, MARGIN, last, 'ink bold'));
}
