import type { Piece, Sketch } from './sketch.ts';
import { textWidth } from './text-width.ts';
import type { Visit } from './visits.ts';

/** The stages of one hop in order, the one that the reader is at in brackets. Returns how many rows they took. */
export function drawStages(sketch: Sketch, { hop }: Visit, area: { x: number; y: number; width: number; height: number }): number {
  const arrow = ` ${sketch.glyphs.leadsTo} `;
  const pieces = stagePieces(sketch, hop.steps);
  let x = 0;
  let row = 0;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    const width = textWidth(piece.text) + (isLast ? 0 : textWidth(arrow) - 1);
    if (x > 0 && x + width > area.width) {
      x = 0;
      row++;
    }
    if (row >= area.height) return area.height;
    sketch.pieces(area.x + x, area.y + row, [piece, { text: isLast ? '' : arrow, style: 'dim' }], area.width - x);
    x += textWidth(piece.text) + textWidth(arrow);
  }
  return pieces.length === 0 ? 0 : row + 1;
}

function stagePieces(sketch: Sketch, steps: Visit['hop']['steps']): Piece[] {
  const stages: { name: string; isHere: boolean; isDrop: boolean }[] = [];
  for (const { stage, seq, verb } of steps) {
    const isHere = seq === sketch.subject.seq;
    const isDrop = verb === 'DROPPED' || verb === 'REJECTED';
    const last = stages.at(-1);
    if (last?.name !== stage) stages.push({ name: stage, isHere, isDrop });
    else {
      last.isHere ||= isHere;
      last.isDrop ||= isDrop;
    }
  }
  return stages.map(({ name, isHere, isDrop }) => {
    const text = `${sketch.name(name.replace(/^azure:/, ''))}${isDrop ? sketch.glyphs.dropped : ''}`;
    return { text: isHere ? `[${text}]` : text, style: isHere ? 'current' : isDrop ? 'dropped' : 'plain' };
  });
}
