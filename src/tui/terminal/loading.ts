import type { Frame } from '../panel/frame.ts';
import { framed } from '../text/frame.ts';
import { line, span } from '../text/span.ts';
import { type Theme, paint } from '../text/theme.ts';

/** What stands on the screen while a world is built. */
export function loadingFrame(file: string, about: string, { columns, rows }: { columns: number; rows: number }, theme: Theme): Frame {
  const lines = [line(span(file, 'strong')), line(`${about} …`), line(span('ctrl+c leaves', 'dim'))];
  const text = framed({ title: 'podwalk', lines }, { width: columns, height: rows, focused: true }).map((one) => paint(one, theme));
  return { columns, rows, lines: text };
}
