/**
 * The tracer in a real pseudo-terminal: time to the first frame, key to frame, bytes a key costs, memory over many keys.
 * `node scripts/bench.mjs` runs it with the others; the command must be built (`npm run build:bin`).
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** Processor time of all threads so far, which a busy machine changes little; 0 where Linux does not tell. */
function cpuMs(pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const spent = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
    return spent.reduce((sum, one) => sum + one, 0) / 1e6;
  } catch {
    return 0;
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

/** The best of some runs, in milliseconds of the clock and of the processor. */
async function firstFrame(source: string, what: string, runs: number): Promise<{ clock: number; cpu: number }> {
  const clock: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run++) {
    const pty = new Pty(source, 120, 40);
    clock.push((await pty.until(what)) - pty.startedMs);
    cpu.push(cpuMs(pty.pid()));
    await pty.end();
  }
  return { clock: Math.min(...clock), cpu: Math.min(...cpu) };
}

/** Redraws asked for until the world stands, in milliseconds each, the shortest first. */
async function whileBuilding(source: string): Promise<number[]> {
  const pty = new Pty(source, 120, 40);
  await pty.until('of 50001');
  const times: number[] = [];
  while (!pty.output.includes(' help')) {
    const time = await pty.key('\u000c');
    if (time !== null && !pty.output.includes(' help')) times.push(time);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await pty.end();
  return times.sort((a, b) => a - b);
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
  const more = (first.clock - empty).toFixed(0);
  say('first frame, small source', `${more} ms more than node -e 0 (at most 400); CPU ${first.cpu.toFixed(0)} ms in all`);
  if (!process.argv.includes('--small')) {
    const large = largeScenario(folder);
    const loading = await firstFrame(large, FRAME_END, 3);
    say('first frame, 1,000 nodes x 50 pods', `${(loading.clock - empty).toFixed(0)} ms more than node -e 0 (at most 1000)`);
    const built = await firstFrame(large, ' help', 2);
    const after = (built.clock - empty).toFixed(0);
    say('the same, world built and walk on the screen', `${after} ms more than node -e 0; CPU ${built.cpu.toFixed(0)} ms in all`);
    const keys = await whileBuilding(large);
    say('key to frame while it is built', `median ${at(keys, 0.5).toFixed(1)} ms, p95 ${at(keys, 0.95).toFixed(1)} ms`);
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
  const cpuBefore = cpuMs(pty.pid());
  for (let round = 0; round < 20; round++) for (const move of moves) times.push(...[await pty.key(move)].filter((time) => time !== null));
  const cpu = (cpuMs(pty.pid()) - cpuBefore) / (20 * moves.length);
  times.sort((a, b) => a - b);
  say(
    'key to frame at 120x40',
    `median ${at(times, 0.5).toFixed(1)} ms, p95 ${at(times, 0.95).toFixed(1)} ms (at most 33); CPU ${cpu.toFixed(1)} ms`,
  );

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
