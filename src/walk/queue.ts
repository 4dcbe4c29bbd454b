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

/** How many frames are worked off in a row. @source net/core/dev.c weight_p */
const WEIGHT = 64;

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly timer: Timer;
}

/**
 * Frames on their way, first in first out, and what is to happen later. What comes out of a tunnel has a queue of its own, which is
 * asked when nothing else is on its way, or when so much was that it is its turn.
 * @source net/core/gro_cells.c gro_cells_receive; net/core/dev.c net_rx_action, process_backlog
 */
export class EventQueue {
  /** Places are written again and again, so that a frame on its way costs nothing to make. */
  private readonly frames: Frame[] = [];
  /** Out of tunnels: those whose turn it is, and those that came since. */
  private turn: Frame[] = [];
  private readonly fromTunnels: Frame[] = [];
  /** Frames of the first queue that were worked off in a row. */
  private worked = 0;
  private head = 0;
  private tail = 0;
  private due: Due[] = [];
  private order = 0;

  push(stack: Stack, device: Device, skb: Skb, arrival: Arrival): void {
    if (arrival === 'decapsulated') {
      this.fromTunnels.push({ stack, device, skb, arrival });
      return;
    }
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
    if (this.turn.length > 0) return this.turn.shift();
    if (this.head === this.tail || this.worked === WEIGHT) {
      this.worked = 0;
      if (this.fromTunnels.length > 0) {
        this.turn = this.fromTunnels.splice(0);
        return this.turn.shift();
      }
      if (this.head === this.tail) return undefined;
    }
    this.worked++;
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

  /**
   * The earliest timer that is still wanted; those that are not are forgotten. Of those for the same time the last one set fires first.
   * @source kernel/time/timer.c enqueue_timer, expire_timers
   */
  nextTimer(): { readonly atMs: number; readonly timer: Timer } | undefined {
    if (this.due.length === 0) return undefined;
    this.due = this.due.filter((d) => d.timer.pending());
    let first: Due | undefined;
    for (const d of this.due) if (first === undefined || d.atMs < first.atMs || (d.atMs === first.atMs && d.order > first.order)) first = d;
    if (first === undefined) return undefined;
    const taken = first;
    this.due = this.due.filter((d) => d !== taken);
    return taken;
  }

  clear(): void {
    this.head = 0;
    this.tail = 0;
    this.worked = 0;
    if (this.turn.length > 0) this.turn = [];
    if (this.fromTunnels.length > 0) this.fromTunnels.length = 0;
    if (this.due.length > 0) this.due = [];
  }
}
