import { ROOT } from '../../linux/netns.ts';
import { counted } from '../../wire/counted.ts';
import { drawFooter } from './legend.ts';
import { type Box, type Piece, type Sketch, lineStyle, piecesWidth } from './sketch.ts';
import { textWidth } from './text-width.ts';
import { type MapDevice, type MapMachine, type MapNetns, addressOf, machineMap } from './topology.ts';
import { type Visit, machineOf } from './visits.ts';

/** One machine: its pods and further namespaces at the left, its first namespace with bridges in the middle, what it leads to at the right. */
export function drawMachineView(sketch: Sketch, name: string, focus: string | null): void {
  const { world, visits, current } = sketch.subject;
  const { width, height } = sketch.canvas;
  const touched = new Set(visits.filter(({ at }) => machineOf(at) === name).map(({ at }) => at));
  if (focus !== null) touched.add(focus);
  const machine = machineMap(world, name, touched);
  const host = world.machines[name];
  if (machine === null || host === undefined) return;
  const address = addressOf(host);
  sketch.canvas.text(0, 0, sketch.fit(`${sketch.name(name)}  ${host.kind}${address === null ? '' : `  ${address}`}`, width), 'title');
  const root = centreOf(machine, focus ?? current?.at ?? null);
  if (root === null) return;
  const ends = arrange(machine, root, touched, height - 2);
  const leading = leadingOf(root, ends);
  const bottom = Math.max(...ends.map(({ y, frame }) => y + (frame === null ? 0 : 1)), leading.length * LEADING_ROWS + 1, MIN_ROOT_ROWS);
  const rows = Math.min(height - 2, bottom + 1);
  const hidden = Object.keys(host.netns).length - 1 - new Set(ends.map(({ netns }) => netns.at)).size;
  const layout = columnsFor(width, ends.length > 0);
  drawRoot(sketch, root, ends, leading, { ...layout.root, y: 1, height: rows });
  for (const end of ends) drawEnd(sketch, end, layout.left, layout.root.x);
  drawFooter(sketch, hidden > 0 ? `+${counted(hidden, 'namespace')}` : '');
}

/** The first namespace; where there is none, the one that the reader is at if it joins others, else the one that joins most. */
function centreOf({ netns }: MapMachine, here: string | null): MapNetns | null {
  const joined = ({ devices }: MapNetns): number => devices.filter(({ far }) => far !== null).length;
  const first = netns.find(({ name }) => name === ROOT);
  const current = netns.find(({ at }) => at === here);
  if (first !== undefined) return first;
  if (current !== undefined && joined(current) > 1) return current;
  return netns.toSorted((a, b) => joined(b) - joined(a))[0] ?? null;
}

interface Columns {
  readonly left: { readonly x: number; readonly width: number };
  readonly root: { readonly x: number; readonly width: number };
}

const ARROWS = 10;
/** The way of a device that leads away, its name, its address, and a blank. */
const LEADING_ROWS = 3;
const MIN_ROOT_ROWS = 4;

function columnsFor(width: number, hasLeft: boolean): Columns {
  const right = Math.min(24, Math.max(14, Math.floor(width * 0.18)));
  const left = hasLeft ? Math.min(56, Math.max(16, Math.floor(width * 0.29))) : 0;
  const arrows = hasLeft ? Math.min(18, ARROWS + Math.floor(width / 40)) : 0;
  return { left: { x: 0, width: left }, root: { x: left + arrows, width: Math.min(72, width - left - arrows - right) } };
}

/** A device of a namespace with its row on the drawing. */
interface End {
  readonly netns: MapNetns;
  readonly device: MapDevice;
  /** The device at its other end in the first namespace; null where it leads elsewhere. */
  readonly peer: MapDevice | null;
  readonly y: number;
  /** The frame around its namespace, drawn with the first device; null for one that the walk never was in. */
  readonly frame: { readonly y: number; readonly height: number } | null;
}

