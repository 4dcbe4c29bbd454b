import { layout } from '@dagrejs/dagre';
import { Graph } from '@dagrejs/graphlib';
import type { Visit } from '../../../show/map/visits.ts';
import { type Card, type MachineFrame, cardOf } from './cards.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A card with its place on the picture. */
export interface Placed {
  readonly card: Card;
  readonly box: Rect;
}

export const CHARACTER = 7.3;
export const LINE = 18;
export const TITLE = 26;
export const PADDING = 10;
const MIN_WIDTH = 150;
const MAX_CHARACTERS = 44;
const MACHINE_PADDING = 16;
const MACHINE_TITLE = 26;
/** Room for arrows and their numbers. */
const RANK_SEPARATION = 104;
const NODE_SEPARATION = 70;

/** How many characters a row of a card may have. */
export function charactersOf({ width }: Rect): number {
  return Math.floor((width - 2 * PADDING) / CHARACTER);
}

/** A row's text: name, and detail at its right. */
function rowLength(name: string, detail: string): number {
  return name.length + (detail === '' ? 0 : detail.length + 2);
}

function sizeOf({ title, rows, notes, visits }: Card): { width: number; height: number } {
  const marks = visits.map(({ label }) => label).join(' ').length;
  const longest = Math.max(
    title.length + marks + 5,
    ...rows.map(({ name, detail }) => rowLength(name, detail)),
    ...notes.map(({ label, text }) => label.length + text.length + 3),
  );
  const width = Math.max(MIN_WIDTH, Math.min(MAX_CHARACTERS, longest) * CHARACTER + 2 * PADDING);
  return { width: Math.round(width), height: TITLE + (rows.length + notes.length) * LINE + PADDING };
}

/** Places cards from left to right along the way of the packets, those of one machine together. */
export function placeCards(cards: readonly Card[], machines: readonly MachineFrame[], visits: readonly Visit[]): Placed[] {
  const graph = new Graph<object, { width: number; height: number; x?: number; y?: number }, object>({ compound: true });
  graph.setGraph({ rankdir: 'LR', ranksep: RANK_SEPARATION, nodesep: NODE_SEPARATION, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name } of machines) graph.setNode(`machine ${name}`, { width: 0, height: 0 });
  for (const card of cards) {
    graph.setNode(`card ${card.id}`, sizeOf(card));
    if (card.machine !== null) graph.setParent(`card ${card.id}`, `machine ${card.machine}`);
  }
  const joined = new Set<string>();
  for (const { from, at } of visits) {
    if (from === null) continue;
    const [a, b] = [cardOf(from.at), cardOf(at)];
    if (a === b || joined.has(`${b}\n${a}`)) continue;
    joined.add(`${a}\n${b}`);
    graph.setEdge(`card ${a}`, `card ${b}`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-call -- its declarations name files without their endings, which Node's resolution does not find
  layout(graph);
  return cards.map((card) => {
    const { x = 0, y = 0, width, height } = graph.node(`card ${card.id}`);
    return { card, box: { x: x - width / 2, y: y - height / 2, width, height } };
  });
}

/** The frame around the cards of a machine. */
export function machineBox(name: string, placed: readonly Placed[]): Rect {
  return around(
    placed.filter(({ card }) => card.machine === name).map(({ box }) => box),
    MACHINE_PADDING,
    MACHINE_TITLE,
  );
}

/** The smallest rectangle around others, with room at each side and more at the top. */
export function around(boxes: readonly Rect[], padding: number, top = 0): Rect {
  const x = Math.min(...boxes.map((box) => box.x)) - padding;
  const y = Math.min(...boxes.map((box) => box.y)) - padding - top;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + padding;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + padding;
  return { x, y, width: right - x, height: bottom - y };
}
