import { farText } from './machine-view.ts';
import type { Sketch } from './sketch.ts';
import { drawStages } from './stages.ts';
import { textWidth } from './text-width.ts';
import { type MapDevice, type MapNetns, machineMap } from './topology.ts';
import { type Visit, machineOf } from './visits.ts';

/** Rows kept for the stages of the hop that the reader is at. */
const STAGE_ROWS = 5;
const MIN_ROWS = 3;

/** One namespace: every device with its address, its bridge and its other end, and the stages that the packet takes in it. */
export function drawNetnsView(sketch: Sketch, at: string): void {
  const { world, visits, current } = sketch.subject;
  const { canvas } = sketch;
  const { width, height } = canvas;
  const netns = machineMap(world, machineOf(at), new Set([at]))?.netns.find((one) => one.at === at);
  if (netns === undefined) return;
  const there = visits.filter((visit) => visit.at === at);
  const visit = current?.at === at ? current : null;
  const stageRows = visit === null ? 0 : Math.min(STAGE_ROWS, Math.floor(height / 3));
  const box = { x: 0, y: 0, width, height: Math.min(height - stageRows, Math.max(MIN_ROWS, netns.devices.length + 2)) };
  const title = `${sketch.placeName(at)}  ${sketch.name(at)}`;
  sketch.frame(box, title, visit === null ? 'frame' : 'current');
  drawDevices(sketch, netns, there, box.height - 2);
  if (visit !== null) drawHop(sketch, visit, box.height, height - box.height);
}

function drawDevices(sketch: Sketch, { at, devices }: MapNetns, there: readonly Visit[], rows: number): void {
  const { canvas, glyphs, subject } = sketch;
  const crossing = (name: string): Visit[] =>
    there.filter(({ hop }) => hop.in === name || hop.out === name || hop.through?.includes(name) === true);
  const lines = inTree(devices);
  const touched = lines.filter(({ device }) => crossing(device.name).length > 0);
  const ordered = lines.length <= rows ? lines : [...touched, ...lines.filter((line) => !touched.includes(line))];
  const shown = ordered.length <= rows ? ordered : ordered.slice(0, Math.max(0, rows - 1));
  const names = shown.map(({ device, port }) => {
    const branch = port === null ? '' : `${port === 'last' ? glyphs.corners[2] : glyphs.teeRight}${glyphs.horizontal} `;
    return branch + sketch.name(device.name);
  });
  const inner = canvas.width - 4;
  const nameWidth = Math.min(Math.max(8, ...names.map(textWidth)), Math.floor(inner / 3));
  const addressWidth = Math.min(18, Math.floor(inner / 4));
  shown.forEach(({ device }, index) => {
    const y = 1 + index;
    const visits = crossing(device.name);
    const isHere = subject.current !== null && visits.includes(subject.current);
    const style = isHere ? 'current' : visits.length > 0 ? 'plain' : 'dim';
    if (isHere) canvas.text(1, y, glyphs.here, 'current');
    canvas.text(2, y, sketch.fit(names[index] ?? '', nameWidth), style);
    canvas.text(3 + nameWidth, y, sketch.fit(addressText(sketch, device), addressWidth), style);
    const marks = sketch.marks(visits);
    const marksWidth = marks.reduce((sum, { text }) => sum + textWidth(text), 0);
    const from = 4 + nameWidth + addressWidth;
    const room = canvas.width - 3 - from - (marksWidth === 0 ? 0 : marksWidth + 1);
    canvas.text(from, y, sketch.fit(aboutText(sketch, device, at), room), style);
    sketch.pieces(Math.max(from, canvas.width - 2 - marksWidth), y, marks, marksWidth);
  });
  if (shown.length < lines.length) canvas.text(2, 1 + shown.length, `+${lines.length - shown.length} more devices`, 'dim');
}

interface Line {
  readonly device: MapDevice;
  /** Where it stands among the ports of a bridge; null for what is no port. */
  readonly port: 'inner' | 'last' | null;
}

/** Devices in order, the ports of a bridge under it. */
function inTree(devices: readonly MapDevice[]): Line[] {
  const bridges = new Set(devices.filter(({ type }) => type === 'bridge').map(({ name }) => name));
  return devices
    .filter(({ bridge }) => bridge === null || !bridges.has(bridge))
    .flatMap((device): Line[] => {
      const ports = bridges.has(device.name) ? devices.filter(({ bridge }) => bridge === device.name) : [];
      return [
        { device, port: null },
        ...ports.map((port, index): Line => ({ device: port, port: index === ports.length - 1 ? 'last' : 'inner' })),
      ];
    });
}

function addressText(sketch: Sketch, { addresses }: MapDevice): string {
  const [first, ...more] = addresses;
  return first === undefined ? '' : `${sketch.name(first)}${more.length === 0 ? '' : ` +${more.length}`}`;
}

function aboutText(sketch: Sketch, device: MapDevice, at: string): string {
  const far = farText(sketch, device, at);
  const parts = [
    device.isUp ? '' : 'down',
    `mtu ${device.mtuBytes}`,
    device.far === null && device.type !== 'veth' ? device.type : '',
    far === '' ? '' : `${sketch.glyphs.leadsTo} ${far}`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** By which devices the packet crosses, and the stages that it takes. */
function drawHop(sketch: Sketch, visit: Visit, y: number, rows: number): void {
  const { canvas, glyphs } = sketch;
  const { hop } = visit;
  const way = [hop.in, ...(hop.through ?? []), hop.out].filter((dev) => dev !== undefined).join(` ${glyphs.leadsTo} `);
  canvas.text(0, y, sketch.fit(`${visit.kind} ${visit.label}  ${sketch.name(way)}`, canvas.width), 'title');
  drawStages(sketch, visit, { x: 0, y: y + 1, width: canvas.width, height: rows - 1 });
}
