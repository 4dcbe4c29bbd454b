import { fabricFromExternal, fabricFromPlatform } from '../azure/ingress.ts';
import type { FabricHooks, FabricResult } from '../azure/result.ts';
import { fabricTransmit } from '../azure/transmit.ts';
import { initialSequence, refusal, turned } from '../linux/path/emit.ts';
import { FEW_HOPS } from '../linux/path/ip-forward.ts';
import { ipHeaderOf } from '../linux/path/record.ts';
import { ACK, afterSegment, RST, type Skb, SYN } from '../linux/skb.ts';
import { force, type HopRecord, type LegRecord, type Recorder } from '../trace/recorder.ts';
import type { LegKind } from '../trace/trace.ts';
import { ICMP, TCP, UDP } from '../wire/proto.ts';
import type { Session } from '../world/session.ts';
import type { World } from '../world/world.ts';
import type { Chooser } from './branches.ts';
import { delivery } from './delivery.ts';
import type { Observed } from './observed.ts';

/** By whom a packet enters the fabric. */
type FabricOrigin = Sender | { readonly kind: 'platform' };

/** A machine behind a NIC, or a host outside. */
export type Sender = { readonly kind: 'nic'; readonly name: string } | { readonly kind: 'external'; readonly name: string };

/** What the fabric's side of a walk needs of the event loop. */
export interface FabricWalk {
  readonly world: World;
  readonly session: Session;
  readonly recorder: Recorder | null;
  readonly chooser: Chooser | null;
  readonly observed: Observed;
  readonly nowMs: number;
  /** Brings a packet in at the link end of a machine; false when there is none. */
  arrive(machine: string, skb: Skb): boolean;
  /** The same for a host outside, whose own router wrote the frame's header. */
  arriveRouted(machine: string, skb: Skb): boolean;
  endedAt(at: string, skb: Skb, reason: string, text: string): void;
}

const FABRIC = 'fabric/azure';
/** What a full Ethernet frame holds besides the IP and TCP headers. @source RFC 879; AKS transcripts: senders announce 1460 */
const PLATFORM_MSS_BYTES = 1460;

/** Takes a packet through the fabric, and brings it in wherever the fabric delivers it. */
export function crossFabric(walk: FabricWalk, origin: Sender, skb: Skb): void {
  const { fabric } = walk.world;
  if (fabric === null) return;
  if (skb.ttl <= FEW_HOPS) walk.observed.fading.push({ at: FABRIC, skb });
  const { recorder } = walk;
  const hop = recorder === null || skb.leg === null ? null : openHop(recorder, skb.leg, origin, skb, walk.nowMs);
  const hooks = hooksFor(walk, hop);
  const now = walk.nowMs;
  const session = walk.session.fabric;
  const result =
    origin.kind === 'nic'
      ? fabricTransmit(fabric, session, origin.name, skb, now, hooks)
      : fabricFromExternal(fabric, session, origin.name, skb, now, hooks);
  skb.hop = hop;
  settle(walk, origin, skb, hop, result);
}

/** Hops are those of the first fragment; a later one only adds its steps. */
function openHop(recorder: Recorder, leg: LegRecord, origin: Sender, skb: Skb, nowMs: number): HopRecord {
  const visit = skb.trailing ? leg.hops.findLast((one) => one.at === FABRIC && one.in === origin.name) : undefined;
  const frame = recorder.frame(nowMs, ipHeaderOf(skb));
  if (visit !== undefined) {
    visit.rxFragments.push(frame);
    return visit;
  }
  const hop = recorder.hop(leg, FABRIC);
  hop.in = origin.name;
  hop.rx = frame;
  return hop;
}

function hooksFor(walk: FabricWalk, hop: HopRecord | null): FabricHooks | null {
  return walk.recorder === null && walk.chooser === null ? null : hooksOf(walk, hop);
}

function hooksOf({ recorder, chooser }: FabricWalk, hop: HopRecord | null): FabricHooks {
  return {
    steps: recorder === null || hop === null ? null : { detailed: recorder.detailed, step: (step) => recorder.step(hop, step) },
    choose: chooser === null ? null : (choice) => chooser.choose(choice),
  };
}