/** Namespaces from top to bottom: those of one bridge together, and where the walk was first. Those that it was in have a frame. */
function arrange(machine: MapMachine, root: MapNetns, touched: ReadonlySet<string>, rows: number): End[] {
  const peers = new Map(root.devices.map((device) => [device.name, device]));
  const peerOf = ({ far }: MapDevice): MapDevice | null =>
    far?.kind === 'device' && far.at === root.at ? (peers.get(far.dev) ?? null) : null;
  const bridgeOf = ({ devices }: MapNetns): string =>
    devices.map((device) => peerOf(device)?.bridge ?? '').find((name) => name !== '') ?? '';
  const others = machine.netns.filter(({ at }) => at !== root.at);
  const first = others.find(({ at }) => touched.has(at));
  const rank = (netns: MapNetns): number =>
    (touched.has(netns.at) ? 0 : 1) +
    (first !== undefined && bridgeOf(netns) === bridgeOf(first) ? 0 : 2) +
    (netns.devices.some((device) => peerOf(device) !== null) ? 0 : 4);
  const ordered = others.toSorted((a, b) => rank(a) - rank(b));
  const ends: End[] = [];
  const [top] = ordered;
  // A frame begins beside that of the first namespace; a bare line, one row below.
  let y = top === undefined || touched.has(top.at) ? 1 : 2;
  for (const netns of ordered) {
    const devices = netns.devices.length === 0 ? [NO_DEVICE] : netns.devices.slice(0, 4);
    const isFramed = touched.has(netns.at);
    const height = devices.length + (isFramed ? 2 : 0);
    // The last row belongs to the frame around the first namespace.
    if (y + height - (isFramed ? 1 : 0) > rows) break;
    const frame = isFramed ? { y, height } : null;
    devices.forEach((device, index) => {
      ends.push({ netns, device, peer: peerOf(device), y: y + index + (isFramed ? 1 : 0), frame: index === 0 ? frame : null });
    });
    y += height;
  }
  return ends;
}

const NO_DEVICE: MapDevice = { name: '', type: 'unknown', addresses: [], mtuBytes: 0, isUp: true, bridge: null, far: null };

function drawEnd(sketch: Sketch, { netns, device, peer, y, frame }: End, left: Columns['left'], rootX: number): void {
  const { canvas, glyphs, subject } = sketch;
  const there = subject.visits.filter(({ at }) => at === netns.at);
  const isHere = subject.current?.at === netns.at;
  const edge = left.x + left.width - 1;
  if (frame !== null) {
    const style = isHere ? 'current' : 'frame';
    sketch.frame({ x: left.x, y: frame.y, width: left.width, height: frame.height }, '', style);
    drawTitle(sketch, sketch.placeName(netns.at), there, isHere, { x: left.x, ...frame, width: left.width });
  }
  const isFramed = there.length > 0 || frame !== null;
  const name = sketch.placeName(netns.at);
  const whole = `${name}  ${deviceText(sketch, device)}`;
  const text = isFramed ? deviceText(sketch, device) : textWidth(whole) <= left.width - 4 ? whole : name;
  canvas.text(left.x + 2, y, sketch.fit(text, left.width - 4), isFramed ? 'plain' : 'dim');
  if (device.name === '') return;
  if (isFramed && device.far !== null) canvas.text(edge, y, glyphs.teeRight, isHere ? 'current' : 'frame');
  const from = isFramed ? edge + 1 : edge;
  if (device.far === null) return;
  if (peer === null) {
    canvas.text(from, y, sketch.fit(`${glyphs.horizontal}${glyphs.leadsTo} ${farText(sketch, device, netns.at)}`, rootX - from), 'dim');
    return;
  }
  const crossings = subject.visits.filter(({ at, from: before, hop }) =>
    before?.at === netns.at
      ? machineOf(at) === machineOf(netns.at) && before.hop.out === device.name
      : at === netns.at && before !== null && hop.in === device.name,
  );
  drawWay(sketch, from, y, rootX - from, crossings, (visit) => visit.at !== netns.at);
}

