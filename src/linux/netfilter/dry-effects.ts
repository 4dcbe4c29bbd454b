import type { CtEntry, Manip } from '../conntrack/entry.ts';
import type { Chance, Effects, PortRange, Stack } from '../stack.ts';

/** A world in which nothing happens: rules that are only tried out find it around them. */
export class DryEffects implements Effects {
  readonly nowMs: number;
  readonly recorder = null;
  readonly isWatched = false;
  readonly recursion = 0;
  readonly #last: boolean;

  /** @param last take the last way wherever there are several, not the first */
  constructor(nowMs: number, last: boolean) {
    this.nowMs = nowMs;
    this.#last = last;
  }

  choose({ odds }: Chance): number {
    return this.#last ? odds.length - 1 : 0;
  }

  hasCome(atMs: number | null): boolean {
    return atMs === null || this.nowMs >= atMs;
  }

  firstPort(_stack: Stack, _ct: CtEntry, _manip: Manip, { low, high }: PortRange): number {
    return this.#last ? high - low - 1 : 0;
  }

  tunnelPort(): null {
    return null;
  }

  hasCopies(): boolean {
    return false;
  }

  accepts(): boolean {
    return true;
  }

  arpFailed(): null {
    return null;
  }

  transmit(): void {}
  atOnce(): void {}
  wake(): void {}
  release(): void {}
  loop(): void {}
  delivered(): void {}
  arrived(): void {}
  sendError(): void {}
  dropped(): void {}
  fading(): void {}
  storm(): void {}
  unknown(): void {}
  timer(): void {}
  tracked(): void {}
  arpLeg(): void {}
  arpShown(): void {}
}
