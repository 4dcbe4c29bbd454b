import { ROOT } from '../../linux/netns.ts';
import { counted } from '../../wire/counted.ts';
import { drawFooter } from './legend.ts';
import { type Box, type Piece, type Sketch, lineStyle, piecesWidth } from './sketch.ts';
import { drawStages } from './stages.ts';
import { textWidth } from './text-width.ts';
import { addressOf, machineMap, subnetsOf } from './topology.ts';
import { type Visit, machineOf } from './visits.ts';

const MIN_BOX = 23;
const MAX_BOX = 44;
const GAP = 2;
const ARROW_ROWS = 2;
const BUS_ROWS = 4;
/** With so many rows, the bus also tells the stages of the hop that the reader is at. */
const ROOMY_ROWS = 15;
const STAGE_ROWS = 2;
const MIN_ROWS = 3;
/** Without a fabric, machines stand side by side and the arrows between them need room. */
const WIRE_GAP = 8;

/**
 * The whole World: the fabric as a bus, machines above it, hosts outside of it below. Machines that the walk touches come first, then as
 * many others as there is room for; the rest is a number.
 */
export function drawCluster(sketch: Sketch, focus: string | null): void {
  const { world, visits, current } = sketch.subject;
  const { width, height } = sketch.canvas;
  const touched = [...new Set(visits.map(({ at }) => machineOf(at)))].filter((name) => Object.hasOwn(world.machines, name));
  const wanted = focus !== null && Object.hasOwn(world.machines, focus) && !touched.includes(focus) ? [...touched, focus] : touched;
  const here = current === null ? (focus ?? wanted[0] ?? null) : machineOf(current.at);
  const gap = world.fabric === null ? WIRE_GAP : GAP;
  const columns = Math.max(1, Math.floor((width + gap) / (MIN_BOX + gap)));
  const rows = world.fabric === null ? 1 : 2;
  const shown = choose(sketch, wanted, here, columns, rows);
  const footer = height - 1;
  if (world.fabric === null)
    drawRow(
      sketch,
      shown.above,
      { x: 0, y: 0, width, height: Math.min(footer, Math.max(6, ...shown.above.map((name) => rowsOf(sketch, name)))) },
      gap,
      'top',
    );
  else drawAroundBus(sketch, shown, { x: 0, y: 0, width, height: footer });
  drawFooter(sketch, hiddenText(sketch, [...shown.above, ...shown.below]));
}

interface Shown {
  readonly above: readonly string[];
  readonly below: readonly string[];
}

/** Who is drawn, and where: hosts outside below the bus, the others above it, and below where that is full. */
function choose(sketch: Sketch, wanted: readonly string[], here: string | null, columns: number, rows: number): Shown {
  const { machines } = sketch.subject.world;
  const isOutside = (name: string): boolean => rows > 1 && (machines[name]?.kind === 'internet' || machines[name]?.kind === 'onprem');
  const inside = wanted.filter((name) => !isOutside(name));
  const outside = windowOf(wanted.filter(isOutside), here, columns);
  const above = windowOf(inside, here, columns);
  const spill =
    rows > 1
      ? windowOf(
          inside.filter((name) => !above.includes(name)),
          here,
          columns - outside.length,
        )
      : [];
  const more: string[] = [];
  for (const name in machines) {
    if (above.length + more.length >= columns) break;
    if (!wanted.includes(name) && !isOutside(name)) more.push(name);
  }
  return { above: [...above, ...more], below: [...outside, ...spill] };
}

/** At most `room` of the names in a row, with the one the reader is at. */
function windowOf(names: readonly string[], here: string | null, room: number): string[] {
  const at = Math.max(0, here === null ? 0 : names.indexOf(here));
  const start = Math.max(0, Math.min(at - Math.floor(room / 2), names.length - room));
  return names.slice(start, start + Math.max(0, room));
}

function drawAroundBus(sketch: Sketch, { above, below }: Shown, area: Box): void {
  const { current } = sketch.subject;
  const busRows = current !== null && machineOf(current.at) === 'fabric' && area.height >= ROOMY_ROWS ? BUS_ROWS + STAGE_ROWS : BUS_ROWS;
  const room = area.height - busRows - ARROW_ROWS - (below.length === 0 ? 0 : ARROW_ROWS);
  const needBelow = Math.max(0, ...below.map((name) => rowsOf(sketch, name)));
  const belowRows = Math.min(needBelow, Math.max(MIN_ROWS, Math.floor(room * 0.4)));
  const aboveRows = Math.min(Math.max(0, ...above.map((name) => rowsOf(sketch, name))), room - (below.length === 0 ? 0 : belowRows));
  const bus: Box = { x: 0, y: area.y + aboveRows + ARROW_ROWS, width: area.width, height: busRows };
  const upper = drawRow(sketch, above, { x: 0, y: area.y, width: area.width, height: aboveRows }, GAP, 'top');
  const lower = drawRow(sketch, below, { x: 0, y: bus.y + busRows + ARROW_ROWS, width: area.width, height: belowRows }, GAP, 'bottom');
  drawBus(sketch, bus);
  for (const { name, box } of upper) drawCrossings(sketch, name, box, bus, true);
  for (const { name, box } of lower) drawCrossings(sketch, name, box, bus, false);
}