/** The name of a namespace in the top of its frame, and the marks of the packets that were there in the bottom. */
function drawTitle(sketch: Sketch, name: string, there: readonly Visit[], isHere: boolean, { x, y, width, height }: Box): void {
  const { canvas, glyphs } = sketch;
  const title = isHere ? `${glyphs.here} ${name}` : name;
  canvas.text(x + 2, y, ` ${sketch.fit(title, width - 6)} `, isHere ? 'current' : 'title');
  if (there.length === 0) return;
  const marks = sketch.marks(there);
  const room = Math.min(piecesWidth(marks), width - 6);
  const from = x + width - room - 3;
  canvas.text(from - 1, y + height - 1, ' ');
  canvas.text(sketch.pieces(from, y + height - 1, marks, room), y + height - 1, ' ');
}

/** A line with the packets that went along it: `━2►─◁r4─`. */
function drawWay(
  sketch: Sketch,
  x: number,
  y: number,
  length: number,
  crossings: readonly Visit[],
  isRight: (visit: Visit) => boolean,
): void {
  const { glyphs, canvas } = sketch;
  const pieces: Piece[] = crossings.map((visit) => {
    const isRequest = visit.kind === 'request' && !visit.isCopy;
    const style = sketch.styleOf(visit) === 'ahead' ? 'ahead' : lineStyle(visit);
    const text = isRight(visit)
      ? `${visit.label}${isRequest ? glyphs.right : glyphs.hollowRight}`
      : `${isRequest ? glyphs.left : glyphs.hollowLeft}${visit.label}`;
    return { text: `${isRequest ? glyphs.walked : glyphs.horizontal}${text}`, style };
  });
  canvas.text(x, y, glyphs.horizontal.repeat(Math.max(0, length)), pieces.length === 0 ? 'dim' : 'frame');
  sketch.pieces(x, y, pieces, length);
}

function deviceText(sketch: Sketch, { name, addresses, isUp }: MapDevice): string {
  return sketch.name([name, ...addresses.slice(0, 1), ...(isUp ? [] : ['(down)'])].join(' '));
}

/** What a device of a namespace leads to. */
export function farText(sketch: Sketch, { far }: MapDevice, at: string): string {
  switch (far?.kind) {
    case 'nic':
      return sketch.name(far.nic);
    case 'external':
      return sketch.name(far.host);
    case 'device': {
      const machine = machineOf(far.at);
      return `${machine === machineOf(at) ? '' : `${sketch.name(machine)} `}${sketch.placeName(far.at)} ${sketch.name(far.dev)}`;
    }
    case 'out':
      return 'out of the model';
    case undefined:
      return '';
  }
}

/** The first namespace: ends of veths at its left edge, bridges that join them, and at its right edge what leads away. */
function drawRoot(sketch: Sketch, root: MapNetns, ends: readonly End[], leading: readonly MapDevice[], box: Box): void {
  const { canvas, glyphs, subject } = sketch;
  const isHere = subject.current?.at === root.at;
  const style = isHere ? 'current' : 'frame';
  sketch.frame(box, '', style);
  const there = subject.visits.filter(({ at }) => at === root.at);
  drawTitle(sketch, root.name, there, isHere, box);
  const rightmost = Math.max(4, ...[...leading, ...root.devices.filter(({ type }) => type === 'bridge')].map(({ name }) => name.length));
  const half = Math.min(Math.max(0, ...ends.map(({ peer }) => peer?.name.length ?? -2)) + 2, Math.max(6, box.width - 6 - rightmost));
  for (const { peer, y } of ends) {
    if (peer === null) continue;
    canvas.text(box.x, y, glyphs.teeLeft, style);
    canvas.text(box.x + 2, y, sketch.fit(sketch.name(peer.name), half - 2), deviceStyle(sketch, root.at, peer.name));
  }
  const taken = drawBridges(sketch, root, ends, box.x + 2 + half, box);
  drawLeading(sketch, root, leading, taken, box);
}

