import { type Instance, render } from 'ink';
import { App } from './app.tsx';
import type { Key } from './keys/key.ts';
import { frameOf, type Frame } from './panel/frame.ts';
import { type Event, reduce } from './state/reduce.ts';
import { type Effect, type State, initialState } from './state/state.ts';
import { settled } from './state/timeline.ts';
import { Canvas } from './terminal/canvas.ts';
import { copySequence } from './terminal/clipboard.ts';
import { type Result, exportWalk, saveEdits, walkAs } from './terminal/exports.ts';
import { Loading } from './terminal/loading.ts';
import { TerminalSession } from './terminal/session.ts';
import { type Theme, themeFor } from './text/theme.ts';
import { firstRequest } from './twin/first-request.ts';
import { type RequestProblem, probeOf } from '../scenario/probe.ts';
import { type Request, probeRequest } from './twin/request.ts';
import type { Source } from './twin/source.ts';
import type { Sliced } from '../wire/sliced.ts';
import { Twin } from './twin/twin.ts';

export interface TuiOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly colour: boolean;
  readonly ascii: boolean;
  readonly insideTmux: boolean;
  /** What is opened, as the user named it. */
  readonly file: string;
  /** Reading it takes a while: something is shown before. */
  readonly isLong: boolean;
  /** @throws SourceError and the like: what is wrong with the source */
  readonly open: () => Promise<Sliced<Source>>;
  /** What the user asked for on the command line; the rest is chosen. */
  readonly request: Partial<Request>;
}

/**
 * Runs the tracer in a terminal until the user leaves.
 * @returns what is wrong with what the command line asks for: then there was no tracer
 * @throws what `open` throws, with the terminal as it was
 */
export async function runTui(options: TuiOptions): Promise<RequestProblem | null> {
  const terminal = new TerminalSession(options.stdin, options.stdout);
  const theme = themeFor(options);
  try {
    const source = await loaded(options, terminal, theme);
    if (source === null) return null;
    const twin = new Twin(source);
    const request = { ...firstRequest(twin), ...options.request };
    const problem = askedWrongly(request, options.request, twin);
    if (problem === null) await new Tracer(options, terminal, theme, twin, request).run();
    return problem;
  } finally {
    terminal.leave();
  }
}

/** What is wrong with an end of the walk that the user named; what was chosen is not theirs to mend. */
function askedWrongly(request: Request, asked: Partial<Request>, twin: Twin): RequestProblem | null {
  const probe = probeOf(probeRequest(request), twin.source.world);
  if (!('field' in probe)) return null;
  const field = probe.field === 'to' ? 'to' : 'from';
  return asked[field] === undefined ? null : { ...probe, field };
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): State['size'] {
  return { columns: Math.max(1, columns), rows: Math.max(1, rows) };
}

/** Reads and builds the source. @returns null when the user left meanwhile */
async function loaded({ file, stdin, stdout, isLong, open }: TuiOptions, terminal: TerminalSession, theme: Theme): Promise<Source | null> {
  const loading = new Loading(file, stdin, new Canvas(stdout), terminal, theme);
  const resized = (): void => loading.redraw();
  stdout.on('resize', resized);
  process.on('SIGCONT', resized);
  try {
    if (isLong) loading.show();
    return await loading.finish(await open());
  } finally {
    loading.end();
    stdout.off('resize', resized);
    process.off('SIGCONT', resized);
  }
}

const PLAY_MS = 600;
/** Work between two looks at the keyboard. */
const WORK_MS = 8;
/** Verdicts that come in one by one are shown together. */
const SHOW_WORK_MS = 90;

