import { type Visit, machineOf } from '../../../show/map/visits.ts';
import { printable } from '../../../show/printable.ts';
import { placeLine } from '../text.ts';
import { type Card, cardOf, decidedIn } from './cards.ts';
import { LINE, type Placed, type Rect, TITLE } from './layout.ts';
import { element, escaped, line, round } from './markup.ts';

/** What the legs of a walk look like. */
export type ArrowKind = 'request' | 'reply' | 'other';

export function arrowKind({ kind, isCopy }: Visit): ArrowKind {
  if (isCopy) return 'other';
  if (kind === 'request' || kind === 'ack') return 'request';
  return kind === 'reply' ? 'reply' : 'other';
}

/** All packets of one kind that went from one device to another. */
interface Arrow {
  readonly kind: ArrowKind;
  readonly from: Visit;
  readonly visits: Visit[];
}

/** The arrows from card to card, each with the numbers of the visits that it leads to, and what decided there as its tooltip. */
export function arrowsMarkup(placed: readonly Placed[], visits: readonly Visit[], places: ReadonlyMap<string, string>): string {
  const boxes = new Map(placed.map((one) => [one.card.id, one]));
  const arrows = groupArrows(visits);
  const lanes = new Map<string, number>();
  const sameWay = new Map<string, number>();
  return arrows
    .map((arrow) => {
      const [first] = arrow.visits;
      const from = boxes.get(cardOf(arrow.from.at));
      const to = first === undefined ? undefined : boxes.get(cardOf(first.at));
      if (first === undefined || from === undefined || to === undefined) return '';
      // Arrows between the same two devices keep clear of each other.
      const key = [`${from.card.id} ${arrow.from.hop.out ?? ''}`, `${to.card.id} ${first.hop.in ?? ''}`].sort().join('\n');
      const lane = lanes.get(key) ?? 0;
      lanes.set(key, lane + 1);
      const nth = sameWay.get(`${from.card.id}\n${key}`) ?? 0;
      sameWay.set(`${from.card.id}\n${key}`, nth + 1);
      return arrowMarkup(arrow, curve(from, arrow.from.hop.out, to, first.hop.in, lane), nth, places);
    })
    .join('');
}

function groupArrows(visits: readonly Visit[]): Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const visit of visits) {
    const { from } = visit;
    if (from === null || (cardOf(from.at) === cardOf(visit.at) && machineOf(visit.at) !== 'fabric' && from.hop.out === undefined)) continue;
    const kind = arrowKind(visit);
    const key = [kind, cardOf(from.at), from.hop.out, cardOf(visit.at), visit.hop.in].join('\n');
    const arrow = arrows.get(key);
    if (arrow === undefined) arrows.set(key, { kind, from, visits: [visit] });
    else arrow.visits.push(visit);
  }
  return [...arrows.values()];
}

interface Curve {
  readonly path: string;
  readonly at: (t: number) => { readonly x: number; readonly y: number };
}

const LANE = 11;

function curve(from: Placed, out: string | undefined, to: Placed, into: string | undefined, lane: number): Curve {
  const offset = (lane % 2 === 0 ? -1 : 1) * Math.ceil((lane + 1) / 2) * (LANE / 2);
  const start = { x: 0, y: rowY(from.card, from.box, out) + offset };
  const end = { x: 0, y: rowY(to.card, to.box, into) + offset };
  const gap = centre(to.box) - centre(from.box);
  const isBeside = Math.abs(gap) < (from.box.width + to.box.width) / 2;
  // What stands above the other is reached around the right side.
  const leavesRight = isBeside || gap > 0;
  const entersLeft = !isBeside && gap > 0;
  start.x = leavesRight ? from.box.x + from.box.width : from.box.x;
  end.x = entersLeft ? to.box.x : to.box.x + to.box.width;
  if (!isBeside && gap < 0) end.x = to.box.x + to.box.width;
  const reach = Math.max(40, Math.abs(end.x - start.x) / 2);
  const c1 = { x: start.x + (leavesRight ? reach : -reach), y: start.y };
  const c2 = { x: end.x + (entersLeft ? -reach : reach), y: end.y };
  const mix = (t: number, a: number, b: number, c: number, d: number): number =>
    (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
  return {
    path: `M${round(start.x)} ${round(start.y)}C${round(c1.x)} ${round(c1.y)} ${round(c2.x)} ${round(c2.y)} ${round(end.x)} ${round(end.y)}`,
    at: (t) => ({ x: mix(t, start.x, c1.x, c2.x, end.x), y: mix(t, start.y, c1.y, c2.y, end.y) }),
  };
}

function centre({ x, width }: Rect): number {
  return x + width / 2;
}

/** The middle of a device's row; of the title where the card has no such row. */
function rowY({ rows }: Card, { y }: Rect, device: string | undefined): number {
  const index = rows.findIndex(({ kind, name }) => kind === 'device' && name === device);
  return index < 0 ? y + TITLE / 2 : y + TITLE + index * LINE + LINE / 2;
}

const TAG_HEIGHT = 16;
/** Numbers stand near the beginning of an arrow, so that those of its answer do not cover them; further arrows have them further on. */
const TAG_AT = 0.3;
const TAG_STEP = 0.16;

function arrowMarkup({ kind, visits }: Arrow, { path, at }: Curve, nth: number, places: ReadonlyMap<string, string>): string {
  const text = visits.map(({ label }) => label).join(' ');
  const tip = visits.flatMap((visit) => [`${visit.label}: ${visit.kind} to ${placeLine(visit.at, places)}`, ...decidedIn(visit)]);
  const width = text.length * 7.3 + 10;
  const { x, y } = at(Math.min(0.6, TAG_AT + nth * TAG_STEP));
  return element(
    'g',
    {},
    [
      element('title', {}, escaped(tip.map((one) => printable(one)).join('; '))),
      element('path', { d: path, class: kind, 'marker-end': `url(#${kind}-head)` }),
      element('rect', {
        x: x - width / 2,
        y: y - TAG_HEIGHT / 2,
        width,
        height: TAG_HEIGHT,
        rx: 8,
        class: `tag ${kind}`,
        style: 'stroke-dasharray:none',
      }),
      line(text, x, y + 4, `${kind}-fill bold`, Number.POSITIVE_INFINITY, 'middle'),
    ].join(''),
  );
}
