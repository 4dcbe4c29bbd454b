import type { Ipv4 } from '../wire/ipv4.ts';
import type { Exit } from './skb.ts';

/** A listening TCP socket or a bound UDP socket. `addr` null accepts on every address. */
export interface Socket {
  readonly proto: 'tcp' | 'udp';
  readonly addr: Ipv4 | null;
  readonly port: number;
  /** SO_BINDTODEVICE. */
  readonly dev: string | null;
  /** `connected` sockets take part in demultiplexing but accept nothing new. */
  readonly peer: { readonly addr: Ipv4; readonly port: number } | null;
  /** False for a socket that takes datagrams and never answers (the kernel's own VXLAN socket). */
  readonly answers: boolean;
  /** SO_MARK, IP_TOS and IP_TTL of a socket that a probe opened. */
  readonly mark?: number;
  readonly tos?: number;
  readonly ttl?: number;
  /** How far a connection has come that a probe opens or calls forth; others stand. */
  readonly handshake?: Handshake;
  /** Who listens, e.g. `pod default/web`. */
  readonly owner: string | null;
}

/** A raw ICMP socket: the identifier of what it sends, what it is bound to, and its SO_MARK. */
export interface Pinger {
  readonly id: number;
  readonly addr: Ipv4 | null;
  readonly dev: string | null;
  readonly mark: number;
}

export interface Handshake {
  /** `syn-crossed`: both ends sent a SYN, which each has answered. @source RFC 9293 3.5 */
  state: 'syn-sent' | 'syn-crossed' | 'syn-received' | 'established' | 'closed';
  /** The sequence number that the peer goes on with; null before its SYN. @source struct tcp_sock.rcv_nxt */
  nextSeq: number | null;
  /** Both ends use timestamps. */
  isTimestamped: boolean;
  /** When it last answered a segment that it did not expect. */
  rebukedAtMs: number | null;
  /** How often its SYN-ACK was sent again: each time a tunnel has another flow of it. @source struct sock.sk_txhash */
  rehashed: number;
  /** The way that its packets go; null while there is none. @source include/net/sock.h struct sock.sk_dst_cache */
  via: Exit | null;
}

/** The sockets of one protocol and port go by one number. */
export function socketKey(proto: Socket['proto'], port: number): number {
  return (proto === 'tcp' ? 0x10000 : 0) | port;
}

/** Sockets by {@link socketKey}. */
export type SocketsByPort = ReadonlyMap<number, readonly Socket[]>;

export function indexSockets(sockets: readonly Socket[]): SocketsByPort {
  const index = new Map<number, Socket[]>();
  for (const socket of sockets) {
    const key = socketKey(socket.proto, socket.port);
    const list = index.get(key);
    if (list === undefined) index.set(key, [socket]);
    else list.push(socket);
  }
  return index;
}
