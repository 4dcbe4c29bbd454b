import type { CtEntry } from '../linux/conntrack/entry.ts';
import type { Device } from '../linux/device.ts';
import type { Gap } from '../linux/gap.ts';
import { ACK, RST, type Skb, SYN } from '../linux/skb.ts';
import type { Socket } from '../linux/socket.ts';
import type { Stack } from '../linux/stack.ts';
import type { LegRecord, Recorder } from '../trace/recorder.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import { ICMP, protoName, TCP } from '../wire/proto.ts';
import { ArpQuestions } from './arp-questions.ts';
import { delivery, deliveryText } from './delivery.ts';
import { type Delivery, nothingObserved, type Observed } from './observed.ts';
import type { Probe } from './probe.ts';
import { ProbeSockets } from './probe-sockets.ts';

/** Whoever sees what becomes of a probe: it keeps what the sender and everybody else noticed, and has the recorder write it down. */
export class Witness {
  recorder: Recorder | null = null;
  observed: Observed = nothingObserved();
  readonly sockets: ProbeSockets = new ProbeSockets();
  /** What the probe is sent as; a tunnel that it goes through sends something else. */
  proto: Probe['proto'] | null = null;
  private linkProbe: { readonly stack: Stack; readonly device: Device; readonly src: Ipv4 } | null = null;
  /** The SYNs that listeners took, by place. */
  private readonly synLegs = new Map<string, LegRecord>();
  private readonly arpQuestions = new ArpQuestions();

  /** A frame leaves the model. One that answers a probe put in at that very end has come home. */
  protected leave(stack: Stack, device: Device, skb: Skb): void {
    if (skb.arp !== null) return;
    const { linkProbe } = this;
    if (linkProbe?.stack === stack && linkProbe.device === device && skb.dst === linkProbe.src) {
      if (skb.quoted !== null) this.observed.icmpErrors.push({ type: skb.icmpType, code: skb.icmpCode, from: skb.src });
      else if (skb.proto === TCP && (skb.tcpFlags & RST) !== 0) this.observed.isReset = true;
      else this.observed.reply ??= delivery(stack.at, skb);
      return;
    }
    this.observed.exit ??= `${stack.at}/${device.name}`;
  }

  /** A probe was put in at a link end: answers are expected to leave there. */
  expectAtLink(stack: Stack, device: Device, skb: Skb): void {
    this.linkProbe = { stack, device, src: skb.src };
  }

  delivered(stack: Stack, skb: Skb, socket: Socket | null): void {
    if (skb.leg !== null) skb.leg.delivered = true;
    const { observed } = this;
    const mine = this.sockets.isOwn(socket) && stack === this.sockets.stack;
    if (this.recorder !== null) noteDelivered(this.recorder, skb, socket);
    if (mine) {
      if (skb.proto === TCP && (skb.tcpFlags & RST) !== 0) observed.isReset = true;
      else if (skb.proto !== TCP || (skb.tcpFlags & (SYN | ACK)) === (SYN | ACK)) observed.reply ??= delivery(stack.at, skb);
      return;
    }
    if (skb.proto === TCP) {
      if (socket?.handshake?.state === 'syn-received') this.accepted(stack.at, skb);
      if ((skb.tcpFlags & (SYN | ACK | RST)) !== SYN) return;
      this.sockets.accepted(stack);
      if (skb.leg !== null && !this.synLegs.has(stack.at)) this.synLegs.set(stack.at, skb.leg);
    }
    if (observed.delivered === null) observed.delivered = delivery(stack.at, skb);
    else if (skb.role === 'request') this.alsoDelivered(observed.delivered, delivery(stack.at, skb));
  }

  /** NAT may lead a tunnel's packet to a socket, with the probe inside: whoever gets the probe itself is its receiver. */
  private alsoDelivered(first: Delivery, other: Delivery): void {
    const isInside = protoName(first.proto) !== this.proto && protoName(other.proto) === this.proto;
    if (isInside) this.observed.delivered = other;
    this.observed.alsoDelivered.push(isInside ? first : other);
  }

