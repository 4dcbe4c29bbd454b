import { ICMP, TCP } from '../wire/proto.ts';
import type { Crossing } from './crossing.ts';
import { findFlow, putFlow, sweepFlows } from './flow-table.ts';
import type { NicView } from './fabric-index.ts';
import { isIcmpError } from './packet.ts';
import { type LbFlow, idOf } from './session.ts';

/** The connection was opened towards the NIC. */
const FROM_OUTSIDE = 1;
/** A load balancer brought it; the record's index is above {@link RECORD_SHIFT}. */
export const VIA_LB = 2;
/** It came by the instance-level public address. */
export const VIA_PUBLIC_IP = 4;
/** The platform opened it: a health probe. */
export const BY_PLATFORM = 8;
/** It answers a connection that SNAT keeps, longer perhaps than the NSG would. */
export const VIA_SNAT = 32;
/** Always set, so that a known flow is never 0. */
const KNOWN = 16;
const RECORD_SHIFT = 8;

/** What the NIC remembers of the connection that a packet leaving it belongs to; 0: nothing, or nothing any more. */
export function flowOut(c: Crossing, nic: NicView): number {
  if (c.proto === ICMP && isIcmpError(c.packet)) return quotedFlow(c, nic, true);
  return touch(c, nic, c.src, c.dst, flowPorts(c.proto, c.sport, c.dport));
}

/** The same for a packet that arrives. */
export function flowIn(c: Crossing, nic: NicView): number {
  if (c.proto === ICMP && isIcmpError(c.packet)) return quotedFlow(c, nic, false);
  return touch(c, nic, c.dst, c.src, flowPorts(c.proto, c.dport, c.sport));
}

function touch(c: Crossing, nic: NicView, local: number, remote: number, ports: number): number {
  const table = c.session.nicFlows;
  if (table.size === 0) return 0;
  const slot = findFlow(table, local, remote, ports, flowWord(c, nic, c.proto));
  if (slot < 0) return 0;
  const value = table.values[slot] ?? 0;
  if (isIdle(c, value, table.seenMs[slot] ?? 0)) return 0;
  table.seenMs[slot] = c.nowMs;
  return value;
}

/** A load balancer's own idle time is kept in its record. */
function isIdle(c: Crossing, value: number, seenMs: number): boolean {
  return (value & VIA_LB) === 0 && c.nowMs - seenMs > c.fabric.assumptions.nsgFlowIdleMs;
}

/** The connection that an ICMP error quotes: its packet went the other way. */
function quotedFlow(c: Crossing, nic: NicView, leaving: boolean): number {
  const { quoted } = c.packet;
  if (quoted === null || !c.fabric.assumptions.icmpErrorsFollowFlow) return 0;
  const [local, remote, lport, rport] = leaving
    ? [quoted.dst, quoted.src, quoted.dport, quoted.sport]
    : [quoted.src, quoted.dst, quoted.sport, quoted.dport];
  const word = flowWord(c, nic, quoted.proto);
  const slot = findFlow(c.session.nicFlows, local, remote, flowPorts(quoted.proto, lport, rport), word);
  return slot < 0 ? 0 : (c.session.nicFlows.values[slot] ?? 0);
}

/** ICMP has one identifier, the same both ways. */
function flowPorts(proto: number, lport: number, rport: number): number {
  return proto === ICMP ? lport | rport : (lport << 16) | rport;
}

function flowWord(c: Crossing, nic: NicView, proto: number): number {
  return (idOf(c.session, nic.nic.name) << 8) | proto;
}

/** Remembers a connection that left the NIC. False: the NIC's connection limit is reached. */
export function admitOut(c: Crossing, nic: NicView, flags: number): boolean {
  return admit(c, nic, c.src, c.dst, flowPorts(c.proto, c.sport, c.dport), flags);
}

/** Remembers a connection that came to the NIC. `record` is the load balancer's flow, from `lbRecords`. */
export function admitIn(c: Crossing, nic: NicView, flags: number, record = 0): boolean {
  return admit(c, nic, c.dst, c.src, flowPorts(c.proto, c.dport, c.sport), flags | FROM_OUTSIDE | (record << RECORD_SHIFT));
}

function admit(c: Crossing, nic: NicView, local: number, remote: number, ports: number, flags: number): boolean {
  const { nicFlows, nicFlowCounts } = c.session;
  const id = idOf(c.session, nic.nic.name);
  const before = nicFlows.size;
  const limit = flowLimit(c, nic);
  if ((nicFlowCounts[id] ?? 0) >= limit) {
    forgetIdle(c, id);
    if ((nicFlowCounts[id] ?? 0) >= limit) return false;
  }
  putFlow(nicFlows, local, remote, ports, (id << 8) | c.proto, flags | KNOWN, c.nowMs);
  if (nicFlows.size > before) nicFlowCounts[id] = (nicFlowCounts[id] ?? 0) + 1;
  return true;
}

/** A forwarding machine has each connection twice. */
export function flowLimit(c: Crossing, nic: NicView): number {
  const { flowsPerNic } = c.fabric.limits;
  return nic.nic.enableIPForwarding ? Math.floor(flowsPerNic / 2) : flowsPerNic;
}

function forgetIdle(c: Crossing, id: number): void {
  let gone = 0;
  sweepFlows(c.session.nicFlows, (word, value, seenMs) => {
    const idle = word >> 8 === id && (isIdle(c, value, seenMs) || lbFlowEnded(c, value));
    if (idle) gone++;
    return idle;
  });
  c.session.nicFlowCounts[id] = (c.session.nicFlowCounts[id] ?? 0) - gone;
}

function lbFlowEnded(c: Crossing, value: number): boolean {
  const flow = lbFlowOf(c, value);
  return flow !== null && c.nowMs - flow.seenMs > flow.idleMs;
}

/** The load balancer's record of a flow that a NIC remembers. */
export function lbFlowOf(c: Crossing, value: number): LbFlow | null {
  return (value & VIA_LB) === 0 ? null : (c.session.lbRecords[value >> RECORD_SHIFT] ?? null);
}

/** TCP only: UDP does not notice a load balancer's idle time. */
export function isExpired(c: Crossing, flow: LbFlow): boolean {
  return flow.proto === TCP && c.nowMs - flow.seenMs > flow.idleMs;
}
