import type { Context } from '../state/context.ts';
import type { Content } from '../text/frame.ts';
import { line, span } from '../text/span.ts';

/** The map with the walk on it. */
export function mapPane(_context: Context, _width: number, _height: number): Content {
  return { title: 'map', lines: [line(span('no map yet', 'dim'))] };
}
