import type { Timer } from '../linux/stack.ts';

interface Due {
  readonly atMs: number;
  readonly timer: Timer;
}

/** Less than any tick, so that timers of other moments keep their order. */
const LATER_MS = 0.001;

/** What is to happen later. */
export class Timers {
  private due: Due[] = [];

  later(atMs: number, timer: Timer): void {
    this.due.push({ atMs, timer });
  }

  /**
   * Takes out those that come first, of which the last one set is the first to fire; those that are not wanted any more are forgotten.
   * Nothing that one of them sends arrives before all of them have fired.
   * @param inTick how many of so many that come first are of one tick: while they were set the clock may have moved on
   * @source kernel/time/timer.c enqueue_timer, expire_timers; kernel/softirq.c (TIMER_SOFTIRQ before NET_RX_SOFTIRQ)
   */
  next(inTick: (count: number) => number): { readonly atMs: number; readonly timers: readonly Timer[] } | undefined {
    if (this.due.length === 0) return undefined;
    const wanted = this.due.filter(({ timer }) => timer.pending());
    this.due = [];
    if (wanted.length === 0) return undefined;
    const first = wanted.reduce((least, { atMs }) => Math.min(least, atMs), Infinity);
    const timers: Timer[] = [];
    for (const due of wanted) {
      if (due.atMs === first) timers.push(due.timer);
      else this.due.push(due);
    }
    for (const timer of timers.splice(inTick(timers.length))) this.later(first + LATER_MS, timer);
    return { atMs: first, timers: timers.reverse() };
  }

  clear(): void {
    if (this.due.length > 0) this.due = [];
  }
}
