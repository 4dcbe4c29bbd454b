/**
 * The tracer in a real pseudo-terminal: time to the first frame, key to frame, bytes a key costs, memory over many keys.
 * `node scripts/bench.mjs` runs it with the others; the command must be built (`npm run build:bin`).
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const BIN = path.resolve(import.meta.dirname, '../dist/bin/podwalk.js');
const SMALL = path.resolve(import.meta.dirname, '../scenarios/azure.yaml');
/** Ends a frame. */
const FRAME_END = '\u001b[?2026l';
/** A key that has shown nothing by now shows nothing. */
const NOTHING_MS = 400;

class Pty {
  readonly child: ChildProcessWithoutNullStreams;
  readonly startedMs: number = performance.now();
  output = '';
  bytes = 0;
  #waiting: { what: string; resolve: () => void } | null = null;

  constructor(source: string, columns: number, rows: number) {
    const command = `stty cols ${columns} rows ${rows}; exec ${process.execPath} ${BIN} tui ${source}`;
    const env: NodeJS.ProcessEnv = { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color' };
    delete env['NODE_EXTRA_CA_CERTS'];
    this.child = spawn('script', ['-qfec', command, '/dev/null'], { env });
    this.child.stdout.setEncoding('utf8');
    this.child.stdout.on('data', (chunk: string) => {
      this.bytes += chunk.length;
      this.output += chunk;
      if (this.#waiting !== null && this.output.includes(this.#waiting.what)) {
        const { resolve } = this.#waiting;
        this.#waiting = null;
        resolve();
      }
    });
  }

  async until(what: string): Promise<number> {
    if (!this.output.includes(what)) await new Promise<void>((resolve) => (this.#waiting = { what, resolve }));
    return performance.now();
  }

  /** As {@link until}, for a key that may change nothing: null when no frame comes. */
  async soon(what: string): Promise<number | null> {
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), NOTHING_MS));
    return Promise.race([this.until(what), late]);
  }

  /** Sends a key; gives the milliseconds until its frame has arrived. */
  async key(key: string): Promise<number | null> {
    this.output = '';
    const start = performance.now();
    this.child.stdin.write(key);
    const end = await this.soon(FRAME_END);
    return end === null ? null : end - start;
  }

  async quiet(ms: number): Promise<void> {
    for (let seen = -1; seen !== this.bytes;) {
      seen = this.bytes;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }

  /** The tracer itself, below `script`. */
  pid(): number {
    const all = spawnSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).stdout.split('\n');
    const row = all
      .map((one) => one.trim().split(/\s+/))
      .find(([, ppid, ...args]) => Number(ppid) === this.child.pid && args.join(' ').includes('podwalk.js'));
    return Number(row?.[0] ?? 0);
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin.write('\u0003');
    await closed;
  }
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function say(name: string, value: string): void {
  console.log(`${name.padEnd(58)} ${value}`);
}

async function firstFrame(source: string, what: string, runs: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const pty = new Pty(source, 120, 40);
    times.push((await pty.until(what)) - pty.startedMs);
    await pty.until('help');
    await pty.end();
  }
  return Math.min(...times);
}

function emptyNode(runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    spawnSync('script', ['-qfec', `stty cols 120 rows 40; exec ${process.execPath} -e 0`, '/dev/null']);
    return performance.now() - start;
  });
  return Math.min(...times);
}

function largeScenario(folder: string): string {
  const file = path.join(folder, 'large.yaml');
  const pods = Array.from({ length: 1000 }, (_, node) => `  - { name: web-${node}, node: ${node}, replicas: 50, listens: [tcp/80] }`);
  const cluster = 'cluster: { mode: overlay, nodes: 1000, podCidr: 100.64.0.0/10, serviceCidr: 172.16.0.0/16, maxPods: 60 }';
  writeFileSync(file, `${cluster}\npods:\n${pods.join('\n')}\nservices:\n  - { name: web-0, ports: [80] }\n`);
  return file;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'podwalk-bench-'));
try {
  const runs = 7;
  const empty = emptyNode(runs);
  const first = await firstFrame(SMALL, FRAME_END, runs);
  say('node -e 0', `${empty.toFixed(0)} ms`);
  say('first frame, small source', `${first.toFixed(0)} ms, ${(first - empty).toFixed(0)} more than node -e 0 (at most 400)`);
  if (!process.argv.includes('--small')) {
    const large = largeScenario(folder);
    say(
      'first frame, 1,000 nodes x 50 pods',
      `${((await firstFrame(large, FRAME_END, 3)) - empty).toFixed(0)} ms more than node -e 0 (at most 1000)`,
    );
    say(
      'the same, world built and walk on the screen',
      `${((await firstFrame(large, ' help', 2)) - empty).toFixed(0)} ms more than node -e 0`,
    );
  }

  const pty = new Pty(SMALL, 120, 40);
  await pty.until('help');
  await pty.quiet(200);
  const moves = [
    'j',
    'j',
    'l',
    'k',
    'm',
    'j',
    'l',
    '\u001b',
    'w',
    '\u001b',
    'v',
    'j',
    '\u001b',
    '?',
    'j',
    'M',
    'M',
    'j',
    'D',
    '\u001b',
    'T',
    'l',
    'h',
    '\u001b',
  ];
  const times: number[] = [];
  for (let round = 0; round < 20; round++) for (const move of moves) times.push(...[await pty.key(move)].filter((time) => time !== null));
  times.sort((a, b) => a - b);
  say('key to frame at 120x40', `median ${at(times, 0.5).toFixed(1)} ms, p95 ${at(times, 0.95).toFixed(1)} ms (at most 33)`);

  await pty.key('2');
  await pty.quiet(200);
  const before = pty.bytes;
  for (let i = 0; i < 20; i++) await pty.key(i % 2 === 0 ? 'j' : 'k');
  say('bytes for one step', `${Math.round((pty.bytes - before) / 20)} (a whole screen has ${120 * 40})`);

  const pid = pty.pid();
  const keys = 20_000;
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    for (const end = sent + count; sent < end; sent += 100) {
      await pty.key('jlkhjlkhmjklh/ab\u0015\u000d'.repeat(5).slice(0, 99));
      await pty.key('\u001b');
    }
  };
  await send(keys / 4);
  const early = residentMiB(pid);
  await send((keys * 3) / 4);
  say(`memory over ${keys} keys`, `${early.toFixed(0)} MiB after a quarter, ${residentMiB(pid).toFixed(0)} MiB at the end`);
  await pty.end();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
