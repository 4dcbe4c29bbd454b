import type { Recorder } from '../trace/recorder.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { CompiledNetns } from './compiled-netns.ts';
import type { Device } from './device.ts';
import type { CtEntry, Manip } from './conntrack/entry.ts';
import type { Firewall } from './firewall.ts';
import type { FlowCache } from './flow-cache/flow-cache.ts';
import type { Gap } from './gap.ts';
import type { Gaps } from './gaps.ts';
import type { NetnsSession } from './netns-session.ts';
import type { FlowHash, Skb } from './skb.ts';
import type { Socket } from './socket.ts';

/** A choice that a packet left to chance, and how likely each of its ways is. */
export interface Chance {
  /** `isn`: which of two connections began with the greater number. */
  readonly what: 'statistic' | 'ecmp' | 'isn';
  readonly at: string;
  readonly odds: readonly number[];
}

/** How a frame came to a device: from the far end of its wire, from this namespace itself, out of a tunnel, or from a tunnel that leads back here. */
export type Arrival = 'wire' | 'loopback' | 'decapsulated' | 'bypassed';

/** Ports from `low` up to, but not including, `high`. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** Something to do later, for as long as it is still wanted. */
export interface Timer {
  pending(): boolean;
  fire(): void;
}

/** What a network stack asks of the world around it. The walk provides it; nothing below `walk/` knows a queue. */
export interface Effects {
  /** The injected clock, in milliseconds. */
  readonly nowMs: number;
  readonly recorder: Recorder | null;
  /**
   * Whether somebody watches: nftables' trace runs, which has the flow of every packet hashed before the first rule, and a raw socket in
   * each namespace hears all ICMP, whatever it is about.
   */
  readonly isWatched: boolean;
  /** A frame leaves by a link end that has a wire; it arrives at the far end after every frame sent before it. */
  transmit(stack: Stack, device: Device, skb: Skb): void;
  /** A frame comes in again by a device of the same namespace, after what was sent before: the loopback, a tunnel's inner frame. */
  loop(stack: Stack, device: Device, skb: Skb, arrival: Exclude<Arrival, 'wire'>): void;
  /** Whether a frame of this length would be taken at the far end of a link, which a veth knows at once. */
  accepts(stack: Stack, device: Device, lengthBytes: number): boolean;
  /** Does something before anything that it sends arrives anywhere: a device or a tunnel that sends by others, with softirqs off. */
  atOnce(work: () => void): void;
  /** Whether a copy with the same bytes is on its way. */
  hasCopies(skb: Skb): boolean;
  /** How many devices and tunnels are sending by others just now, each on behalf of the one before. */
  readonly recursion: number;
  /** A process does something in answer to what it received: once nothing is on its way any more. */
  wake(work: () => void): void;
  /** A socket does something: when the call to it is over, where a process is in one, else at once. @source net/core/sock.c release_sock */
  release(socket: Socket, work: () => void): void;
  /** A packet reached a socket, or the ICMP echo responder (`socket` null). */
  delivered(stack: Stack, skb: Skb, socket: Socket | null): void;
  /** An ICMP error, an echo reply or an answer for nobody's socket arrived in a namespace. */
  arrived(stack: Stack, skb: Skb, device: Device): void;
  /** The send call of a local socket failed. `text` says why where no drop follows. */
  sendError(stack: Stack, skb: Skb, errno: string, text: string): void;
  /** A packet ended here. `reason` is SKB_DROP_REASON_* without that prefix, or a more exact name. */
  dropped(stack: Stack, skb: Skb, reason: string, text: string): void;
  /** A packet with few hops left is to be forwarded: who sees it again and again is part of a routing loop. */
  fading(stack: Stack, skb: Skb): void;
  /** A bridge meets a frame again that it flooded: nothing on this link layer will ever stop it, and nothing else gets through. */
  storm(stack: Stack, skb: Skb, text: string): void;
  /** A packet needs something that is not modelled. */
  unknown(stack: Stack, skb: Skb | null, reason: string, text: string): void;
  /** Fires when the queue is empty and the clock has come to it, unless it is no longer pending by then. */
  timer(afterMs: number, timer: Timer): void;
  /** A connection was looked up or made. */
  tracked(stack: Stack, ct: CtEntry): void;
  /** Gives an ARP packet its own leg, which is shown only where ARP itself decides. */
  arpLeg(stack: Stack, device: Device, skb: Skb): void;
  /** Shows an ARP packet's leg after all: it meets rules. */
  arpShown(skb: Skb): void;
  /**
   * ARP for a next hop was given up: its leg is shown.
   * @returns why it cannot be known whether somebody would have answered; null where nobody would
   */
  arpFailed(stack: Stack, device: Device, ip: Ipv4): Gap | null;
  /** Whether a moment has come, which null does not tell. Where the clock is not exact enough to tell, both are ways to go on. */
  hasCome(atMs: number | null): boolean;
  /** The source port that a tunnel makes of a packet's hash, where somebody has seen it; else null. */
  tunnelPort(stack: Stack, skb: Skb, hash: FlowHash, range: PortRange): number | null;
  /** Picks one of several ways; seeded, or the branch that is being explored. */
  choose(chance: Chance): number;
  /** Where in a range NAT begins to look for a port that is free: any number, which counts modulo their number. */
  firstPort(stack: Stack, ct: CtEntry, manip: Manip, range: PortRange): number;
}

/** One namespace at run time: its frozen tables, its flow state, and the way out to the world. */
export interface Stack {
  /** `MACHINE/NETNS`. */
  readonly at: string;
  /** Counts the stacks of a session from 0. */
  readonly serial: number;
  readonly machine: string;
  readonly netns: CompiledNetns;
  readonly firewall: Firewall;
  readonly session: NetnsSession;
  /** What is not known of the namespace; null when nothing is missing. */
  readonly gaps: Gaps | null;
  /** Ways that packets of the same tables took before; null where each must be followed step by step. */
  readonly flows: FlowCache | null;
  readonly effects: Effects;
  /** UDP ports on which the kernel's own VXLAN sockets listen here. */
  readonly vxlanPorts: ReadonlySet<number>;
  /** The kernel profile's `brPromiscConntrack: fixed`. */
  readonly promiscResetsConntrack: boolean;
}
