import type { Ipv4 } from '../wire/ipv4.ts';
import { TCP, UDP } from '../wire/proto.ts';
import { type FlowTable, findFlow, putFlow, removeFlow } from './flow-table.ts';
import { type FabricSession, type SnatFlow, idOf } from './session.ts';

/** The public addresses and ports that one sender may use. */
export interface SnatPool {
  /** Who owns the bindings: a load balancer or a NAT gateway. */
  readonly owner: string;
  /** How many ports. */
  readonly count: number;
  /** The public address and port at a place in the pool. */
  readonly addrAt: (place: number) => Ipv4;
  readonly portAt: (place: number) => number;
  /** On-demand pools go round; fixed ones take the lowest free port. */
  readonly roundRobin: boolean;
  readonly idleMs: number;
  readonly udpIdleMs: number;
  readonly tcpReset: boolean;
  /** How long a port rests after the connection was closed. */
  readonly finHoldMs: number;
  readonly rstHoldMs: number;
}

export interface InsideTuple {
  readonly nic: string;
  readonly src: Ipv4;
  readonly sport: number;
  readonly dst: Ipv4;
  readonly dport: number;
  readonly proto: number;
}

/** UDP is bound by remote address, TCP by remote address and port. */
function remotePort(proto: number, port: number): number {
  return proto === UDP ? 0 : port;
}

/** The binding of an inside connection, alive or run out; null when there is none. */
export function bindingOf(session: FabricSession, owner: string, t: InsideTuple): SnatFlow | null {
  const ports = (t.sport << 16) | remotePort(t.proto, t.dport);
  return recordAt(session, findFlow(session.snatOut, t.src, t.dst, ports, (idOf(session, owner) << 8) | t.proto), session.snatOut);
}

/**
 * The binding that a packet from outside belongs to; null when nobody opened it, and for UDP also when the inside socket never wrote to
 * that remote port (port-restricted cone).
 */
export function bindingFor(
  session: FabricSession,
  publicIp: Ipv4,
  publicPort: number,
  remote: Ipv4,
  rport: number,
  proto: number,
): SnatFlow | null {
  const ports = (publicPort << 16) | remotePort(proto, rport);
  const flow = recordAt(session, findFlow(session.snatIn, publicIp, remote, ports, proto), session.snatIn);
  return flow?.dports.includes(rport) === true ? flow : null;
}

function recordAt(session: FabricSession, slot: number, table: FlowTable): SnatFlow | null {
  return slot < 0 ? null : (session.snatRecords[(table.values[slot] ?? 0) - 1] ?? null);
}

/**
 * Finds a public port for a new connection. A TCP port is shared by connections that differ in destination address or port; a UDP port by
 * destinations that differ in address.
 * @returns null when every port of the pool is taken towards this destination
 * @source load-balancer-outbound-connections
 */
export function bind(session: FabricSession, pool: SnatPool, t: InsideTuple, nowMs: number): SnatFlow | null {
  const place = conePlace(session, pool, t, nowMs) ?? freePlace(session, pool, t, nowMs);
  if (place === null) return null;
  const id = session.snatFree.pop() ?? session.snatRecords.length;
  const flow: SnatFlow = {
    id,
    owner: pool.owner,
    nic: t.nic,
    src: t.src,
    sport: t.sport,
    dst: t.dst,
    dports: [t.dport],
    proto: t.proto,
    publicIp: pool.addrAt(place),
    publicPort: pool.portAt(place),
    offset: place,
    idleMs: t.proto === TCP ? pool.idleMs : pool.udpIdleMs,
    tcpReset: pool.tcpReset,
    finHoldMs: pool.finHoldMs,
    rstHoldMs: pool.rstHoldMs,
    expiresAtMs: nowMs + (t.proto === TCP ? pool.idleMs : pool.udpIdleMs),
    closing: 0,
  };
  session.snatRecords[id] = flow;
  const word = (idOf(session, pool.owner) << 8) | t.proto;
  const far = remotePort(t.proto, t.dport);
  putFlow(session.snatOut, t.src, t.dst, (t.sport << 16) | far, word, id + 1, nowMs);
  putFlow(session.snatIn, flow.publicIp, t.dst, (flow.publicPort << 16) | far, t.proto, id + 1, nowMs);
  if (t.proto === UDP) putFlow(session.snatCone, t.src, 0, t.sport, word, id + 1, nowMs);
  return flow;
}

