import { fabricFromExternal, fabricFromPlatform } from '../azure/ingress.ts';
import type { FabricHooks, FabricResult } from '../azure/result.ts';
import { fabricTransmit } from '../azure/transmit.ts';
import { FEW_HOPS } from '../linux/path/ip-forward.ts';
import { ipHeaderOf } from '../linux/path/record.ts';
import { ACK, RST, Skb, SYN } from '../linux/skb.ts';
import type { Stack } from '../linux/stack.ts';
import { force, type HopRecord, type LegRecord, type Recorder } from '../trace/recorder.ts';
import type { LegKind } from '../trace/trace.ts';
import { ICMP, TCP, UDP } from '../wire/proto.ts';
import type { Session } from '../world/session.ts';
import type { World } from '../world/world.ts';
import type { Chooser } from './branches.ts';
import type { Observed } from './observed.ts';

/** By whom a packet enters the fabric. */
export type FabricOrigin = { readonly kind: 'nic'; readonly name: string } | { readonly kind: 'external'; readonly name: string };

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

/** Takes a packet through the fabric, and brings it in wherever the fabric delivers it. */
export function crossFabric(walk: FabricWalk, origin: FabricOrigin, sender: Stack, skb: Skb): void {
  const { fabric } = walk.world;
  if (fabric === null) return;
  if (skb.ttl <= FEW_HOPS) walk.observed.fading.push({ at: FABRIC, skb });
  const { recorder } = walk;
  const hop = recorder === null || skb.leg === null ? null : openHop(recorder, skb.leg, origin, skb);
  const hooks = hooksFor(walk, hop);
  const now = walk.nowMs;
  const session = walk.session.fabric;
  const result =
    origin.kind === 'nic'
      ? fabricTransmit(fabric, session, origin.name, skb, now, hooks)
      : fabricFromExternal(fabric, session, origin.name, skb, now, hooks);
  skb.hop = hop;
  settle(walk, origin, sender, skb, hop, result);
}

/** Hops are those of the first fragment; a later one only adds its steps. */
function openHop(recorder: Recorder, leg: LegRecord, origin: FabricOrigin, skb: Skb): HopRecord {
  const visit = skb.trailing ? leg.hops.findLast((one) => one.at === FABRIC && one.in === origin.name) : undefined;
  if (visit !== undefined) return visit;
  const hop = recorder.hop(leg, FABRIC);
  hop.in = origin.name;
  hop.rx = ipHeaderOf(skb);
  return hop;
}

function hooksFor(walk: FabricWalk, hop: HopRecord | null): FabricHooks | null {
  const { recorder, chooser } = walk;
  if (recorder === null && chooser === null) return null;
  return {
    steps: recorder === null || hop === null ? null : { detailed: recorder.detailed, step: (step) => recorder.step(hop, step) },
    choose: chooser === null ? null : (choice) => chooser.choose(choice),
  };
}

function settle(walk: FabricWalk, origin: FabricOrigin, sender: Stack, skb: Skb, hop: HopRecord | null, result: FabricResult): void {
  switch (result.kind) {
    case 'deliver':
      skb.smac = result.smac;
      skb.dmac = result.dmac;
      if (hop !== null && !skb.trailing) {
        hop.out = result.nic;
        hop.tx = ipHeaderOf(skb);
      }
      if (!walk.arrive(result.machine, skb)) walk.endedAt(FABRIC, skb, 'AZURE_NIC_GONE', `${result.nic} has no machine behind it`);
      return;
    case 'external':
      deliverOutside(walk, skb, hop, result);
      return;
    case 'platform':
      walk.observed.delivered ??= {
        at: `fabric/${result.service}`,
        proto: skb.proto,
        src: skb.src,
        sport: skb.sport,
        dst: skb.dst,
        dport: skb.dport,
        ttl: skb.ttl,
        mssBytes: skb.mssBytes,
      };
      if (skb.leg !== null) skb.leg.delivered = true;
      if (origin.kind === 'nic') answer(walk, origin.name, sender, skb);
      return;
    case 'drop':
      walk.endedAt(FABRIC, skb, result.reason, force(result.text));
      return;
    case 'unknown':
      walk.observed.unknown ??= { reason: result.reason, text: force(result.text), at: FABRIC };
  }
}

function deliverOutside(walk: FabricWalk, skb: Skb, hop: HopRecord | null, result: Extract<FabricResult, { kind: 'external' }>): void {
  if (hop !== null && !skb.trailing) {
    hop.out = result.host ?? result.network;
    hop.tx = ipHeaderOf(skb);
  }
  if (result.machine === null) {
    walk.observed.exit ??= `fabric/${result.host ?? result.network}`;
    return;
  }
  // Whatever stands between the fabric and that host is not modelled; its last router knows the host's address.
  if (!walk.arriveRouted(result.machine, skb)) walk.observed.exit ??= `fabric/${result.host ?? result.network}`;
}

/** The platform's services answer whatever a client would expect: the same payload, a SYN-ACK. */
function answer(walk: FabricWalk, nic: string, sender: Stack, skb: Skb): void {
  const { fabric } = walk.world;
  if (fabric === null || (skb.proto === TCP && (skb.tcpFlags & (SYN | ACK | RST)) !== SYN)) return;
  if (skb.proto !== TCP && skb.proto !== UDP && skb.proto !== ICMP) return;
  const reply = new Skb();
  reply.proto = skb.proto;
  reply.role = 'reply';
  reply.src = skb.dst;
  reply.dst = skb.src;
  reply.sport = skb.proto === ICMP ? skb.sport : skb.dport;
  reply.dport = skb.proto === ICMP ? 0 : skb.sport;
  reply.lengthBytes = skb.lengthBytes;
  if (skb.proto === TCP) {
    reply.tcpFlags = SYN | ACK;
    reply.mssBytes = 1460;
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
  settle(walk, { kind: 'external', name: 'platform' }, sender, reply, hop, result);
}