/** The loop: an event changes the state, the state is drawn once, what the picture still lacks is worked out in between. */
class Tracer {
  readonly #options: TuiOptions;
  readonly #terminal: TerminalSession;
  readonly #theme: Theme;
  readonly #twin: Twin;
  readonly #canvas: Canvas;
  #state: State;
  #ink: Instance | null = null;
  #drawing = false;
  #working = false;
  #player: NodeJS.Timeout | null = null;
  #finish: (keepScreen: boolean) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(options: TuiOptions, terminal: TerminalSession, theme: Theme, twin: Twin, request: Request) {
    this.#options = options;
    this.#terminal = terminal;
    this.#theme = theme;
    this.#twin = twin;
    this.#canvas = new Canvas(options.stdout);
    const state = initialState(request, sizeOf(options.stdout));
    this.#state = settled({ state, twin: this.#twin });
    const [note] = twin.source.notes;
    if (note !== undefined) this.#state = { ...this.#state, status: { tone: 'said', text: note } };
  }

  async run(): Promise<void> {
    const { stdin, stdout } = this.#options;
    const ended = new Promise<boolean>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#terminal.enter();
    // Ink does so too, but only after the first frame: a key that was pressed by then would go to the line editor.
    stdin.setRawMode(true);
    this.#canvas.mute(false);
    const resized = (): void => {
      this.#canvas.clear();
      this.#dispatch({ kind: 'resize', ...sizeOf(stdout) });
    };
    const continued = (): void => this.#redraw();
    const crashed = (error: unknown): void => this.#fail(error);
    stdout.on('resize', resized);
    process.on('SIGCONT', continued);
    process.once('uncaughtException', crashed);
    try {
      this.#ink = render(this.#app(this.#frame()), {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- ink writes frames and asks for the size, nothing else
        stdout: this.#canvas as unknown as NodeJS.WriteStream,
        stdin,
        // Whole frames, one for each render: the canvas itself writes what changed.
        debug: true,
        exitOnCtrlC: false,
        patchConsole: false,
      });
      this.#workLater();
      const keepScreen = await ended;
      const kept = this.#canvas.frame;
      this.#close();
      if (keepScreen) stdout.write(`${kept.join('\u001b[0m\n')}\u001b[0m\n`);
    } finally {
      this.#close();
      stdout.off('resize', resized);
      process.off('SIGCONT', continued);
      process.off('uncaughtException', crashed);
    }
  }

  #close(): void {
    this.#canvas.mute(true);
    if (this.#player !== null) clearInterval(this.#player);
    this.#player = null;
    this.#ink?.unmount();
    this.#ink = null;
    this.#terminal.leave();
  }

  #app(frame: Frame): React.ReactElement {
    return <App frame={frame} onKey={(key: Key) => this.#dispatch({ kind: 'key', key })} />;
  }

  #frame(): Frame {
    return frameOf({ state: this.#state, twin: this.#twin }, this.#theme);
  }

  #dispatch(event: Event): void {
    this.#state = reduce(this.#state, event, this.#twin);
    for (const effect of this.#state.effects) this.#effect(effect);
    this.#playOrPause();
    this.#drawSoon();
  }

  /** However many keys come at once, they are drawn once. */
  #drawSoon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    setImmediate(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw(): void {
    if (this.#ink === null) return;
    this.#ink.rerender(this.#app(this.#frame()));
    this.#workLater();
  }

  #redraw(): void {
    this.#canvas.clear();
    // Ink draws what changed; an empty frame in between makes that everything.
    this.#ink?.rerender(this.#app({ columns: 1, rows: 1, lines: [] }));
    this.#canvas.forget();
    this.#drawSoon();
  }

  /** Works out what the picture lacks, a little at a time, so that keys are never kept waiting. */
  #workLater(): void {
    if (this.#working) return;
    this.#working = true;
    let sinceShown = performance.now();
    let isNews = false;
    const turn = (): void => {
      const start = performance.now();
      const did = this.#twin.work(() => performance.now() - start > WORK_MS);
      isNews ||= did;
      const isDue = isNews && (!did || performance.now() - sinceShown > SHOW_WORK_MS);
      if (isDue && !this.#drawing && this.#ink !== null) {
        this.#ink.rerender(this.#app(this.#frame()));
        sinceShown = performance.now();
        isNews = false;
      }
      if ((did || isDue) && this.#ink !== null) setImmediate(turn);
      else this.#working = false;
    };
    setImmediate(turn);
  }

  #playOrPause(): void {
    const { playing } = this.#state.walk;
    if (playing && this.#player === null) this.#player = setInterval(() => this.#dispatch({ kind: 'tick' }), PLAY_MS);
    if (!playing && this.#player !== null) {
      clearInterval(this.#player);
      this.#player = null;
    }
  }

  #effect(effect: Effect): void {
    const context = { state: this.#state, twin: this.#twin };
    switch (effect.kind) {
      case 'quit':
        // What stays is not the question whether to leave.
        if (effect.keepScreen) this.#draw();
        return this.#finish(effect.keepScreen);
      case 'suspend':
        this.#canvas.mute(true);
        return this.#terminal.suspend(() => {
          this.#canvas.mute(false);
          this.#redraw();
        });
      case 'redraw':
        return this.#redraw();
      case 'save':
        return this.#done(saveEdits(context, effect.file, effect.overwrite));
      case 'export':
        exportWalk(context, effect.format, effect.file, effect.overwrite).then((result) => this.#done(result), this.#fail);
        return;
      case 'copy':
        this.#copy(effect.format).then((result) => this.#done(result), this.#fail);
        return;
    }
  }

  async #copy(format: 'text' | 'json'): Promise<Result> {
    const content = await walkAs({ state: this.#state, twin: this.#twin }, format);
    const text = typeof content === 'string' ? content : '';
    const sequence = copySequence(text, this.#options.insideTmux);
    if (sequence === null) return { ok: false, text: 'the walk is too long for a clipboard; x writes it to a file' };
    this.#options.stdout.write(sequence);
    return {
      ok: true,
      text: `copied as ${format === 'text' ? 'text' : 'JSON'}, ${text.split('\n').length} lines (where the terminal takes OSC 52)`,
    };
  }

  #done(result: Result): void {
    setImmediate(() => this.#dispatch({ kind: 'done', ...result }));
  }
}
