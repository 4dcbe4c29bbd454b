import { nextBelow, type Random, seeded } from '../../sim/random.ts';
import { InvariantError } from '../../wire/invariant.ts';

/** What may come out, each with how often it does. */
export type Weighted<T> = readonly (readonly [what: T, weight: number])[];

/** A seeded random source with the questions that a generator asks. */
export class Dice {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = seeded(seed);
    // Neighbouring seeds begin alike.
    for (let i = 0; i < 4; i++) nextBelow(this.random, 2);
  }

  /** From `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + nextBelow(this.random, max - min + 1);
  }

  /** @param odds from 0, never, to 1, always */
  chance(odds: number): boolean {
    return nextBelow(this.random, 0x100_0000) < odds * 0x100_0000;
  }

  /** @throws InvariantError for an empty list */
  pick<T>(list: readonly T[]): T {
    const picked = list[nextBelow(this.random, list.length)];
    if (picked === undefined) throw new InvariantError('nothing to pick from');
    return picked;
  }

  /** Null for an empty list. */
  pickOrNull<T>(list: readonly T[]): T | null {
    return list.length === 0 ? null : this.pick(list);
  }

  /** @throws InvariantError for an empty list */
  weighted<T>(choices: Weighted<T>): T {
    const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
    let left = nextBelow(this.random, total);
    for (const [what, weight] of choices) {
      left -= weight;
      if (left < 0) return what;
    }
    throw new InvariantError('nothing to pick from');
  }

  /** Some of a list, in its order; each with the same odds. */
  some<T>(list: readonly T[], odds: number): T[] {
    return list.filter(() => this.chance(odds));
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      const [a, b] = [out[i], out[j]];
      if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
    }
    return out;
  }
}