/** Rows that a machine needs to show all its namespaces. */
function rowsOf({ subject: { world } }: Sketch, name: string): number {
  return Object.keys(world.machines[name]?.netns ?? {}).length + 2;
}

function drawBus(sketch: Sketch, bus: Box): void {
  const { world, visits, current } = sketch.subject;
  const { glyphs } = sketch;
  const isHere = current !== null && machineOf(current.at) === 'fabric';
  sketch.frame(bus, isHere ? `${glyphs.here} Azure fabric` : 'Azure fabric', isHere ? 'current' : 'frame', true);
  const inner = bus.width - 4;
  const subnets = world.fabric === null ? [] : subnetsOf(world.fabric).map(({ id, prefix }) => `${id} ${prefix}`);
  sketch.canvas.text(2, bus.y + 1, sketch.fit(sketch.name(subnets.join(', ')), inner), 'plain');
  const there = visits.filter(({ at }) => machineOf(at) === 'fabric');
  const way = isHere ? [wayOf(sketch, current)] : [];
  sketch.pieces(2, bus.y + 2, [...sketch.marks(there), ...way], inner);
  if (isHere) drawStages(sketch, current, { x: 2, y: bus.y + 3, width: inner, height: bus.height - 4 });
}

/** `  node-0-nic → node-1-nic`: by what a packet came and left. */
function wayOf(sketch: Sketch, { hop }: Visit): Piece {
  const { leadsTo } = sketch.glyphs;
  return { text: `  ${sketch.name(hop.in ?? '')} ${leadsTo} ${sketch.name(hop.out ?? '')}`.trimEnd(), style: 'plain' };
}

interface Placed {
  readonly name: string;
  readonly box: Box;
}

function drawRow(sketch: Sketch, names: readonly string[], area: Box, gap: number, row: 'top' | 'bottom'): Placed[] {
  const count = names.length;
  if (count === 0 || area.height < MIN_ROWS) return [];
  const width = Math.min(MAX_BOX, Math.floor((area.width - gap * (count - 1)) / count));
  const placed = names.map((name, index) => ({ name, box: { x: area.x + index * (width + gap), y: area.y, width, height: area.height } }));
  for (const one of placed) drawMachine(sketch, one.name, one.box, row);
  if (sketch.subject.world.fabric === null) drawWires(sketch, placed);
  return placed;
}

/** A machine with its namespaces: those that the walk was in, then others; the first namespace is nearest to the bus. */
function drawMachine(sketch: Sketch, name: string, box: Box, row: 'top' | 'bottom'): void {
  const { world, visits, current } = sketch.subject;
  const { glyphs } = sketch;
  const touched = new Set(visits.filter(({ at }) => machineOf(at) === name).map(({ at }) => at));
  const host = world.machines[name];
  const machine = machineMap(world, name, touched);
  if (host === undefined || machine === null) return;
  const isHere = current !== null && machineOf(current.at) === name;
  const address = addressOf(host);
  sketch.frame(box, sketch.machineTitle(name, address, box.width - 6), isHere ? 'current' : 'frame');
  const room = box.height - 2;
  const ats = machine.netns.filter((netns) => netns.name !== ROOT).map(({ at }) => at);
  const ordered = [...ats.filter((at) => touched.has(at)), ...ats.filter((at) => !touched.has(at))];
  const hasRoot = Object.hasOwn(host.netns, ROOT);
  const total = Object.keys(host.netns).length - (hasRoot ? 1 : 0);
  const fitting = total + (hasRoot ? 1 : 0) <= room ? total : Math.max(0, room - 1 - (hasRoot ? 1 : 0));
  const pods = ordered.slice(0, fitting);
  const lines: (string | { readonly more: number })[] = [...pods, ...(total > pods.length ? [{ more: total - pods.length }] : [])];
  const root = hasRoot ? [`${name}/${ROOT}`] : [];
  const all = row === 'top' ? [...lines, ...root] : [...root, ...lines];
  const start = row === 'top' ? box.y + 1 + room - Math.min(room, all.length) : box.y + 1;
  const kept = all.length <= room ? all : row === 'top' ? all.slice(all.length - room) : all.slice(0, room);
  kept.forEach((line, index) => {
    const y = start + index;
    if (typeof line !== 'string') {
      sketch.canvas.text(box.x + 2, y, sketch.fit(`+${line.more} more`, box.width - 4), 'dim');
      return;
    }
    const there = visits.filter(({ at }) => at === line);
    const marks = sketch.marks(there);
    const marksWidth = Math.min(piecesWidth(marks), box.width - 8);
    const isCurrent = current?.at === line;
    if (isCurrent) sketch.canvas.text(box.x + 1, y, glyphs.here, 'current');
    const nameRoom = box.width - 4 - (marksWidth === 0 ? 0 : marksWidth + 1);
    sketch.canvas.text(
      box.x + 2,
      y,
      sketch.fit(sketch.placeName(line), nameRoom),
      isCurrent ? 'current' : there.length > 0 ? 'plain' : 'dim',
    );
    sketch.pieces(box.x + box.width - 2 - marksWidth, y, marks, marksWidth);
  });
}

