import type { Device } from '../linux/device.ts';
import type { Skb } from '../linux/skb.ts';
import type { Arrival, Stack, Timer } from '../linux/stack.ts';

/** A frame on its way to a device. */
export interface Frame {
  stack: Stack;
  device: Device;
  skb: Skb;
  arrival: Arrival;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly timer: Timer;
}

/** Frames on their way, first in first out, and what is to happen later. */
export class EventQueue {
  /** Places are written again and again, so that a frame on its way costs nothing to make. */
  private readonly frames: Frame[] = [];
  private head = 0;
  private tail = 0;
  private due: Due[] = [];
  private order = 0;

  push(stack: Stack, device: Device, skb: Skb, arrival: Arrival): void {
    const frame = this.frames[this.tail++];
    if (frame === undefined) {
      this.frames.push({ stack, device, skb, arrival });
      return;
    }
    frame.stack = stack;
    frame.device = device;
    frame.skb = skb;
    frame.arrival = arrival;
  }

  /** The oldest frame, to be read before the next one is pushed; undefined when nothing is on its way. */
  shift(): Readonly<Frame> | undefined {
    if (this.head === this.tail) return undefined;
    const frame = this.frames[this.head++];
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
    this.head = 0;
    this.tail = 0;
    if (this.due.length > 0) this.due = [];
  }
}
