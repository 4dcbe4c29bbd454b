import { availableParallelism } from 'node:os';
import type { Verdict } from './agreement.ts';
import { judgeAgain } from './asked-again.ts';
import { Judge, type JudgeCase } from './judge.ts';

/** A judge waits for the kernel more than it works: of the making and taking down of namespaces most is grace periods of RCU. */
const JUDGES_PER_PROCESSOR = 3;
/** Verdicts that wait for an earlier one, per judge. */
const MAX_WAITING = 8;

/** How many judges a machine has work for. */
export function usualJudges(): number {
  return availableParallelism() * JUDGES_PER_PROCESSOR;
}

/** Several judges, each with a helper process that stays on one processor. */
export class Judges {
  readonly #judges: readonly Judge[];

  private constructor(judges: readonly Judge[]) {
    this.#judges = judges;
  }

  /** @throws CannotBuild when the kernel makes no namespaces */
  static async start(count: number): Promise<Judges> {
    const processors = availableParallelism();
    return new Judges(await Promise.all(Array.from({ length: count }, (_, index) => Judge.start({ cpu: index % processors }))));
  }

  /** The verdicts on many cases, in the order of the cases whoever is done first. What a judge throws is handed on with its case. */
  async *all<T extends JudgeCase>(cases: Iterable<T>): AsyncGenerator<Judged<T>> {
    const rest = cases[Symbol.iterator]();
    const busy: Promise<Judged<T>>[] = [];
    const free = [...this.#judges];
    const begin = (): void => {
      while (free.length > 0 && busy.length < this.#judges.length * MAX_WAITING) {
        const next = rest.next();
        if (next.done === true) return;
        const judge = free.pop();
        if (judge === undefined) return;
        const done = (): void => {
          free.push(judge);
          begin();
        };
        busy.push(judged(judge, next.value).finally(done));
      }
    };
    for (begin(); busy.length > 0; begin()) {
      const first = busy.shift();
      if (first !== undefined) yield await first;
    }
  }

  /** `uname -r` of the kernel that is asked. */
  get release(): string {
    return this.#judges[0]?.release ?? '';
  }

  /** One case more, before any judge who is free. */
  async one(asked: JudgeCase): Promise<readonly Verdict[]> {
    const [judge] = this.#judges;
    if (judge === undefined) throw new RangeError('there is no judge');
    return judge.judge(asked);
  }

  async close(): Promise<void> {
    await Promise.all(this.#judges.map(async (judge) => judge.close()));
  }
}

export interface Judged<T> {
  readonly asked: T;
  readonly verdicts: readonly Verdict[];
  /** Why there are no verdicts. */
  readonly error: Error | null;
}

async function judged<T extends JudgeCase>(judge: Judge, asked: T): Promise<Judged<T>> {
  try {
    return { asked, verdicts: await judgeAgain(judge, asked), error: null };
  } catch (error) {
    return { asked, verdicts: [], error: error instanceof Error ? error : new Error(String(error)) };
  }
}
