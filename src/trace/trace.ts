/** The JSON of a trace, version 1. Fields may be added; these keep name and meaning. */
export const VERBS = [
  'ORIGINATED',
  'RECEIVED',
  'BRIDGED',
  'ROUTED',
  'MATCHED',
  'REWRITTEN',
  'MARKED',
  'TRACKED',
  'RESOLVED',
  'ENCAPSULATED',
  'DECAPSULATED',
  'TRANSMITTED',
  'DELIVERED',
  'ANSWERED',
  'DROPPED',
  'REJECTED',
  'UNKNOWN',
] as const;
export type Verb = (typeof VERBS)[number];

export const OUTCOMES = ['send-error', 'reset', 'replied', 'icmp-error', 'delivered', 'dropped', 'exits', 'loop', 'unknown'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const LEG_KINDS = ['request', 'reply', 'ack', 'reset', 'icmp-error', 'redirect', 'arp'] as const;
export type LegKind = (typeof LEG_KINDS)[number];

export interface Header {
  src: string;
  dst: string;
  proto: string;
  sport?: number;
  dport?: number;
  icmpType?: number;
  icmpCode?: number;
  ttl: number;
  smac?: string;
  dmac?: string | null;
  mark: number;
  length?: number;
  mss?: number;
  flags?: string;
  df?: boolean;
  tos?: number;
  /** IP identification; absent on a datagram that was never cut. */
  id?: number;
  /** Of a fragment: where its bytes begin in the datagram, and whether more follow. */
  fragment?: { offset: number; more: boolean };
  /** TCP sequence and acknowledgement number. */
  seqNumber?: number;
  ackNumber?: number;
  /** ICMP: next-hop MTU of a fragmentation-needed error, gateway of a redirect, and the packet that an error quotes. */
  nextHopMtu?: number;
  gateway?: string;
  quoted?: Header;
  vni?: number;
  /** The source port of an encapsulated packet, a hash of what is inside; its `sport` is 0. */
  tunnelSport?: number;
  inner?: Header | ArpHeader;
}

/** An ARP packet on an `arp` leg. */
export interface ArpHeader {
  proto: 'arp';
  op: 'request' | 'reply';
  src: string;
  dst: string;
  smac: string;
  dmac: string;
  /** The Ethernet address that the target has or is asked for. */
  targetMac?: string;
}

/** When a frame crossed a device. */
export interface FrameTime {
  /** Counts frames over the whole trace, in the kernel's time order. */
  frame: number;
  /** The clock of the walk, in milliseconds. */
  ms: number;
}

/** A frame besides those that a hop shows as `rx` and `tx`. */
export interface FurtherFrame extends FrameTime {
  header: Header | ArpHeader;
}

export interface RuleRef {
  table: string;
  chain: string;
  /** From 1, as `iptables -L --line-numbers` counts. */
  index: number;
  text: string;
  origin?: string;
  /** Given where both back ends of iptables hold rules, for those of iptables-legacy. */
  backEnd?: 'legacy';
}

export interface AzureRuleRef {
  nsg: string;
  rule: string;
  priority: number;
  access: 'Allow' | 'Deny';
  text: string;
}

export interface RouteRef {
  table: string;
  dst: string;
  type: string;
  dev?: string;
  via?: string;
  src?: string;
  metric?: number;
  tos?: number;
  origin?: string;
}

export interface NeighRef {
  ip: string;
  mac: string | null;
  dev: string;
  state: string;
}

/** How conntrack sees a packet, and the connection that it belongs to, by its original direction. */
export interface ConntrackRef {
  state: 'NEW' | 'ESTABLISHED' | 'RELATED';
  direction: 'original' | 'reply';
  orig: Tuple;
}

/** A near miss: what would have decided otherwise, and what did not match. */
export interface Considered {
  what: string;
  why: string;
  rule?: RuleRef;
}

export interface Step {
  /** Counts over the whole trace, in the kernel's time order. */
  seq: number;
  /** The kernel's or the fabric's place: `raw:PREROUTING`, `route-input`, `azure:nsg-out-nic` … */
  stage: string;
  verb: Verb;
  text: string;
  before?: Partial<Header>;
  after?: Partial<Header>;
  rule?: RuleRef;
  policy?: { table: string; chain: string; verdict: string; backEnd?: 'legacy' };
  azureRule?: AzureRuleRef;
  route?: RouteRef;
  neigh?: NeighRef;
  conntrack?: ConntrackRef;
  considered?: Considered[];
  reason?: string;
}

export interface Hop {
  /** `MACHINE/NETNS`, or `fabric/…`. */
  at: string;
  in?: string;
  out?: string;
  through?: string[];
  rx?: Header | ArpHeader;
  tx?: Header | ArpHeader;
  rxAt?: FrameTime;
  txAt?: FrameTime;
  /** The packet as it came in by the port of a bridge; `rx` is then what the bridge device itself received. */
  rxPort?: FurtherFrame;
  /** Fragments behind the first, as they came in and as they left. */
  rxFragments?: FurtherFrame[];
  txFragments?: FurtherFrame[];
  steps: Step[];
}

export interface Leg {
  kind: LegKind;
  hops: Hop[];
  fragments?: number;
  copies?: Leg[];
  alsoDelivered?: Delivered[];
}

export interface Delivered {
  at: string;
  proto: string;
  src: string;
  dst: string;
  ttl: number;
  mss?: number;
}

export interface Tuple {
  proto: string;
  src: string;
  dst: string;
  sport?: number;
  dport?: number;
}

export interface ConntrackEntry {
  orig: Tuple;
  reply: Tuple;
  status: string[];
  mark?: number;
}

export interface Choice {
  at: string;
  what: 'statistic' | 'numgen' | 'ecmp' | 'lb-hash';
  picked: number;
  of: number;
}

export interface Branch {
  index: number;
  /** How many branches there are; with `truncated`, at least so many. */
  of: number;
  odds: number;
  choices: Choice[];
  truncated?: true;
}

/** The probe as it was sent. */
export interface ProbeRef {
  from: string;
  proto: string;
  src: string | null;
  sport?: number;
  dst: string;
  dport?: number;
  ttl: number;
}

export interface Trace {
  trace: 1;
  id?: string;
  probe: ProbeRef;
  outcome: Outcome;
  /** Stable upper-case code when the outcome is not replied, delivered or exits. */
  reason: string | null;
  /** One sentence that names what decided and where. */
  text: string;
  errno: string | null;
  delivered: Delivered | null;
  reply: { from: string } | null;
  icmpErrors: { type: number; code: number; from: string }[];
  legs: Leg[];
  conntrack: Record<string, ConntrackEntry[]>;
  branch?: Branch;
  /** Not every branch was walked. */
  truncated?: true;
}
