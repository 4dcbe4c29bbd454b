import type { MapStyle } from '../../show/map/canvas.ts';
import { ZOOMS, mapText } from '../../show/map/map-text.ts';
import { type Context, currentStep, walked } from '../state/context.ts';
import type { Content } from '../text/frame.ts';
import { type Tone, line, span } from '../text/span.ts';
import { tabTitle } from './tabs.ts';

const TONES: Readonly<Record<MapStyle, Tone>> = {
  plain: 'plain',
  frame: 'dim',
  title: 'strong',
  dim: 'dim',
  request: 'accent',
  reply: 'warn',
  other: 'plain',
  ahead: 'dim',
  current: 'strong',
  dropped: 'bad',
  delivered: 'good',
  unknown: 'warn',
};

/** The map with the walk on it, as far as the step under the cursor; its place is what a nearer view shows. */
export function mapPane(context: Context, width: number, height: number, ascii: boolean): Content {
  const { state, twin } = context;
  const { world } = twin.at(state.edits.done);
  const found = walked(context);
  const zoom = ZOOMS[state.map.zoom] ?? 'cluster';
  const options = { zoom, seq: currentStep(context)?.step.seq ?? null, widthColumns: width, heightRows: height, ascii };
  const lines = mapText(world, found.kind === 'trace' ? found.trace : null, options);
  return {
    title: tabTitle(context, width),
    lines: lines.map((pieces) => line(...pieces.map(({ text, style }) => span(text, TONES[style])))),
    foot: `${zoom}  enter nearer, backspace back`,
  };
}
