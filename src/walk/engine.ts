import { fabricArp } from '../azure/arp.ts';
import type { CtEntry, Manip } from '../linux/conntrack/entry.ts';
import type { Device } from '../linux/device.ts';
import { receive, receiveUnpacked } from '../linux/path/receive.ts';
import { type FlowHash, type Skb, Skb as Packet } from '../linux/skb.ts';
import type { Socket } from '../linux/socket.ts';
import type { Arrival, Chance, Effects, PortRange, Stack, Timer } from '../linux/stack.ts';
import { nextBelow } from '../sim/random.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { type Chooser, pick } from './branches.ts';
import { crossFabric } from './fabric.ts';
import { scrub } from './scrub.ts';
import type { SeenPorts } from './seen-ports.ts';
import { Softnet } from './softnet.ts';
import { Stacks } from './stacks.ts';
import { Timers } from './timers.ts';
import { toldOffset, type ToldPorts } from './told-ports.ts';
import { Witness } from './witness.ts';

/** Frames and timers that one probe may set in motion. */
const MAX_EVENTS = 20_000;
const EITHER = [0.5, 0.5];
/** Links that one packet may cross without its TTL falling before that counts as a loop. */
const MAX_CROSSINGS = 200;

/**
 * The event loop that joins the stacks of a World at their wires and at the fabric. It owns the only queue: a stack hands a frame over,
 * and whoever is at the other end gets it after everything that was sent before.
 */
export class Engine extends Witness implements Effects {
  readonly world: FrozenWorld;
  readonly session: Session;
  readonly stacks: Stacks;
  isWatched = false;
  /** Ports that NAT is known to have come to; of all others it chooses. */
  toldPorts: ToldPorts | null = null;
  chooser: Chooser | null = null;
  seenPorts: SeenPorts | null = null;

  private readonly softnet = new Softnet();
  private readonly timers = new Timers();
  /** What processes do once nothing is on its way. */
  private readonly woken: (() => void)[] = [];
  private inSoftirq = false;
  private inCall = false;
  recursion = 0;
  private budget = MAX_EVENTS;

  constructor(world: FrozenWorld, session: Session) {
    super();
    this.world = world;
    this.session = session;
    this.stacks = new Stacks(world, session, this);
  }

  get nowMs(): number {
    return this.session.clock.nowMs;
  }

  /**
   * Lets everything that is on its way arrive, and everything that follows from it; the clock moves when nothing else can.
   * @param patienceMs how far it may move
   */
  run(patienceMs: number = Number.POSITIVE_INFINITY): void {
    const untilMs = this.session.clock.nowMs + patienceMs;
    for (;;) {
      this.drain();
      const woken = this.woken.shift();
      if (woken !== undefined && !this.isSpent()) {
        woken();
        continue;
      }
      const next = this.timers.next((count) => this.inTick(count));
      if (next === undefined || next.atMs > untilMs || this.isSpent()) return;
      this.session.clock.nowMs = Math.max(this.session.clock.nowMs, next.atMs);
      this.inSoftirq = true;
      for (const timer of next.timers) if (timer.pending()) timer.fire();
      this.inSoftirq = false;
    }
  }

  /** Delivers frames in the order in which they were sent, until none is on its way. */
  private drain(): void {
    this.inSoftirq = true;
    for (let frame = this.softnet.shift(); frame !== undefined; frame = this.softnet.shift()) {
      if (this.isSpent()) break;
      const { stack, device, skb, arrival } = frame;
      if (arrival === 'decapsulated') receiveUnpacked(stack, device, [skb, ...this.softnet.shiftMore()]);
      else receive(stack, device, skb, arrival);
    }
    this.inSoftirq = false;
  }

  /** Takes one event from the budget. When none is left, the walk ends. */
  private isSpent(): boolean {
    if (--this.budget > 0) return false;
    this.stop();
    this.observed.unknown ??= { reason: 'WALK_BUDGET', text: `the walk did not end within ${MAX_EVENTS} events`, at: '' };
    return true;
  }

  /**
   * Takes a frame into the queue. A frame that a process sends is worked off before its send call goes on, as softirqs are; one that is
   * sent in answer to a frame waits its turn.
   * @source net/core/dev.c netif_rx, __local_bh_enable_ip
   */
  private push(stack: Stack, device: Device, skb: Skb, arrival: Arrival): void {
    this.softnet.push(stack, device, skb, arrival);
    if (!this.inSoftirq) this.drain();
  }

  transmit(stack: Stack, device: Device, skb: Skb): void {
    if (++skb.crossings > MAX_CROSSINGS) {
      this.storm(stack, skb, `layer-2 loop: a frame goes round and round through ${device.name}`);
      return;
    }
    const far = this.stacks.far(stack, device);
    switch (far.kind) {
      case 'netns':
        scrub(skb, far.stack !== stack);
        this.push(far.stack, far.device, skb, 'wire');
        return;
      case 'fabric':
        if (skb.arp !== null) this.answerArp(stack, device, skb);
        else {
          scrub(skb, true);
          crossFabric(this, far.origin, skb);
        }
        return;
      case 'out':
        this.leave(stack, device, skb);
        return;
      case 'none':
        this.dropped(stack, skb, 'DEV_READY', `the far end of ${device.name} is gone`);
    }
  }

  wake(work: () => void): void {
    this.woken.push(work);
  }

  /** The process of the probe sends: until everything that is sent at once has arrived. */
  call<T>(send: () => T): T {
    this.inCall = true;
    const result = send();
    this.inCall = false;
    return result;
  }

