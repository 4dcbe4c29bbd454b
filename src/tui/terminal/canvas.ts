import { EventEmitter } from 'node:events';
import { cellsOf } from '../text/cells.ts';

const ESC = '\u001b[';
/** @source synchronized output, mode 2026: a terminal that knows it shows what is between in one go; others ignore it */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;
// oxlint-disable-next-line no-control-regex -- the colours that a line carries take no room
const SGR = /\u001b\[[\d;]*m/g;

/** What a canvas draws on. */
export interface Surface {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/**
 * The output that ink draws to: it takes whole frames and writes the lines that changed, each at its place. Nothing scrolls, nothing is
 * erased that is written again, and whatever else wrote to the terminal is gone after {@link Canvas.forget}.
 */
export class Canvas extends EventEmitter {
  readonly isTTY = true;
  readonly #surface: Surface;
  #shown: readonly string[] = [];
  #muted = true;

  constructor(surface: Surface) {
    super();
    this.#surface = surface;
  }

  get columns(): number {
    return this.#surface.columns;
  }

  get rows(): number {
    return this.#surface.rows;
  }

  /** Frames are shown, or only taken note of. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  /** The next frame is written whole. */
  forget(): void {
    this.#shown = [];
  }

  /** Empties the screen; the next frame is written whole. */
  clear(): void {
    this.forget();
    if (!this.#muted) this.#surface.write(`${ESC}2J`);
  }

  /** The last frame, line by line. */
  get frame(): readonly string[] {
    return this.#shown;
  }

  write(frame: string): boolean {
    if (frame === '' || this.#muted) return true;
    const lines = frame.split('\n').slice(0, this.rows);
    let out = '';
    for (const [row, text] of lines.entries()) {
      if (text === this.#shown[row]) continue;
      const isFull = cellsOf(text.replaceAll(SGR, '')) >= this.columns;
      // Behind a full line the cursor stands on its last column, where erasing would take a character away.
      out += `${ESC}${row + 1};1H${text}${ESC}0m${isFull ? '' : `${ESC}K`}`;
    }
    for (let row = lines.length; row < this.#shown.length; row++) out += `${ESC}${row + 1};1H${ESC}2K`;
    this.#shown = lines;
    if (out !== '') this.#surface.write(BEGIN + out + END);
    return true;
  }
}
