import type { TruthEntry, TruthNeighbour } from './truth.ts';

/** A header as the helper decodes it, with what tells one packet of a probe from another. */
export interface TapHeader {
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly id?: number;
  readonly ttl: number;
  readonly smac: string;
  readonly dmac: string;
  readonly vni?: number;
  /** The source port of a tunnel's header, which `sport` does not tell: a hash of what is inside. */
  readonly port?: number;
  readonly ipid?: number;
  /** Other fragments follow. */
  readonly more?: true;
  /** Bytes before this fragment; absent in a first fragment and in a whole packet. */
  readonly offset?: number;
  readonly type?: number;
  readonly code?: number;
  readonly seq?: number;
  readonly ack?: number;
  /** `request`, `reply`, `ack`, `reset`, `icmp-error`, `redirect`, `arp`, or `either`: a payload too short to tell. */
  readonly part?: string;
  readonly inner?: TapHeader | null;
}

/** A frame that passed a device: nanoseconds since the probe was sent, `MACHINE/NETNS`, device, whether it went out. */
export type TapFrame = readonly [at: number, ns: string, dev: string, out: boolean, header: TapHeader];

/** A datagram or connection that reached a listening socket. */
export interface Seen {
  readonly ns: string;
  /** Which of the sockets that take datagrams. */
  readonly socket?: number;
  readonly proto: 'tcp' | 'udp';
  readonly src: string;
  readonly dst: string;
  /** Nanoseconds since the probe was sent. */
  readonly at: number;
}

/** An ICMP packet that arrived for a namespace itself. */
export interface Heard {
  readonly type: number;
  readonly code: number;
  readonly src: string;
  readonly dst: string;
  readonly id: number;
}

export interface RuleHit {
  readonly table: string;
  readonly chain: string;
  readonly rule?: number;
  readonly at?: 'policy';
  readonly verdict?: string;
  readonly backEnd?: 'legacy';
}

/** Everything that the helper saw of one probe. */
export interface RawTruth {
  readonly sentMs: number;
  /** False where packets were still moving when the helper gave up waiting. */
  readonly settled: boolean;
  /** The longest that the helper did not get to run while the probe was on its way. */
  readonly stallMs: number;
  readonly errno: string | null;
  readonly reply: string | null;
  /** The connection was refused: by a RST, or by an ICMP error. */
  readonly refused: boolean;
  readonly seen: readonly Seen[];
  readonly heard: Readonly<Record<string, readonly Heard[]>>;
  readonly frames: readonly TapFrame[];
  /** Namespaces whose taps overflowed. */
  readonly lost: readonly string[];
  readonly rules: Readonly<Record<string, readonly RuleHit[]>>;
  /** The source ports of what tunnels sent, in order, where nftables has rules; some of it no tap saw. */
  readonly tunnels?: Readonly<Record<string, readonly number[]>>;
  readonly conntrack: Readonly<Record<string, readonly TruthEntry[]>>;
  /** `REASON@function` of each packet that was dropped while the helper ran. */
  readonly drops: readonly string[];
  /** Connections that began with this probe, as they began; some may be over already. */
  readonly born: Readonly<Record<string, readonly TruthEntry[]>>;
  readonly neigh: Readonly<Record<string, readonly TruthNeighbour[]>>;
}

/** The routes of each namespace in the words of the plan, and those among them that had to be added. */
export type RawRoutes = Readonly<Record<string, { readonly all: readonly string[]; readonly added: readonly string[] }>>;

/** What the helper says of the kernel before it is asked anything. */
export interface Hello {
  readonly sysctls: Readonly<Record<string, string>>;
  readonly release: string;
  readonly tickMs: number;
}

/** A line that the helper writes. */
export type Answer =
  | { readonly hello: Hello }
  | { readonly id: number; readonly routes: RawRoutes }
  | { readonly id: number; readonly truth: RawTruth }
  | { readonly id: number; readonly done: true }
  | { readonly id: number; readonly failed: string };
