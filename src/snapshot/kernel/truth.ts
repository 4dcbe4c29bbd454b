/** A header as packet taps saw it. */
export interface TruthHeader {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  /** The ICMP echo identifier. */
  readonly id?: number;
  readonly ttl: number;
  readonly smac: string;
  readonly dmac: string;
  readonly vni?: number;
}

/** A frame that passed a device. */
export interface TruthFrame {
  /** `MACHINE/NETNS`. */
  readonly ns: string;
  readonly dev: string;
  readonly out: boolean;
  readonly header: TruthHeader;
}

/** One visit of a namespace by a packet. */
export interface TruthHop {
  /** `MACHINE/NETNS`. */
  readonly ns: string;
  readonly in?: string;
  readonly out?: string;
  readonly through?: readonly string[];
  readonly rx?: TruthHeader;
  readonly tx?: TruthHeader;
}

export interface TruthTuple {
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly id?: number;
}

export interface TruthEntry {
  readonly orig: TruthTuple;
  readonly reply: TruthTuple;
  readonly status: readonly string[];
  readonly mark?: number;
}

/** A rule or a policy that was hit; rules count from 1. */
export interface TruthRule {
  readonly ns: string;
  readonly backEnd?: 'legacy';
  readonly table: string;
  readonly chain: string;
  readonly rule?: number;
  readonly at?: 'policy';
  readonly verdict: string;
}

export interface TruthNeighbour {
  readonly dev: string;
  readonly ip: string;
  readonly mac: string | null;
  readonly state: string;
}

/** What the kernel did with one probe, recorded or live. */
export interface TruthProbe {
  readonly probe: { readonly id: string; readonly from: string; readonly proto: string };
  readonly outcome: string;
  readonly sendErrno: string | null;
  readonly delivered: { readonly ns: string; readonly proto: string; readonly src: string; readonly dst: string } | null;
  readonly reply: { readonly from: string } | null;
  readonly icmpErrors: readonly { readonly type: number; readonly code: number; readonly from: string }[];
  /** Whom redirects reached; the recordings do not tell. */
  readonly redirected?: readonly string[];
  readonly hops: readonly TruthHop[];
  readonly replyHops: readonly TruthHop[];
  /** All that taps saw of the request and of the answer, where that does not tell one way alone; not in recordings. */
  readonly frames?: { readonly request: readonly TruthFrame[] | null; readonly reply: readonly TruthFrame[] | null };
  readonly trace: readonly TruthRule[];
  readonly conntrack: Readonly<Record<string, readonly TruthEntry[]>>;
  /** Connections as they began, with those that a RST has ended since; not in recordings. */
  readonly born?: Readonly<Record<string, readonly TruthEntry[]>>;
  readonly neigh: Readonly<Record<string, readonly TruthNeighbour[]>>;
  readonly drops: readonly string[];
}