/** The port that the same UDP socket has towards another address, where it is free here too. */
function conePlace(session: FabricSession, pool: SnatPool, t: InsideTuple, nowMs: number): number | null {
  if (t.proto !== UDP) return null;
  const slot = findFlow(session.snatCone, t.src, 0, t.sport, (idOf(session, pool.owner) << 8) | UDP);
  const latest = recordAt(session, slot, session.snatCone);
  if (latest === null || latest.src !== t.src || latest.sport !== t.sport || latest.expiresAtMs <= nowMs) return null;
  return latest.offset < pool.count && isFree(session, pool, latest.offset, t, nowMs) ? latest.offset : null;
}

function freePlace(session: FabricSession, pool: SnatPool, t: InsideTuple, nowMs: number): number | null {
  const start = pool.roundRobin ? (session.natCursors.get(pool.owner) ?? 0) : 0;
  for (let tried = 0; tried < pool.count; tried++) {
    const place = (start + tried) % pool.count;
    if (!isFree(session, pool, place, t, nowMs)) continue;
    if (pool.roundRobin) session.natCursors.set(pool.owner, (place + 1) % pool.count);
    return place;
  }
  return null;
}

function isFree(session: FabricSession, pool: SnatPool, place: number, t: InsideTuple, nowMs: number): boolean {
  const ports = (pool.portAt(place) << 16) | remotePort(t.proto, t.dport);
  const slot = findFlow(session.snatIn, pool.addrAt(place), t.dst, ports, t.proto);
  if (slot < 0) return true;
  const holder = recordAt(session, slot, session.snatIn);
  if (holder === null) return true;
  if (holder.expiresAtMs > nowMs) return false;
  release(session, holder);
  return true;
}

/** Forgets a binding; its port is free at once. */
export function release(session: FabricSession, flow: SnatFlow): void {
  const far = remotePort(flow.proto, flow.dports[0] ?? 0);
  const word = (idOf(session, flow.owner) << 8) | flow.proto;
  const forget = (table: FlowTable, slot: number): void => {
    if (slot >= 0 && table.values[slot] === flow.id + 1) removeFlow(table, slot);
  };
  forget(session.snatOut, findFlow(session.snatOut, flow.src, flow.dst, (flow.sport << 16) | far, word));
  forget(session.snatIn, findFlow(session.snatIn, flow.publicIp, flow.dst, (flow.publicPort << 16) | far, flow.proto));
  forget(session.snatCone, findFlow(session.snatCone, flow.src, 0, flow.sport, word));
  if (session.snatRecords[flow.id] !== flow) return;
  session.snatRecords[flow.id] = null;
  session.snatFree.push(flow.id);
}

const FIN = 1;
const RST = 4;
/** Bits of `closing`: a FIN went out, a FIN came in, nothing more is expected. */
const FIN_OUT = 1;
const FIN_IN = 2;
const CLOSED = 4;

/** A packet used a binding: it lives on, or begins to close. */
export function use(flow: SnatFlow, tcpFlags: number, fromInside: boolean, nowMs: number): void {
  if (flow.proto === TCP && (tcpFlags & RST) !== 0) {
    flow.closing |= CLOSED;
    flow.expiresAtMs = nowMs + flow.rstHoldMs;
    return;
  }
  if (flow.proto === TCP && (tcpFlags & FIN) !== 0) flow.closing |= fromInside ? FIN_OUT : FIN_IN;
  const closed = (flow.closing & (FIN_OUT | FIN_IN)) === (FIN_OUT | FIN_IN) || (flow.closing & CLOSED) !== 0;
  flow.expiresAtMs = nowMs + (closed ? flow.finHoldMs : flow.idleMs);
  if (closed) flow.closing |= CLOSED;
}

export function isClosed(flow: SnatFlow): boolean {
  return (flow.closing & CLOSED) !== 0;
}

/** All live bindings: for display and for checks. */
export function liveBindings(session: FabricSession, nowMs: number): SnatFlow[] {
  return session.snatRecords.filter((flow): flow is SnatFlow => flow !== null && flow.expiresAtMs > nowMs);
}
