import type { Choice } from '../trace/trace.ts';

/** One thing left to chance, as the walk met it. */
export interface Asked {
  /** Of what only the clock leaves open, or initial sequence numbers, no trace tells. */
  readonly what: Choice['what'] | 'time' | 'isn';
  readonly at: string;
  readonly odds: readonly number[];
  /** What a plain walk picks where it leaves nothing to chance: a hash is the same for every packet of a connection, a clock says a time. */
  readonly hashed?: number;
}

/** Decides what a walk leaves to chance, and keeps account of it. */
export class Chooser {
  readonly choices: Choice[] = [];
  /** The odds of everything decided so far. */
  odds = 1;
  private readonly asked: Asked[] = [];
  private readonly picked: number[] = [];
  private readonly fixed: readonly number[];
  private readonly fallback: (odds: readonly number[]) => number;

  /**
   * @param fixed what to pick, in order of asking
   * @param fallback what to pick beyond
   */
  constructor(fixed: readonly number[], fallback: (odds: readonly number[]) => number) {
    this.fixed = fixed;
    this.fallback = fallback;
  }

  choose(asked: Asked): number {
    const picked = this.fixed[this.asked.length] ?? asked.hashed ?? this.fallback(asked.odds);
    this.asked.push(asked);
    this.picked.push(picked);
    if (asked.what === 'time' || asked.what === 'isn') return picked;
    this.choices.push({ at: asked.at, what: asked.what, picked, of: asked.odds.length });
    this.odds *= asked.odds[picked] ?? 0;
    return picked;
  }

  /** Every way that parts from this one at a choice made after the fixed ones: the branches still to walk. */
  alternatives(): number[][] {
    const out: number[][] = [];
    for (let i = this.fixed.length; i < this.asked.length; i++) {
      const odds = this.asked[i]?.odds ?? [];
      const before = this.picked.slice(0, i);
      for (let other = 0; other < odds.length; other++) {
        if (other !== this.picked[i] && (odds[other] ?? 0) > 0) out.push([...before, other]);
      }
    }
    return out;
  }
}

/** The index that a number in [0, 1) falls on. */
export function pick(odds: readonly number[], at: number): number {
  let sum = 0;
  for (const [index, p] of odds.entries()) {
    sum += p;
    if (at < sum) return index;
  }
  return Math.max(0, odds.length - 1);
}
