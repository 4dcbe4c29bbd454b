import type { Recorder } from '../trace/recorder.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Device, CompiledNetns } from './compiled-netns.ts';
import type { NetnsSession } from './netns-session.ts';
import type { Skb } from './skb.ts';
import type { Socket } from './socket.ts';

/** A choice that a packet left to chance: which of `of` ways, with what odds. */
export interface Chance {
  readonly what: 'statistic' | 'ecmp' | 'lb-hash';
  readonly at: string;
  readonly odds: readonly number[];
}

/** What a network stack asks of the world around it. The walk provides it; nothing below `walk/` knows a queue. */
export interface Effects {
  /** The injected clock, in milliseconds. */
  readonly nowMs: number;
  readonly recorder: Recorder | null;
  /** A frame leaves by a link end that has a wire; it arrives at the far end after every frame sent before it. */
  transmit(stack: Stack, device: Device, skb: Skb): void;
  /** A packet reached a socket, or the ICMP echo responder (`socket` null). */
  delivered(stack: Stack, skb: Skb, socket: Socket | null): void;
  /** An ICMP error, an echo reply or an answer for nobody's socket arrived in a namespace. */
  arrived(stack: Stack, skb: Skb): void;
  /** The send call of a local socket failed. */
  sendError(stack: Stack, skb: Skb, errno: string, reason: string): void;
  /** A packet ended here. `reason` is SKB_DROP_REASON_* without that prefix, or a more exact name. */
  dropped(stack: Stack, skb: Skb, reason: string, text: string): void;
  /** A packet needs something that is not modelled. */
  unknown(stack: Stack, skb: Skb | null, reason: string, text: string): void;
  /** Calls back when the clock has advanced by `afterMs` and the queue is empty. */
  timer(afterMs: number, fire: () => void): void;
  /** Picks one of several ways; seeded, or the branch that is being explored. */
  choose(chance: Chance): number;
  /** A random integer in [0, below). */
  random(below: number): number;
}

/** One namespace at run time: its frozen tables, its flow state, and the way out to the world. */
export interface Stack {
  /** `MACHINE/NETNS`. */
  readonly at: string;
  readonly machine: string;
  readonly netns: CompiledNetns;
  readonly session: NetnsSession;
  readonly effects: Effects;
}

/** An address and, where the protocol has one, a port. */
export interface Endpoint {
  readonly addr: Ipv4;
  readonly port: number;
}
