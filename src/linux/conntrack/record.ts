import type { Ipv4 } from '../../wire/ipv4.ts';

/** One direction of a connection. For ICMP echo both ports are the identifier. */
export interface CtTuple {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly sport: number;
  readonly dport: number;
}

/** A conntrack entry as plain data, as `conntrack -L` prints it: what a session starts from and what it can be asked for. */
export interface CtRecord {
  readonly proto: number;
  readonly orig: CtTuple;
  /** The tuple that a reply has; where it is not the mirror of `orig`, NAT is the difference. */
  readonly reply: CtTuple;
  readonly icmpType: number | null;
  readonly seenReply: boolean;
  readonly assured: boolean;
  /** `ESTABLISHED`, `SYN_SENT` …; null for other protocols. */
  readonly tcpState: string | null;
  readonly mark: number;
  /** Seconds until it expires, where the listing says. */
  readonly timeoutSeconds: number | null;
}