function settle(walk: FabricWalk, origin: FabricOrigin, skb: Skb, hop: HopRecord | null, result: FabricResult): void {
  switch (result.kind) {
    case 'deliver':
      skb.smac = result.smac;
      skb.dmac = result.dmac;
      leaveHop(walk, hop, result.nic, skb);
      if (result.machine === '') {
        const text = `${result.nic} takes the packet, and its machine was not collected`;
        walk.observed.unknown ??= { reason: 'NOT_COLLECTED', text, at: FABRIC };
      } else if (!walk.arrive(result.machine, skb)) walk.endedAt(FABRIC, skb, 'AZURE_NIC_GONE', `${result.nic} has no machine behind it`);
      return;
    case 'external':
      deliverOutside(walk, skb, hop, result);
      return;
    case 'platform':
      walk.observed.delivered ??= delivery(`fabric/${result.service}`, skb);
      if (skb.leg !== null) skb.leg.delivered = true;
      if (origin.kind === 'nic') answer(walk, origin.name, skb);
      return;
    case 'drop':
      walk.endedAt(FABRIC, skb, result.reason, force(result.text));
      if (result.resetsSender && skb.proto === TCP && (skb.tcpFlags & RST) === 0) resetSender(walk, origin, skb);
      return;
    case 'unknown':
      walk.observed.unknown ??= { reason: result.reason, text: force(result.text), at: FABRIC };
  }
}

/** Writes down to whom the fabric hands a packet, and how it looks. */
function leaveHop({ recorder, nowMs }: FabricWalk, hop: HopRecord | null, out: string, skb: Skb): void {
  if (recorder === null || hop === null) return;
  const frame = recorder.frame(nowMs, ipHeaderOf(skb));
  if (skb.trailing) {
    hop.txFragments.push(frame);
    return;
  }
  hop.out = out;
  hop.tx = frame;
}

function deliverOutside(walk: FabricWalk, skb: Skb, hop: HopRecord | null, result: Extract<FabricResult, { kind: 'external' }>): void {
  leaveHop(walk, hop, result.host ?? result.network, skb);
  if (result.machine === null) {
    walk.observed.exit ??= `fabric/${result.host ?? result.network}`;
    return;
  }
  // Whatever stands between the fabric and that host is not modelled; its last router knows the host's address.
  if (!walk.arriveRouted(result.machine, skb)) walk.observed.exit ??= `fabric/${result.host ?? result.network}`;
}

/**
 * A load balancer or gateway that has forgotten a connection resets it in the name of the other end. No NSG stands in the way: the
 * connection was let through when it began.
 * @source load-balancer-tcp-reset
 */
function resetSender(walk: FabricWalk, origin: FabricOrigin, skb: Skb): void {
  const machine = machineOf(walk, origin);
  if (machine === null) return;
  const rst = refusal(skb);
  const { recorder } = walk;
  if (recorder !== null) {
    rst.leg = recorder.leg('reset');
    const hop = recorder.hop(rst.leg, FABRIC);
    recorder.step(hop, { stage: 'azure:lb', verb: 'ORIGINATED', text: 'the connection was idle for too long: its sender gets a RST' });
    hop.tx = recorder.frame(walk.nowMs, ipHeaderOf(rst));
  }
  if (!walk.arriveRouted(machine, rst)) walk.endedAt(FABRIC, rst, 'AZURE_NIC_GONE', `${machine} has no link`);
}

function machineOf({ world: { fabric } }: FabricWalk, origin: FabricOrigin): string | null {
  switch (origin.kind) {
    case 'nic':
      return fabric?.nics.find(({ name }) => name === origin.name)?.machine ?? null;
    case 'external':
      return fabric?.externalHosts.find(({ name }) => name === origin.name)?.machine ?? null;
    case 'platform':
      return null;
  }
}

/** The platform's services answer whatever a client would expect: the same payload, a SYN-ACK. */
function answer(walk: FabricWalk, nic: string, skb: Skb): void {
  const { fabric } = walk.world;
  if (fabric === null || (skb.proto === TCP && (skb.tcpFlags & (SYN | ACK | RST)) !== SYN)) return;
  if (skb.proto !== TCP && skb.proto !== UDP && skb.proto !== ICMP) return;
  const reply = turned(skb, skb.proto, skb.lengthBytes);
  if (skb.proto === ICMP) [reply.sport, reply.dport] = [skb.sport, 0];
  if (skb.proto === TCP) {
    reply.tcpFlags = SYN | ACK;
    reply.tcpSeq = initialSequence(reply);
    reply.tcpAck = afterSegment(skb);
    reply.mssBytes = PLATFORM_MSS_BYTES;
    reply.df = true;
  }
  const kind: LegKind = 'reply';
  const { recorder } = walk;
  let hop: HopRecord | null = null;
  if (recorder !== null) {
    reply.leg = recorder.leg(kind);
    hop = recorder.hop(reply.leg, FABRIC);
    reply.hop = hop;
  }
  const result = fabricFromPlatform(fabric, walk.session.fabric, nic, reply, walk.nowMs, hooksFor(walk, hop));
  settle(walk, { kind: 'platform' }, reply, hop, result);
}