  release(socket: Socket, work: () => void): void {
    if (this.inCall && this.sockets.isOwn(socket)) this.woken.push(work);
    else work();
  }

  /** @source net/core/dev.c __dev_queue_xmit (rcu_read_lock_bh, dev_xmit_recursion_inc) */
  atOnce(work: () => void): void {
    const { inSoftirq } = this;
    this.inSoftirq = true;
    this.recursion++;
    work();
    this.recursion--;
    this.inSoftirq = inSoftirq;
    if (!inSoftirq) this.drain();
  }

  hasCopies(skb: Skb): boolean {
    return this.softnet.hasCopies(skb);
  }

  loop(stack: Stack, device: Device, skb: Skb, arrival: Exclude<Arrival, 'wire'>): void {
    skb.crossings++;
    this.push(stack, device, skb, arrival);
  }

  /** Puts a frame in at a device as if it came by its wire. */
  inject(stack: Stack, device: Device, skb: Skb): void {
    this.push(stack, device, skb, 'wire');
  }

  accepts(stack: Stack, device: Device, lengthBytes: number): boolean {
    const far = this.stacks.far(stack, device);
    return far.kind !== 'netns' || lengthBytes <= far.device.mtuBytes + 4;
  }

  /** The fabric answers every ARP request, whoever is asked for. */
  private answerArp(stack: Stack, device: Device, request: Skb): void {
    const { arp } = request;
    if (arp?.op !== 'request') return;
    const answer = new Packet();
    const mac = fabricArp();
    answer.role = 'arp';
    answer.smac = mac;
    answer.dmac = arp.senderMac;
    answer.arp = { op: 'reply', senderMac: mac, senderIp: arp.targetIp, targetMac: arp.senderMac, targetIp: arp.senderIp };
    answer.lengthBytes = 28;
    this.push(stack, device, answer, 'wire');
  }

  /** Brings a packet in at the link end of a machine that the fabric delivers to. */
  arrive(machine: string, skb: Skb): boolean {
    const end = this.stacks.place(machine);
    if (end === null) return false;
    skb.hop = null;
    this.push(end.stack, end.device, skb, 'wire');
    return true;
  }

  /** The same for a host outside of the fabric: its own router hands the frame over with the host's Ethernet address. */
  arriveRouted(machine: string, skb: Skb): boolean {
    const end = this.stacks.place(machine);
    if (end === null) return false;
    skb.smac = fabricArp();
    skb.dmac = end.device.mac;
    return this.arrive(machine, skb);
  }

  storm(stack: Stack, skb: Skb, text: string): void {
    this.observed.isLoop = true;
    this.endedAt(stack.at, skb, 'LOOP', text);
    if (skb.arp !== null) this.observed.drops.push({ at: stack.at, reason: 'LOOP', text, leg: 'arp', isCopy: false, skb });
    this.stop();
  }

  /** Ends the walk: whatever is on its way or waits for an answer is lost. */
  private stop(): void {
    this.softnet.clear();
    this.timers.clear();
    this.woken.length = 0;
    for (const { neighbours, fragments } of this.session.netns.values()) {
      fragments.clear();
      for (const entries of neighbours.values()) {
        for (const [ip, { state, queue }] of entries) if (state === 'incomplete' || queue.length > 0) entries.delete(ip);
      }
    }
  }

  timer(afterMs: number, timer: Timer): void {
    this.timers.later(this.nowMs + afterMs, timer);
  }

  choose(chance: Chance): number {
    if (this.chooser !== null) return this.chooser.choose(chance);
    return pick(chance.odds, nextBelow(this.session.random, 0x1000000) / 0x1000000);
  }

  tunnelPort(stack: Stack, skb: Skb, hash: FlowHash, range: PortRange): number | null {
    return this.seenPorts?.of(stack, skb, hash, range) ?? null;
  }

  hasCome(atMs: number | null): boolean {
    const { nowMs, errorMs } = this.session.clock;
    const hasCome = atMs === null || nowMs >= atMs;
    if (this.chooser === null || (atMs !== null && (errorMs === 0 || Math.abs(nowMs - atMs) > errorMs))) return hasCome;
    return this.chooser.choose({ what: 'time', at: '', odds: EITHER, hashed: hasCome ? 1 : 0 }) === 1;
  }

  /** How many of so many timers are due in one tick. Where the clock is not exact enough to tell, each number is a way to go on. */
  private inTick(count: number): number {
    if (count < 2 || this.session.clock.errorMs === 0 || this.chooser === null) return count;
    const odds = Array.from({ length: count }, () => 1 / count);
    return this.chooser.choose({ what: 'time', at: '', odds, hashed: count - 1 }) + 1;
  }

  firstPort(stack: Stack, ct: CtEntry, manip: Manip, range: PortRange): number {
    const told = this.toldPorts === null ? null : toldOffset(this.toldPorts, stack.at, ct, manip, range);
    return told ?? nextBelow(this.session.random, 0x10000);
  }

  /** Forgets what belongs to one probe. */
  reset(): void {
    this.forget();
    this.softnet.clear();
    this.timers.clear();
    this.woken.length = 0;
    this.budget = MAX_EVENTS;
    this.inSoftirq = false;
    this.inCall = false;
    this.recursion = 0;
    this.isWatched = false;
    this.toldPorts = null;
    this.chooser = null;
    this.seenPorts = null;
  }
}
