import type { Timer } from '../linux/stack.ts';

interface Due {
  readonly atMs: number;
  readonly timer: Timer;
}

/** What is to happen later. */
export class Timers {
  private due: Due[] = [];

  later(atMs: number, timer: Timer): void {
    this.due.push({ atMs, timer });
  }

  /**
   * Takes out those that come first, of which the last one set is the first to fire; those that are not wanted any more are forgotten.
   * Nothing that one of them sends arrives before all of them have fired.
   * @source kernel/time/timer.c enqueue_timer, expire_timers; kernel/softirq.c (TIMER_SOFTIRQ before NET_RX_SOFTIRQ)
   */
  next(): { readonly atMs: number; readonly timers: readonly Timer[] } | undefined {
    if (this.due.length === 0) return undefined;
    this.due = this.due.filter(({ timer }) => timer.pending());
    if (this.due.length === 0) return undefined;
    const first = Math.min(...this.due.map(({ atMs }) => atMs));
    const timers = this.due.filter(({ atMs }) => atMs === first).map(({ timer }) => timer);
    this.due = this.due.filter(({ atMs }) => atMs !== first);
    return { atMs: first, timers: timers.reverse() };
  }

  clear(): void {
    if (this.due.length > 0) this.due = [];
  }
}