  /** Of several listeners that got the SYN, the one whose handshake is completed first has taken it. */
  private accepted(at: string, { tcpFlags }: Skb): void {
    const { observed } = this;
    if (observed.isAccepted || (tcpFlags & (SYN | ACK | RST)) !== ACK) return;
    observed.isAccepted = true;
    const leg = this.synLegs.get(at);
    if (leg !== undefined) leg.accepted = true;
    const index = observed.alsoDelivered.findIndex((other) => other.at === at);
    const taker = observed.alsoDelivered[index];
    if (observed.delivered === null || observed.delivered.at === at || taker === undefined) return;
    observed.alsoDelivered[index] = observed.delivered;
    observed.delivered = taker;
  }

  arrived(stack: Stack, skb: Skb, device: Device): void {
    if (skb.leg !== null) skb.leg.delivered = true;
    if (this.recorder !== null) noteDelivered(this.recorder, skb, null);
    if (skb.quoted !== null && skb.icmpType === 5) this.observed.redirected.push(stack.at);
    if (stack !== this.sockets.stack) return;
    if (skb.icmpType === 0 && skb.proto === ICMP) {
      if (this.sockets.hearsEcho(skb, device)) this.observed.reply ??= delivery(stack.at, skb);
    } else if (skb.quoted !== null && skb.icmpType !== 5) {
      this.observed.icmpErrors.push({ type: skb.icmpType, code: skb.icmpCode, from: skb.src });
    }
  }

  sendError(stack: Stack, skb: Skb, errno: string, text: string): void {
    skb.sending = false;
    this.observed.sendError ??= { errno, text: `${stack.at}: ${text}` };
  }

  dropped(stack: Stack, skb: Skb, reason: string, text: string): void {
    this.endedAt(stack.at, skb, reason, text);
  }

  /** Accounts for a packet that ended in a namespace or in the fabric. */
  endedAt(at: string, skb: Skb, reason: string, text: string): void {
    if (skb.arp !== null) return;
    this.observed.drops.push({ at, reason, text, leg: skb.role, isCopy: skb.isCopy, skb });
    const { recorder } = this;
    if (recorder === null || skb.hop === null) return;
    const last = skb.hop.steps.at(-1)?.draft.verb;
    if (last !== 'DROPPED' && last !== 'REJECTED') recorder.step(skb.hop, { stage: 'drop', verb: 'DROPPED', text, reason });
  }

  fading(stack: Stack, skb: Skb): void {
    this.observed.fading.push({ at: stack.at, skb });
  }

  unknown(stack: Stack, skb: Skb | null, reason: string, text: string): void {
    if (skb !== null && skb.arp !== null) {
      this.arpQuestions.doubt(skb.arp, { reason, text: `${stack.at}: ${text}` });
      return;
    }
    this.observed.unknown ??= { reason, text, at: stack.at };
    if (skb !== null && skb.hop !== null && skb.hop.steps.at(-1)?.draft.verb !== 'UNKNOWN') {
      this.recorder?.step(skb.hop, { stage: 'unknown', verb: 'UNKNOWN', text, reason });
    }
  }

  tracked(stack: Stack, ct: CtEntry): void {
    const tracked = (this.observed.tracked ??= new Map<string, Set<CtEntry>>());
    const entries = tracked.get(stack.at);
    if (entries === undefined) tracked.set(stack.at, new Set([ct]));
    else entries.add(ct);
  }

  arpLeg(stack: Stack, device: Device, skb: Skb): void {
    if (this.recorder !== null) this.arpQuestions.begin(this.recorder, stack, device, skb);
  }

  arpShown(skb: Skb): void {
    if (this.recorder !== null) this.arpQuestions.show(this.recorder, skb);
  }

  arpFailed(stack: Stack, device: Device, ip: Ipv4): Gap | null {
    return this.arpQuestions.fail(this.recorder, stack, device, ip);
  }

  /** Forgets what belongs to one probe. */
  protected forget(): void {
    this.recorder = null;
    this.observed = nothingObserved();
    this.sockets.reset();
    this.proto = null;
    this.linkProbe = null;
    if (this.synLegs.size > 0) this.synLegs.clear();
    this.arpQuestions.clear();
  }
}

function noteDelivered(recorder: Recorder, skb: Skb, socket: Socket | null): void {
  recorder.deliveredStep(skb.hop, () => deliveryText(skb, socket));
}
