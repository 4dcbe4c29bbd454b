import type { Timer } from '../linux/stack.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly timer: Timer;
}

/** Frames on their way, first in first out, and what is to happen later. */
export class EventQueue<Frame> {
  private readonly frames: (Frame | undefined)[] = [];
  private head = 0;
  private tail = 0;
  private due: Due[] = [];
  private order = 0;

  push(frame: Frame): void {
    this.frames[this.tail++] = frame;
  }

  /** The oldest frame; undefined when nothing is on its way. */
  shift(): Frame | undefined {
    if (this.head === this.tail) return undefined;
    const frame = this.frames[this.head];
    this.frames[this.head++] = undefined;
    if (this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    }
    return frame;
  }

  later(atMs: number, timer: Timer): void {
    this.due.push({ atMs, order: this.order++, timer });
  }

  /** The earliest timer that is still wanted; those that are not are forgotten. */
  nextTimer(): { readonly atMs: number; readonly timer: Timer } | undefined {
    if (this.due.length === 0) return undefined;
    this.due = this.due.filter((d) => d.timer.pending());
    let first: Due | undefined;
    for (const d of this.due) if (first === undefined || d.atMs < first.atMs || (d.atMs === first.atMs && d.order < first.order)) first = d;
    if (first === undefined) return undefined;
    const taken = first;
    this.due = this.due.filter((d) => d !== taken);
    return taken;
  }

  clear(): void {
    // Nothing is on its way as a rule, and then there is nothing to do.
    while (this.shift() !== undefined);
    if (this.due.length > 0) this.due = [];
  }
}
