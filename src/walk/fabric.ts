import { fabricFromExternal, fabricFromPlatform } from '../azure/ingress.ts';
import type { FabricHooks, FabricResult } from '../azure/result.ts';
import { fabricTransmit } from '../azure/transmit.ts';
import { ipHeaderOf } from '../linux/path/record.ts';
import { ACK, RST, Skb, SYN } from '../linux/skb.ts';
import type { Stack } from '../linux/stack.ts';
import { force, type HopRecord, type LegRecord, type Recorder } from '../trace/recorder.ts';
import type { LegKind } from '../trace/trace.ts';
import { ICMP, TCP, UDP } from '../wire/proto.ts';
import type { Engine } from './engine.ts';

/** By whom a packet enters the fabric. */
export type FabricOrigin = { readonly kind: 'nic'; readonly name: string } | { readonly kind: 'external'; readonly name: string };

const FABRIC = 'fabric/azure';

/** Takes a packet through the fabric, and brings it in wherever the fabric delivers it. */
export function crossFabric(engine: Engine, origin: FabricOrigin, sender: Stack, skb: Skb): void {
  const { fabric } = engine.world;
  if (fabric === null) return;
  const { recorder } = engine;
  const hop = recorder === null || skb.leg === null ? null : openHop(recorder, skb.leg, origin, skb);
  const hooks = hooksFor(engine, hop);
  const now = engine.nowMs;
  const session = engine.session.fabric;
  const result =
    origin.kind === 'nic'
      ? fabricTransmit(fabric, session, origin.name, skb, now, hooks)
      : fabricFromExternal(fabric, session, origin.name, skb, now, hooks);
  skb.hop = hop;
  settle(engine, origin, sender, skb, hop, result);
}

function openHop(recorder: Recorder, leg: LegRecord, origin: FabricOrigin, skb: Skb): HopRecord {
  const hop = recorder.hop(leg, FABRIC);
  hop.in = origin.name;
  hop.rx = ipHeaderOf(skb);
  return hop;
}

function hooksFor(engine: Engine, hop: HopRecord | null): FabricHooks | null {
  const { recorder, chooser } = engine;
  if (recorder === null && chooser === null) return null;
  return {
    steps: recorder === null || hop === null ? null : { detailed: recorder.detailed, step: (step) => recorder.step(hop, step) },
    choose: chooser === null ? null : (choice) => chooser.choose(choice),
  };
}

function settle(engine: Engine, origin: FabricOrigin, sender: Stack, skb: Skb, hop: HopRecord | null, result: FabricResult): void {
  switch (result.kind) {
    case 'deliver':
      skb.smac = result.smac;
      skb.dmac = result.dmac;
      if (hop !== null) {
        hop.out = result.nic;
        hop.tx = ipHeaderOf(skb);
      }
      if (!engine.arrive(result.machine, skb)) engine.endedAt(FABRIC, skb, 'AZURE_NIC_GONE', `${result.nic} has no machine behind it`);
      return;
    case 'external':
      deliverOutside(engine, skb, hop, result);
      return;
    case 'platform':
      engine.observed.delivered ??= {
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
      if (origin.kind === 'nic') answer(engine, origin.name, sender, skb);
      return;
    case 'drop':
      engine.endedAt(FABRIC, skb, result.reason, force(result.text));
      return;
    case 'unknown':
      engine.observed.unknown ??= { reason: result.reason, text: force(result.text), at: FABRIC };
  }
}

function deliverOutside(engine: Engine, skb: Skb, hop: HopRecord | null, result: Extract<FabricResult, { kind: 'external' }>): void {
  if (hop !== null) {
    hop.out = result.host ?? result.network;
    hop.tx = ipHeaderOf(skb);
  }
  if (result.machine === null) {
    engine.observed.exit ??= `fabric/${result.host ?? result.network}`;
    return;
  }
  // Whatever stands between the fabric and that host is not modelled; its last router knows the host's address.
  if (!engine.arriveRouted(result.machine, skb)) engine.observed.exit ??= `fabric/${result.host ?? result.network}`;
}

/** The platform's services answer whatever a client would expect: the same payload, a SYN-ACK. */
function answer(engine: Engine, nic: string, sender: Stack, skb: Skb): void {
  const { fabric } = engine.world;
  if (fabric === null || (skb.proto === TCP && (skb.tcpFlags & (SYN | ACK | RST)) !== SYN)) return;
  if (skb.proto !== TCP && skb.proto !== UDP && skb.proto !== ICMP) return;
  const reply = new Skb();
  reply.proto = skb.proto;
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
  const { recorder } = engine;
  let hop: HopRecord | null = null;
  if (recorder !== null) {
    reply.leg = recorder.leg(kind);
    hop = recorder.hop(reply.leg, FABRIC);
    reply.hop = hop;
  }
  const result = fabricFromPlatform(fabric, engine.session.fabric, nic, reply, engine.nowMs, hooksFor(engine, hop));
  settle(engine, { kind: 'external', name: 'platform' }, sender, reply, hop, result);
}
