import type { Trace } from '../../trace/trace.ts';
import type { World } from '../../world/world.ts';
import type { MapLine } from './canvas.ts';
import { drawCluster } from './cluster-view.ts';
import { drawMachineView } from './machine-view.ts';
import { drawNetnsView } from './netns-view.ts';
import { Sketch } from './sketch.ts';
import { machineOf, visitOfStep, visitsOf } from './visits.ts';

/** How near the reader stands. */
export const ZOOMS = ['cluster', 'machine', 'netns'] as const;
export type Zoom = (typeof ZOOMS)[number];

export interface MapOptions {
  readonly zoom: Zoom;
  /** What to look at: a machine, or a place `MACHINE/NETNS`. Null: where the current step is, else where the walk begins. */
  readonly focus?: string | null;
  /** The step that the reader is at, by its `seq`. Null: the walk as a whole. */
  readonly seq?: number | null;
  readonly widthColumns: number;
  readonly heightRows: number;
  /** Only characters of ASCII. */
  readonly ascii?: boolean;
}

/** Larger maps than this are not drawn: no terminal has so many cells. */
const MAX_COLUMNS = 500;
const MAX_ROWS = 300;

/**
 * The map of a World with a walk on it, as lines of text with meanings: `heightRows` lines of `widthColumns` columns, without any escape
 * sequence or control character. Costs what is shown, not what the World holds.
 * @param trace the walk to draw; null draws the map alone
 */
export function mapText(world: World, trace: Trace | null, options: MapOptions): MapLine[] {
  const { zoom, focus = null, seq = null, ascii = false } = options;
  const width = Math.max(0, Math.min(MAX_COLUMNS, Math.floor(options.widthColumns)));
  const height = Math.max(0, Math.min(MAX_ROWS, Math.floor(options.heightRows)));
  const visits = trace === null ? [] : visitsOf(trace);
  const current = visitOfStep(visits, seq);
  const sketch = new Sketch({ world, visits, seq, current }, width, height, ascii);
  const place = focus ?? current?.at ?? visits[0]?.at ?? null;
  draw(sketch, zoom, place, focus);
  return sketch.canvas.lines();
}

function draw(sketch: Sketch, zoom: Zoom, place: string | null, focus: string | null): void {
  const { world, visits, current } = sketch.subject;
  // From inside the fabric there is no nearer view than that of everything.
  const inFabric = place !== null && machineOf(place) === 'fabric';
  const machine = place === null ? firstMachine(world) : place.includes('/') ? machineOf(place) : place;
  if (zoom === 'cluster' || inFabric || machine === null || !Object.hasOwn(world.machines, machine)) {
    drawCluster(sketch, focus === null ? null : (focus.split('/')[0] ?? null));
    return;
  }
  const visited = visits.find(({ at }) => machineOf(at) === machine)?.at;
  const at =
    place?.includes('/') === true
      ? place
      : current !== null && machineOf(current.at) === machine
        ? current.at
        : (visited ?? `${machine}/root`);
  if (zoom === 'machine') drawMachineView(sketch, machine, focus?.includes('/') === true ? focus : null);
  else drawNetnsView(sketch, at);
}

function firstMachine({ machines }: World): string | null {
  for (const name in machines) return name;
  return null;
}
