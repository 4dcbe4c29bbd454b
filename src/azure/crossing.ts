import type { Lazy } from '../trace/recorder.ts';
import type { Header } from '../trace/trace.ts';
import { InvariantError } from '../wire/invariant.ts';
import { type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import { ICMP, protoName } from '../wire/proto.ts';
import type { Fabric } from './fabric.ts';
import { type FabricIndex, type NicView, indexOf } from './fabric-index.ts';
import type { FabricPacket } from './packet.ts';
import type { AzureDropReason, AzureUnknownReason, FabricHooks, FabricResult, FabricStage, FabricSteps, LbChoice } from './result.ts';
import type { FabricSession } from './session.ts';

/** One packet on its way through the fabric. The addresses and ports are those that rules see; later fragments have their first one's ports. */
export interface Crossing {
  readonly fabric: Fabric;
  readonly index: FabricIndex;
  readonly session: FabricSession;
  readonly nowMs: number;
  readonly steps: FabricSteps | null;
  readonly choose: ((choice: LbChoice) => number) | null;
  readonly packet: FabricPacket;
  readonly proto: number;
  /** The packet came in, or came back in, by a public address. */
  fromInternet: boolean;
  src: Ipv4;
  dst: Ipv4;
  sport: number;
  dport: number;
}

export function crossing(
  fabric: Fabric,
  index: FabricIndex,
  session: FabricSession,
  packet: FabricPacket,
  nowMs: number,
  hooks: FabricHooks | null,
): Crossing {
  return {
    fabric,
    index,
    session,
    nowMs,
    steps: hooks === null ? null : hooks.steps,
    choose: hooks === null ? null : hooks.choose,
    packet,
    proto: packet.proto,
    fromInternet: false,
    src: packet.src,
    dst: packet.dst,
    sport: packet.sport,
    dport: packet.dport,
  };
}

/**
 * One packet of a NIC on its way.
 * @throws InvariantError when the fabric has no such NIC, or is not frozen
 */
export function crossingOf(
  fabric: Fabric,
  session: FabricSession,
  nicName: string,
  packet: FabricPacket,
  nowMs: number,
  hooks: FabricHooks | null,
): { readonly nic: NicView; readonly c: Crossing } {
  const index = indexOf(fabric);
  const nic = index.nicNamed(nicName);
  if (nic === null) throw new InvariantError(`no NIC ${nicName} in the fabric`);
  return { nic, c: crossing(fabric, index, session, packet, nowMs, hooks) };
}

/** `tcp 10.0.0.4:80 → 10.0.0.5:81`, as of now. */
export function flowText(c: Crossing): string {
  const { src, dst, sport, dport, proto } = c;
  const ports = proto !== ICMP && (sport !== 0 || dport !== 0);
  const from = ports ? `${formatIpv4(src)}:${sport}` : formatIpv4(src);
  const to = ports ? `${formatIpv4(dst)}:${dport}` : formatIpv4(dst);
  return `${protoName(proto)} ${from} → ${to}`;
}

/** Ends the packet, silently as far as the sender can tell. */
export function drop(c: Crossing, stage: FabricStage, reason: AzureDropReason, text: string, resetsSender = false): FabricResult {
  if (c.steps !== null) c.steps.step({ stage, verb: 'DROPPED', text, reason });
  return { kind: 'drop', reason, text, resetsSender };
}

export function unknown(c: Crossing, stage: FabricStage, reason: AzureUnknownReason, text: string): FabricResult {
  if (c.steps !== null) c.steps.step({ stage, verb: 'UNKNOWN', text, reason });
  return { kind: 'unknown', reason, text };
}

/** Gives the packet a new source and tells the trace. */
export function rewriteSource(c: Crossing, stage: FabricStage, addr: Ipv4, port: number, text: Lazy<string>): void {
  if (c.steps !== null) {
    const before: Partial<Header> = { src: formatIpv4(c.src), sport: c.sport };
    c.steps.step({ stage, verb: 'REWRITTEN', text, before, after: { src: formatIpv4(addr), sport: port } });
  }
  c.packet.src = addr;
  c.packet.sport = port;
  c.src = addr;
  c.sport = port;
}

/** Gives the packet a new destination and tells the trace. */
export function rewriteDestination(c: Crossing, stage: FabricStage, addr: Ipv4, port: number, text: Lazy<string>): void {
  if (c.steps !== null) {
    const before: Partial<Header> = { dst: formatIpv4(c.dst), dport: c.dport };
    c.steps.step({ stage, verb: 'REWRITTEN', text, before, after: { dst: formatIpv4(addr), dport: port } });
  }
  c.packet.dst = addr;
  c.packet.dport = port;
  c.dst = addr;
  c.dport = port;
}
