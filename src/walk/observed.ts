import type { CtEntry } from '../linux/conntrack/entry.ts';
import type { Skb } from '../linux/skb.ts';
import type { LegKind } from '../trace/trace.ts';
import type { Ipv4 } from '../wire/ipv4.ts';

/** A packet that reached a socket, as the socket sees it. */
export interface Delivery {
  readonly at: string;
  readonly proto: number;
  readonly src: Ipv4;
  readonly sport: number;
  readonly dst: Ipv4;
  readonly dport: number;
  readonly ttl: number;
  readonly mssBytes: number;
}

/** A packet that ended on its way. */
export interface Drop {
  readonly at: string;
  readonly reason: string;
  readonly text: string;
  readonly leg: LegKind;
  readonly isCopy: boolean;
  readonly skb: Skb;
}

/** What the sender and everybody else noticed of one probe. */
export interface Observed {
  delivered: Delivery | null;
  /** Further receivers of the request, and further copies that the same one got. */
  readonly alsoDelivered: Delivery[];
  /** TCP: whoever took the request has completed a handshake. */
  isAccepted: boolean;
  reply: Delivery | null;
  isReset: boolean;
  readonly icmpErrors: { readonly type: number; readonly code: number; readonly from: Ipv4 }[];
  /** Whom redirects reached, whoever it was. */
  readonly redirected: string[];
  sendError: { readonly errno: string; readonly text: string } | null;
  readonly drops: Drop[];
  unknown: { readonly reason: string; readonly text: string; readonly at: string } | null;
  /** The place and device by which the packet left the model. */
  exit: string | null;
  isLoop: boolean;
  /** Who was to forward a packet in its last hops, in order. */
  readonly fading: { readonly at: string; readonly skb: Skb }[];
  /** Connections met, by namespace; null where a walk is not recorded. */
  tracked: Map<string, Set<CtEntry>> | null;
}

export function nothingObserved(): Observed {
  return {
    delivered: null,
    alsoDelivered: [],
    isAccepted: false,
    reply: null,
    isReset: false,
    icmpErrors: [],
    redirected: [],
    sendError: null,
    drops: [],
    unknown: null,
    exit: null,
    isLoop: false,
    fading: [],
    tracked: null,
  };
}
