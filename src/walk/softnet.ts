import type { Device } from '../linux/device.ts';
import type { Skb } from '../linux/skb.ts';
import type { Arrival, Stack } from '../linux/stack.ts';

/** A frame on its way to a device. */
export interface Frame {
  stack: Stack;
  device: Device;
  skb: Skb;
  arrival: Arrival;
}

/** Frames that one queue may give before the others have their turn. @source net/core/hotdata.c dev_rx_weight */
const WEIGHT = 64;
/** Frames that a tunnel's queue gives at once. @source net/core/hotdata.c gro_normal_batch */
const BATCH = 8;

/** Frames that wait for their turn, first in first out. @source include/linux/netdevice.h struct napi_struct */
class Napi {
  isScheduled = false;
  /** Places are written again and again, so that a frame on its way costs nothing to make. */
  private readonly frames: Frame[] = [];
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

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

  /** The oldest frame, to be read before the next one is pushed; undefined when there is none. */
  shift(): Readonly<Frame> | undefined {
    if (this.head === this.tail) return undefined;
    const frame = this.frames[this.head++];
    if (this.head === this.tail) this.clear();
    return frame;
  }

  holds(skb: Skb): boolean {
    for (let i = this.head; i < this.tail; i++) if (this.frames[i]?.skb.data === skb.data) return true;
    return false;
  }

  clear(): void {
    this.head = 0;
    this.tail = 0;
  }
}

/**
 * Frames on their way, as the processor takes them on that has sent them all: the backlog, into which most devices put what they receive,
 * and a queue of each tunnel for what it has unpacked. Whichever got something first is emptied before the next one is looked at.
 * @source net/core/dev.c net_rx_action, process_backlog; net/core/gro_cells.c
 */
export class Softnet {
  private readonly backlog = new Napi();
  private readonly cells = new Map<Device, Napi>();
  private readonly scheduled: Napi[] = [];
  /** Frames that the queue whose turn it is has given. */
  private work = 0;

  push(stack: Stack, device: Device, skb: Skb, arrival: Arrival): void {
    const isShared = (): boolean => skb.data !== null && (skb.data.isKept || this.hasCopies(skb));
    const napi = arrival === 'decapsulated' && !isShared() ? this.cellOf(device) : this.backlog;
    napi.push(stack, device, skb, arrival);
    this.schedule(napi);
  }

  /** The frame whose turn it is, to be read before the next one is pushed; undefined when nothing is on its way. */
  shift(): Readonly<Frame> | undefined {
    for (let napi = this.scheduled[0]; napi !== undefined; napi = this.scheduled[0]) {
      if (napi.length > 0 && this.work < WEIGHT) {
        this.work++;
        return napi.shift();
      }
      this.scheduled.shift();
      this.work = 0;
      napi.isScheduled = false;
      if (napi.length > 0) this.schedule(napi);
    }
    return undefined;
  }

  /** What the queue of a tunnel gives together with the frame that it has just given. @source net/core/gro_cells.c gro_cell_poll */
  shiftMore(): Skb[] {
    const [napi] = this.scheduled;
    const more: Skb[] = [];
    if (napi === undefined || napi === this.backlog) return more;
    while (more.length < BATCH - 1 && this.work < WEIGHT) {
      const frame = napi.shift();
      if (frame === undefined) break;
      this.work++;
      more.push(frame.skb);
    }
    return more;
  }

  clear(): void {
    for (const napi of this.scheduled) {
      napi.clear();
      napi.isScheduled = false;
    }
    this.scheduled.length = 0;
    this.work = 0;
  }

  private schedule(napi: Napi): void {
    if (napi.isScheduled) return;
    napi.isScheduled = true;
    this.scheduled.push(napi);
  }

  private cellOf(device: Device): Napi {
    let cell = this.cells.get(device);
    if (cell === undefined) this.cells.set(device, (cell = new Napi()));
    return cell;
  }

  /** Whether a copy of this frame, with the same bytes, is still on its way. @source include/linux/skbuff.h skb_cloned */
  hasCopies(skb: Skb): boolean {
    return skb.data !== null && this.scheduled.some((napi) => napi.holds(skb));
  }
}
