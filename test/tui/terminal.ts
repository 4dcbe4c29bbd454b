import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Bundled for these tests alone, so that they never run what somebody else is building. */
const BIN = path.join(ROOT, '.cache/tui-test/podwalk.js');
/** A server of our own: no configuration of the user's, and no session of the user's is touched. */
const SOCKET = `podwalk-test-${process.pid}`;

export const HAS_TMUX: boolean = spawnSync('tmux', ['-V']).status === 0;

/** Bundles the command as users get it. */
export function bundle(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', '--bin', path.dirname(BIN)], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the command can not be bundled: ${stderr}`);
}

/** Runs the bundled command without a terminal. */
export function podwalk(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BIN, ...args], { cwd: ROOT, encoding: 'utf8' });
}

function tmux(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Ends everything that these tests started. */
export function endAll(): void {
  spawnSync('tmux', ['-L', SOCKET, 'kill-server']);
}

let count = 0;

/** A person's terminal, in tmux: a shell, or the tracer alone. */
export class Terminal {
  readonly #name: string;
  readonly folder: string = mkdtempSync(path.join(os.tmpdir(), 'podwalk-tui-'));

  /** @param command what runs; `TUI` in it is the tracer */
  constructor(command: string, columns = 80, rows = 24) {
    this.#name = `s${++count}`;
    const tui = `LANG=C.UTF-8 ${process.execPath} ${BIN} tui`;
    tmux('new-session', '-d', '-s', this.#name, '-x', String(columns), '-y', String(rows), '-c', ROOT, command.replaceAll('TUI', tui));
    tmux('set-option', '-s', 'set-clipboard', 'on');
  }

  /** What stands on the screen. */
  screen(): string {
    return tmux('capture-pane', '-p', '-t', this.#name);
  }

  /** The screen with its styles. */
  styled(): string {
    return tmux('capture-pane', '-pe', '-t', this.#name);
  }

  /** Presses keys, by tmux's names. */
  keys(...keys: string[]): void {
    tmux('send-keys', '-t', this.#name, ...keys);
  }

  /** Types a text as it is. */
  type(text: string): void {
    tmux('send-keys', '-t', this.#name, '-l', text);
  }

  resize(columns: number, rows: number): void {
    tmux('resize-window', '-t', this.#name, '-x', String(columns), '-y', String(rows));
  }

  clipboard(): string {
    return tmux('show-buffer');
  }

  end(): void {
    spawnSync('tmux', ['-L', SOCKET, 'kill-session', '-t', this.#name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until the screen holds all of these; gives the screen. */
export async function expectOn(terminal: Terminal, ...wanted: (string | RegExp)[]): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const screen = terminal.screen();
    if (wanted.every((one) => (typeof one === 'string' ? screen.includes(one) : one.test(screen)))) return screen;
    if (performance.now() > deadline) throw new Error(`the screen never showed ${wanted.join(' and ')}:\n${screen}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const PATIENCE_MS = 30_000;
const LOOK_MS = 60;
