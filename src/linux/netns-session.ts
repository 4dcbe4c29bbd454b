import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';
import { ConntrackTable } from './conntrack/table.ts';
import type { Fib } from './fib/fib.ts';
import type { OutputRoute } from './fib/fib-route.ts';
import { cloneNetfilterSession, createNetfilterSession, type NetfilterSession } from './netfilter/session.ts';
import type { Skb } from './skb.ts';
import type { Pinger, Socket } from './socket.ts';

/** A neighbour as packets taught it. `probe`: its address is known and a unicast request is on the way. */
export interface LearnedNeighbour {
  readonly ip: Ipv4;
  mac: Mac | null;
  state: 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe' | 'failed';
  /** When the state was entered, or last confirmed. */
  sinceMs: number;
  /** When the state or the Ethernet address last became another; null: before the session, nobody knows when. */
  updatedMs: number | null;
  probes: number;
  /** Packets that wait for the answer. */
  readonly queue: Skb[];
  /** A packet went out through the resolved entry: its header is cached. */
  used: boolean;
}

/** A bridge port, or a VTEP, behind which an Ethernet address was seen. */
export interface LearnedFdb {
  readonly port: string | null;
  readonly vtep: Ipv4 | null;
  /** When it was last seen there. */
  atMs: number;
}

/** Fragments of one datagram that wait for the rest. */
export interface FragmentQueue {
  readonly parts: Skb[];
}

/** @source net/ipv4/inetpeer.c struct inet_peer */
export interface ErrorBucket {
  tokensMs: number;
  lastMs: number;
  redirects: number;
}

/** What a fragmentation-needed error said of the way to an address. @source include/net/ip_fib.h struct fib_nh_exception */
export interface PathMtu {
  readonly bytes: number;
  /** It was told less than it may believe: no error changes it any more. */
  readonly locked: boolean;
  /** Clock value from which on it is forgotten. */
  readonly expiresAtMs: number;
}

/** Another gateway for an address, which a redirect named. @source include/net/ip_fib.h struct fib_nh_exception */
export interface Redirect {
  /** The gateway that said so, and on whose route it holds. */
  readonly from: Ipv4;
  readonly gateway: Ipv4;
  readonly expiresAtMs: number;
}

/** The way to a far end of a tunnel and the source that goes with it, for as long as the routes stay. @source include/net/dst_cache.h */
export interface TunnelWay {
  readonly fib: Fib;
  readonly src: Ipv4;
  readonly via: Exclude<OutputRoute, { kind: 'error' | 'unknown' }>;
}

/** The flow state of one namespace; all of it is forgotten by a fresh session. */
export interface NetnsSession {
  readonly at: string;
  /** Also forget what the tables say was learned: neighbours and FDB entries that are not permanent. */
  cold: boolean;
  readonly netfilter: NetfilterSession;
  readonly conntrack: ConntrackTable;
  /** Device → address → neighbour. */
  readonly neighbours: Map<string, Map<Ipv4, LearnedNeighbour>>;
  /** Bridge or vxlan device → Ethernet address → where it was seen. */
  readonly fdb: Map<string, Map<Mac, LearnedFdb>>;
  readonly fragments: Map<string, FragmentQueue>;
  /** Path MTU by destination and route, learned from fragmentation-needed errors, see fib/exception-name. */
  readonly pathMtus: Map<string, PathMtu>;
  /** Gateways by destination and route, learned from redirects. */
  readonly redirects: Map<string, Redirect>;
  readonly errorBuckets: Map<Ipv4, ErrorBucket>;
  /** Nobody knows when this host last told anybody of an error or of a shorter way. */
  ratesInDoubt: boolean;
  /** Route and flow → the way that its first packet took, see fib/select-path. */
  readonly multipath: Map<string, number>;
  /** The ways that tunnels have looked up, see path/vxlan. */
  readonly tunnelWays: Map<string, TunnelWay>;
  /** Default routes that others are like → which of them was taken last, see fib/select-default. */
  readonly defaults: Map<string, number>;
  /** Neighbours of the tables, by device and address, through whose entry a packet went out: its header is cached. */
  readonly usedNeighbours: Set<string>;
  /** Sockets that probes opened. */
  readonly sockets: Socket[];
  /** The raw socket of a probe that sent an echo request. */
  pinger: Pinger | null;
  /** The kernel's ICMP socket is busy: no error can be sent meanwhile. */
  icmpBusy: boolean;
  /** IP identification of the next datagram that is cut here. */
  nextIpId: number;
}

/** A namespace that has seen no packet. */
export function createNetnsSession(at: string): NetnsSession {
  return {
    at,
    cold: false,
    netfilter: createNetfilterSession(),
    conntrack: new ConntrackTable(),
    neighbours: new Map(),
    fdb: new Map(),
    fragments: new Map(),
    pathMtus: new Map(),
    redirects: new Map(),
    errorBuckets: new Map(),
    ratesInDoubt: false,
    multipath: new Map(),
    tunnelWays: new Map(),
    defaults: new Map(),
    usedNeighbours: new Set(),
    sockets: [],
    pinger: null,
    icmpBusy: false,
    nextIpId: 1,
  };
}

/** A deep copy; nothing may be on its way when it is taken. */
export function cloneNetnsSession(session: NetnsSession): NetnsSession {
  const neighbours = new Map<string, Map<Ipv4, LearnedNeighbour>>();
  for (const [dev, learned] of session.neighbours) {
    neighbours.set(dev, new Map([...learned].map(([addr, n]) => [addr, { ...n, queue: [] }])));
  }
  return {
    at: session.at,
    cold: session.cold,
    netfilter: cloneNetfilterSession(session.netfilter),
    conntrack: session.conntrack.clone(),
    neighbours,
    fdb: new Map([...session.fdb].map(([dev, learned]) => [dev, new Map([...learned].map(([mac, seen]) => [mac, { ...seen }]))])),
    fragments: new Map(),
    pathMtus: new Map(session.pathMtus),
    redirects: new Map(session.redirects),
    errorBuckets: new Map([...session.errorBuckets].map(([addr, bucket]) => [addr, { ...bucket }])),
    ratesInDoubt: session.ratesInDoubt,
    multipath: new Map(session.multipath),
    tunnelWays: new Map(session.tunnelWays),
    defaults: new Map(session.defaults),
    usedNeighbours: new Set(session.usedNeighbours),
    sockets: [...session.sockets],
    pinger: session.pinger,
    icmpBusy: false,
    nextIpId: session.nextIpId,
  };
}

/** `ip neigh replace`: the tables say now what packets had taught; a header that was cached is written anew. @source neigh_update_hhs */
export function overrideNeighbour(session: NetnsSession, dev: string, ip: Ipv4): void {
  const learned = session.neighbours.get(dev);
  if (learned?.get(ip)?.used === true) session.usedNeighbours.add(neighbourKey(dev, ip));
  learned?.delete(ip);
}

/**
 * `ip neigh del`: its cached header goes, too.
 * @returns whether packets had taught it
 */
export function forgetNeighbour(session: NetnsSession, dev: string, ip: Ipv4): boolean {
  session.usedNeighbours.delete(neighbourKey(dev, ip));
  return session.neighbours.get(dev)?.delete(ip) === true;
}

/** Of {@link NetnsSession.usedNeighbours}. */
export function neighbourKey(dev: string, ip: Ipv4): string {
  return `${dev} ${ip}`;
}