/** Bridges with their ports: a bracket behind the ports, and the name where it points. Returns the rows that names take. */
function drawBridges(sketch: Sketch, root: MapNetns, ends: readonly End[], joint: number, box: Box): Set<number> {
  const { canvas, glyphs } = sketch;
  const taken = new Set<number>();
  const bridges = root.devices.filter(({ type }) => type === 'bridge');
  for (const bridge of bridges) {
    const rows = ends.filter(({ peer }) => peer?.bridge === bridge.name).map(({ y }) => y);
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined) continue;
    const [, topRight, , bottomRight] = glyphs.corners;
    for (let y = first; y <= last; y++) canvas.text(joint, y, rows.includes(y) ? glyphs.teeLeft : glyphs.vertical, 'frame');
    canvas.text(joint, first, first === last ? glyphs.horizontal : topRight, 'frame');
    if (first !== last) canvas.text(joint, last, bottomRight, 'frame');
    for (const y of rows) canvas.text(joint - 1, y, glyphs.horizontal, 'frame');
    const middle = Math.floor((first + last) / 2);
    if (middle === first && first !== last) canvas.text(joint, middle, glyphs.teeDown, 'frame');
    if (middle > first && middle < last) canvas.text(joint, middle, rows.includes(middle) ? glyphs.cross : glyphs.teeRight, 'frame');
    canvas.text(joint + 1, middle, glyphs.horizontal, 'frame');
    const style = deviceStyle(sketch, root.at, bridge.name);
    const room = box.x + box.width - joint - 4;
    const whole = deviceText(sketch, bridge);
    const isWhole = textWidth(whole) <= room;
    canvas.text(joint + 3, middle, sketch.fit(isWhole ? whole : sketch.name(bridge.name), room), style);
    taken.add(middle);
  }
  return taken;
}

/** What else the first namespace holds besides the ends of what is drawn at the left and the bridges that join them. */
function leadingOf(root: MapNetns, ends: readonly End[]): MapDevice[] {
  const drawn = new Set(ends.flatMap(({ peer }) => (peer === null ? [] : [peer.name, ...(peer.bridge === null ? [] : [peer.bridge])])));
  const isInside = ({ type, far }: MapDevice): boolean =>
    type === 'veth' && far?.kind === 'device' && far.at !== root.at && machineOf(far.at) === machineOf(root.at);
  return root.devices.filter((device) => !drawn.has(device.name) && !isInside(device));
}

/** From the top down, at the right edge: devices that lead away have a way out of the frame, and behind it where it leads to. */
function drawLeading(sketch: Sketch, root: MapNetns, leading: readonly MapDevice[], taken: ReadonlySet<number>, box: Box): void {
  const { canvas, glyphs, subject } = sketch;
  const edge = box.x + box.width - 1;
  const room = canvas.width - edge - 2;
  const last = box.y + box.height - 2;
  let y = box.y + 1;
  for (const device of leading) {
    while (taken.has(y)) y++;
    if (y > last) return;
    const name = sketch.fit(sketch.name(device.name), box.width - 4);
    canvas.text(edge - 1 - textWidth(name), y, name, deviceStyle(sketch, root.at, device.name));
    const lines = device.far === null ? [] : [farText(sketch, device, root.at)];
    lines.push(...device.addresses.slice(0, 1));
    if (device.far !== null) {
      canvas.text(edge, y, glyphs.teeRight, subject.current?.at === root.at ? 'current' : 'frame');
      drawWay(sketch, edge + 1, y, room + 1, crossingsOf(sketch, root.at, device.name), (visit) => visit.at !== root.at);
    }
    lines.forEach((line, index) => {
      if (y + 1 + index <= last) canvas.text(edge + 2, y + 1 + index, sketch.fit(sketch.name(line), room), 'plain');
    });
    y += LEADING_ROWS;
  }
}

/** Packets that left a namespace by a device for another machine, or came in by it from there. */
function crossingsOf({ subject: { visits } }: Sketch, place: string, device: string): Visit[] {
  return visits.filter(({ from, at, hop }) => {
    if (from === null) return false;
    return (from.at === place && at !== place && from.hop.out === device) || (at === place && from.at !== place && hop.in === device);
  });
}

/** Devices that the current packet crosses here stand out; those that no packet met stand back. */
function deviceStyle(sketch: Sketch, at: string, device: string): 'current' | 'plain' | 'dim' {
  const { current, visits } = sketch.subject;
  const crosses = ({ hop }: Visit): boolean => hop.in === device || hop.out === device || hop.through?.includes(device) === true;
  if (current?.at === at && crosses(current)) return 'current';
  return visits.some((visit) => visit.at === at && crosses(visit)) ? 'plain' : 'dim';
}
