import { constants } from 'node:os';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J\u001b[H';
const LEAVE = '\u001b[0m\u001b[2J\u001b[?25h\u001b[?1049l';

/** The user's terminal: its own screen while the tracer runs, and as it was before whenever the tracer ends, however it ends. */
export class TerminalSession {
  readonly #stdin: NodeJS.ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #leaveOnExit = (): void => this.leave();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.leave();
    process.exit(128 + constants.signals[signal]);
  };
  #entered = false;

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  get isEntered(): boolean {
    return this.#entered;
  }

  /** Takes the terminal over. */
  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    process.on('exit', this.#leaveOnExit);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.#stdout.write(ENTER);
  }

  /** Gives it back. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    process.off('exit', this.#leaveOnExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    if (this.#stdin.isTTY) this.#stdin.setRawMode(false);
    this.#stdout.write(LEAVE);
  }

  /**
   * Stops until the shell says `fg`. The whole process group stops, as with the terminal's own key: `npx` is in it too.
   * @param resumed runs when the program goes on
   */
  suspend(resumed: () => void): void {
    this.leave();
    process.kill(0, 'SIGTSTP');
    // The stop comes between two turns of the event loop; this turn is the first after it.
    setTimeout(() => {
      this.#stdin.setRawMode(true);
      this.enter();
      resumed();
      // Who is stopped is not told of a new size: Node looks again.
      process.kill(process.pid, 'SIGWINCH');
    }, RESUME_MS);
  }
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
const RESUME_MS = 50;
