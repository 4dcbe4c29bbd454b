import type { Progress, Sliced } from '../../wire/sliced.ts';
import { framed } from '../text/frame.ts';
import { type Line, line, span } from '../text/span.ts';
import { type Theme, paint } from '../text/theme.ts';
import type { Canvas } from './canvas.ts';
import type { TerminalSession } from './session.ts';

/** What is shorter than this passes without a word. */
const SHOW_AFTER_MS = 250;
/** Work between two looks at the keyboard. */
const WORK_MS = 12;
const SHOW_MS = 80;

/** The screen while a source is read and its world is built: how far that is, and the way out. */
export class Loading {
  readonly #file: string;
  readonly #stdin: NodeJS.ReadStream;
  readonly #canvas: Canvas;
  readonly #terminal: TerminalSession;
  readonly #theme: Theme;
  readonly #startedMs = performance.now();
  /** The last of each kind of progress, in the order in which they came. */
  readonly #seen = new Map<string, Progress>();
  #isShown = false;
  #shownMs = 0;
  #hasLeft = false;
  #said = '';

  constructor(file: string, stdin: NodeJS.ReadStream, canvas: Canvas, terminal: TerminalSession, theme: Theme) {
    this.#file = file;
    this.#stdin = stdin;
    this.#canvas = canvas;
    this.#terminal = terminal;
    this.#theme = theme;
  }

  /** Shows the screen. */
  show(): void {
    if (!this.#isShown) {
      this.#isShown = true;
      this.#terminal.enter();
      this.#canvas.mute(false);
      this.#stdin.setRawMode(true);
      this.#stdin.on('readable', this.#typed);
    }
    this.#draw();
  }

  /** Does the work; keys act in between. @returns null when the user left before it was done */
  async finish<T>(work: Sliced<T>): Promise<T | null> {
    for (;;) {
      const startMs = performance.now();
      for (let isLate = false; !isLate;) {
        const slice = work.next();
        if (slice.done === true) return slice.value;
        this.#seen.set(slice.value.what, slice.value);
        isLate = performance.now() - startMs > WORK_MS;
      }
      const nowMs = performance.now();
      if (nowMs - (this.#isShown ? this.#shownMs + SHOW_MS : this.#startedMs + SHOW_AFTER_MS) > 0) this.show();
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#hasLeft) return null;
    }
  }

  /** Leaves the keyboard to whoever comes next. */
  end(): void {
    this.#stdin.off('readable', this.#typed);
    this.#stdin.unref();
  }

  readonly #typed = (): void => {
    for (let input = this.#read(); input !== null; input = this.#read()) this.#key(input);
  };

  #read(): string | null {
    const input: unknown = this.#stdin.read();
    return typeof input === 'string' ? input : input instanceof Uint8Array ? new TextDecoder().decode(input) : null;
  }

  #key(input: string): void {
    switch (input) {
      case 'q':
      case 'Q':
      case '\u001b':
      case '\u0003':
        this.#hasLeft = true;
        return;
      case '\u001a':
        this.#canvas.mute(true);
        this.#terminal.suspend(() => {
          this.#canvas.mute(false);
          this.redraw();
        });
        return;
      case '\u000c':
        this.redraw();
        return;
      default:
        this.#said = 'the world is not built yet: keys other than these wait for it';
        this.#draw();
    }
  }

  /** Draws everything, whatever the terminal shows. */
  redraw(): void {
    if (!this.#isShown) return;
    this.#canvas.clear();
    this.#draw();
  }

  #draw(): void {
    this.#shownMs = performance.now();
    const { columns, rows } = this.#canvas;
    const lines = [
      line(span(this.#file, 'strong')),
      ...this.#progressLines(columns - 2),
      line(span('q or esc leaves, ^z suspends', 'dim')),
    ];
    if (this.#said !== '') lines.push(line(span(this.#said, 'warn')));
    const screen = framed({ title: 'podwalk', lines }, { width: columns, height: rows, focused: true });
    this.#canvas.write(screen.map((one) => paint(one, this.#theme)).join('\n'));
  }

  #progressLines(width: number): Line[] {
    const seen = [...this.#seen.values()];
    if (seen.length === 0) return [line('reading it …')];
    return seen.map((progress, index) => (index < seen.length - 1 ? doneLine(progress) : nowLine(progress, width)));
  }
}

const NAME_WIDTH = 17;

function doneLine({ what, of }: Progress): Line {
  return line(span('✔ ', 'good'), what.padEnd(NAME_WIDTH), String(of).padStart(8));
}

/** The bar says nothing that the numbers do not say. */
function nowLine({ what, done, of }: Progress, width: number): Line {
  const room = Math.max(0, Math.min(40, width - NAME_WIDTH - 30));
  const full = of === 0 ? 0 : Math.floor((done / of) * room);
  const bar = span('█'.repeat(full), 'accent');
  return line('  ', what.padEnd(NAME_WIDTH), `${done}`.padStart(8), ` of ${of}`.padEnd(12), bar, span('·'.repeat(room - full), 'dim'));
}
