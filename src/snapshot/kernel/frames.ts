import { force } from '../../trace/recorder.ts';
import type { TwinRun } from './twin-run.ts';
import { type HopRow, headerText, truthHopRows, twinHeader, twinHopRows } from './rows.ts';
import type { TruthProbe } from './truth.ts';

/**
 * The way of a packet as the kernel is understood to have led it. Taps show frames, and not which of several copies a frame came of:
 * where the twin sends and receives exactly what was seen, copies included, its own account of who sent what is as good as any.
 */
export function kernelHopRows(truth: TruthProbe, run: TwinRun, kind: 'request' | 'reply'): HopRow[] {
  const seen = truthFrames(truth, kind);
  if (seen !== null && String(seen) === String(twinFrames(run, kind))) return twinHopRows(run.trace, kind);
  return truthHopRows(kind === 'request' ? truth.hops : truth.replyHops);
}

/** What each device received and sent, in its order: in which order devices do is not told by when a frame was stamped. */
function truthFrames({ frames }: TruthProbe, kind: 'request' | 'reply'): string[] | null {
  const all = frames?.[kind] ?? null;
  return all === null ? null : byPlace(all.map(({ ns, dev, out, header }) => [placeOf(ns, dev, out), headerText(header)]));
}

function twinFrames({ frames }: TwinRun, kind: 'request' | 'reply'): string[] {
  const own = frames.filter((frame) => frame.kind === kind);
  return byPlace(own.map(({ at, dev, out, header }) => [placeOf(at, dev, out), twinHeader(force(header)) ?? '']));
}

function placeOf(ns: string, dev: string, out: boolean): string {
  return `${ns}/${dev} ${out ? 'sends' : 'receives'}`;
}

/** Of one place, frames keep their order. */
function byPlace(frames: readonly (readonly [place: string, header: string])[]): string[] {
  return frames.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map((frame) => frame.join(' '));
}
