import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InvariantError } from '../../wire/invariant.ts';
import type { Answer, Hello, RawRoutes, RawTruth } from './answers.ts';
import type { LabPlan } from './plan.ts';
import type { ProbePlan } from './plan/probe.ts';
import type { Baseline } from './plan/sysctls.ts';
import { CannotBuild } from './plan/word.ts';
import { TOOL_PATH } from './requirements.ts';

/** How much is forgotten between probes. */
export type StartState = 'cold' | 'fresh' | 'shared';

export interface LabRun {
  readonly truths: readonly RawTruth[];
  readonly routes: RawRoutes;
}

interface Waiting {
  readonly truths: RawTruth[];
  routes: RawRoutes;
  readonly resolve: (run: LabRun) => void;
  readonly reject: (error: Error) => void;
}

/** What goes over the pipes to the process and back. */
interface Exchange {
  readonly waiting: Map<number, Waiting>;
  /** Why nobody answers any more. */
  ended: Error | null;
}

/** The process that asks the running kernel. What it makes dies with it. */
export class Helper {
  readonly baseline: Baseline;
  readonly release: string;
  /** How often the clock of the kernel's timers moves. */
  readonly tickMs: number;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #exchange: Exchange;
  #next = 1;

  private constructor(process: ChildProcessWithoutNullStreams, exchange: Exchange, { sysctls, release, tickMs }: Hello) {
    this.#process = process;
    this.#exchange = exchange;
    this.baseline = new Map(Object.entries(sysctls));
    this.release = release;
    this.tickMs = tickMs;
  }

  /**
   * Starts a helper on a processor: a packet that is sent there has crossed the whole network when the send call returns.
   * @throws CannotBuild when it cannot make a namespace
   */
  static async start(python: string, cpu: number): Promise<Helper> {
    const script = fileURLToPath(new URL('helper', import.meta.url));
    const child = spawn(python, ['-I', '-B', script, String(cpu)], { stdio: 'pipe', env: { PATH: TOOL_PATH } });
    const exchange: Exchange = { waiting: new Map(), ended: null };
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-2000)));
    child.stdin.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      let begun = false;
      child.on('error', (error) => reject(new CannotBuild(`${python} cannot be started: ${error.message}`)));
      // After its pipes are read to the end.
      child.on('close', () => {
        const text = `the helper process has ended${said === '' ? '' : `: ${said.trim().split('\n').at(-1) ?? ''}`}`;
        // Before the first request it is the machine that lacks something; later what it cannot do it says, and lives on.
        const error = begun ? new InvariantError(text) : new CannotBuild(text);
        exchange.ended = error;
        reject(error);
        for (const one of exchange.waiting.values()) one.reject(error);
        exchange.waiting.clear();
      });
      createInterface(child.stdout).on('line', (line) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the helper is part of this program and writes nothing else
        const answer = JSON.parse(line) as Answer;
        if ('hello' in answer) {
          begun = true;
          resolve(new Helper(child, exchange, answer.hello));
        } else take(exchange.waiting, answer);
      });
    });
  }

  /**
   * Builds a network, sends probes through it, takes it down.
   * @throws CannotBuild with what a tool or the kernel said
   * @throws InvariantError when the helper is gone
   */
  async run(plan: LabPlan, probes: readonly ProbePlan[], state: StartState): Promise<LabRun> {
    const { ended, waiting } = this.#exchange;
    if (ended !== null) throw ended;
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { truths: [], routes: {}, resolve, reject });
      this.#process.stdin.write(`${JSON.stringify({ id, plan, probes, state, routes: true })}\n`);
    });
  }

  /** Lets the helper end. Nobody waits for it: taking namespaces down takes the kernel a while, and nothing depends on it. */
  close(): void {
    this.#process.stdin.end();
    this.#process.unref();
    for (const stream of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) stream.destroy();
  }
}

function take(waiting: Map<number, Waiting>, answer: Exclude<Answer, { hello: unknown }>): void {
  const one = waiting.get(answer.id);
  if (one === undefined) return;
  if ('truth' in answer) one.truths.push(answer.truth);
  else if ('routes' in answer) one.routes = answer.routes;
  else {
    waiting.delete(answer.id);
    if ('failed' in answer) one.reject(new CannotBuild(answer.failed));
    else one.resolve({ truths: one.truths, routes: one.routes });
  }
}
