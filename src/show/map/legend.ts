import type { LegKind } from '../../trace/trace.ts';
import type { Sketch } from './sketch.ts';

/** The last row of a map: what is not drawn, and what the marks mean that are. */
export function drawFooter(sketch: Sketch, hidden: string): void {
  const { canvas } = sketch;
  const y = canvas.height - 1;
  const at = canvas.text(0, y, sketch.fit(hidden, canvas.width), 'title');
  const x = at === 0 ? 0 : at + 2;
  canvas.text(x, y, sketch.fit(legendOf(sketch), canvas.width - x), 'dim');
}

function legendOf({ glyphs, subject }: Sketch): string {
  const { visits, current } = subject;
  const first = new Map<LegKind, string>();
  for (const { kind, label, isCopy } of visits) if (!isCopy && !first.has(kind)) first.set(kind, label);
  const ends = new Set(visits.map(({ end }) => end));
  return [
    ...[...first].map(([kind, label]) => `${label} ${kind}`),
    ...(visits.some(({ isCopy }) => isCopy) ? ['c1 copy'] : []),
    ...(current === null ? [] : [`${glyphs.here} here`]),
    ...(ends.has('dropped') ? [`${glyphs.dropped} dropped`] : []),
    ...(ends.has('unknown') ? [`${glyphs.unknown} unknown`] : []),
    ...(ends.has('delivered') ? [`${glyphs.delivered} delivered`] : []),
  ].join('  ');
}