/** A packet that goes over from one place to the next: out of `visit.from`, into `visit`. */
interface Crossing {
  readonly visit: Visit;
  readonly isToBus: boolean;
}

function crossingsOf(sketch: Sketch, machine: string): Crossing[] {
  return sketch.subject.visits.flatMap((visit): Crossing[] => {
    const { from } = visit;
    if (from === null) return [];
    const before = machineOf(from.at);
    const after = machineOf(visit.at);
    if (before === machine && after === 'fabric') return [{ visit, isToBus: true }];
    if (before === 'fabric' && after === machine) return [{ visit, isToBus: false }];
    return [];
  });
}

/** The arrows between a machine and the bus, each with the number of the visit that it leads to. */
function drawCrossings(sketch: Sketch, machine: string, box: Box, bus: Box, isAbove: boolean): void {
  const { glyphs, canvas } = sketch;
  const crossings = crossingsOf(sketch, machine);
  const top = isAbove ? box.y + box.height : bus.y + bus.height;
  const step = Math.max(3, ...crossings.map(({ visit }) => textWidth(visit.label) + 2));
  const room = Math.max(1, Math.floor((box.width - 3) / step));
  const edge = isAbove ? box.y + box.height - 1 : box.y;
  if (crossings.length === 0) {
    if (isAbove) canvas.text(box.x + 2, edge, glyphs.teeDown, 'frame');
    for (let row = 0; row < ARROW_ROWS; row++) canvas.text(box.x + 2, top + row, glyphs.vertical, 'dim');
    return;
  }
  crossings.slice(0, room).forEach(({ visit, isToBus }, index) => {
    const x = box.x + 2 + index * step;
    const isDown = isToBus === isAbove;
    const style = sketch.styleOf(visit) === 'ahead' ? 'ahead' : lineStyle(visit);
    const isRequest = visit.kind === 'request' && !visit.isCopy;
    const line = isRequest ? glyphs.walkedUpright : glyphs.vertical;
    const head = isDown ? (isRequest ? glyphs.down : glyphs.hollowDown) : isRequest ? glyphs.up : glyphs.hollowUp;
    // Below the bus, the title stands where the arrows meet the frame.
    if (isAbove) canvas.text(x, edge, glyphs.teeDown, 'frame');
    canvas.text(x, top, isDown ? line : head, style);
    canvas.text(x, top + 1, isDown ? head : line, style);
    canvas.text(x + 1, isDown ? top : top + 1, visit.label, style);
  });
  if (crossings.length > room) canvas.text(box.x + 2 + room * step, top, glyphs.more, 'dim');
}

/** Without a fabric: arrows between machines that stand side by side. */
function drawWires(sketch: Sketch, placed: readonly Placed[]): void {
  const { visits } = sketch.subject;
  for (const [index, { name, box }] of placed.entries()) {
    const next = placed[index + 1];
    if (next === undefined) break;
    const between = visits.filter(({ from, at }) => {
      const ends = from === null ? [] : [machineOf(from.at), machineOf(at)];
      return ends.includes(name) && ends.includes(next.name);
    });
    between.slice(0, box.height - 2).forEach((visit, row) => {
      drawArrow(sketch, box.x + box.width, box.y + 1 + row, WIRE_GAP, visit, machineOf(visit.at) === next.name);
    });
  }
}

/** A horizontal arrow with a label: `━━►2━━`. */
function drawArrow(sketch: Sketch, x: number, y: number, length: number, visit: Visit, isRight: boolean): void {
  const { glyphs } = sketch;
  const style = sketch.styleOf(visit) === 'ahead' ? 'ahead' : lineStyle(visit);
  const isRequest = visit.kind === 'request' && !visit.isCopy;
  const line = isRequest ? glyphs.walked : glyphs.horizontal;
  const head = isRight ? (isRequest ? glyphs.right : glyphs.hollowRight) : isRequest ? glyphs.left : glyphs.hollowLeft;
  const text = isRight ? `${visit.label}${head}` : `${head}${visit.label}`;
  const rest = Math.max(0, length - textWidth(text));
  sketch.canvas.text(x, y, isRight ? line.repeat(rest) + text : text + line.repeat(rest), style);
}

/** What is not drawn, in numbers. */
function hiddenText(sketch: Sketch, shown: readonly string[]): string {
  const { machines } = sketch.subject.world;
  let nodes = 0;
  let others = 0;
  for (const name in machines) {
    if (shown.includes(name)) continue;
    if (machines[name]?.kind === 'node') nodes++;
    else others++;
  }
  return [...(nodes === 0 ? [] : [`+${counted(nodes, 'node')}`]), ...(others === 0 ? [] : [`+${counted(others, 'other machine')}`])].join(
    ', ',
  );
}
