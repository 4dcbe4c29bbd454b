import type {
  AzureRuleRef,
  ConntrackRef,
  Considered,
  FrameTime,
  Header,
  ArpHeader,
  LegKind,
  NeighRef,
  RouteRef,
  RuleRef,
  Verb,
} from './trace.ts';

/** A value, or how to make it once the walk is over: a recorded walk formats nothing until somebody reads it. */
export type Lazy<T> = T | (() => T);

/** What a stage says of its decision. Whoever writes one captures only things that do not change any more. */
export interface StepDraft {
  readonly stage: string;
  readonly verb: Verb;
  readonly text: Lazy<string>;
  readonly before?: Lazy<Partial<Header>>;
  readonly after?: Lazy<Partial<Header>>;
  readonly rule?: Lazy<RuleRef>;
  readonly policy?: { readonly table: string; readonly chain: string; readonly verdict: string; readonly backEnd?: 'legacy' };
  readonly azureRule?: Lazy<AzureRuleRef>;
  readonly route?: Lazy<RouteRef>;
  readonly neigh?: Lazy<NeighRef>;
  readonly conntrack?: Lazy<ConntrackRef>;
  readonly considered?: Lazy<Considered[]>;
  readonly reason?: string;
}

export interface StepRecord {
  readonly seq: number;
  readonly draft: StepDraft;
}

/** A frame that crossed a device. */
export interface FrameRecord extends FrameTime {
  readonly header: Lazy<Header | ArpHeader>;
}

/** A frame as a tap on a device shows it: later fragments are not told. */
export interface TapRecord {
  readonly at: string;
  readonly dev: string;
  readonly out: boolean;
  readonly kind: LegKind;
  readonly header: Lazy<Header | ArpHeader>;
}

/** One visit of a namespace (or of the fabric) by one packet. */
export class HopRecord {
  readonly at: string;
  in: string | null = null;
  out: string | null = null;
  readonly through: string[] = [];
  rx: FrameRecord | null = null;
  tx: FrameRecord | null = null;
  /** As it came in by the port of a bridge whose own view `rx` is. */
  rxPort: FrameRecord | null = null;
  /** Fragments behind the first. */
  readonly rxFragments: FrameRecord[] = [];
  readonly txFragments: FrameRecord[] = [];
  readonly steps: StepRecord[] = [];
  /** How many of the steps a copy has in common with the packet it came from. */
  shared = 0;

  constructor(at: string) {
    this.at = at;
  }
}

/** One packet's whole way. */
export class LegRecord {
  readonly kind: LegKind;
  readonly hops: HopRecord[] = [];
  readonly copies: LegRecord[] = [];
  fragments = 0;
  /** A copy: what it is a copy of, and the hop of that in which it was made. */
  origin: LegRecord | null = null;
  forkedAt = -1;
  /** A socket took it. */
  delivered = false;
  /** TCP: whoever took it was the first to complete a handshake. */
  accepted = false;
  /** Nobody took it: it ended as a frame that was for somebody else, or on its way out of a bridge or into a tunnel. */
  foreign = false;
  /** The sender's own copy of a broadcast, which never was on the wire. */
  loopedBack = false;

  constructor(kind: LegKind) {
    this.kind = kind;
  }
}

/**
 * Takes a walk down as it happens. The engine holds `Recorder | null` and builds a step only where there is one, so a bulk walk pays
 * nothing.
 */
export class Recorder {
  readonly legs: LegRecord[] = [];
  /** Also collect near misses. */
  readonly detailed: boolean;
  /** Every frame at every device; null where nobody asks for them. */
  readonly taps: TapRecord[] | null;
  private seq = 0;
  private frames = 0;

  constructor(detailed = false, tapped = false) {
    this.detailed = detailed;
    this.taps = tapped ? [] : null;
  }

  leg(kind: LegKind): LegRecord {
    const leg = new LegRecord(kind);
    this.legs.push(leg);
    return leg;
  }

  /** A copy of a packet goes its own way from inside a hop; what it has seen there so far is shared. */
  fork(leg: LegRecord, hop: HopRecord): { leg: LegRecord; hop: HopRecord } {
    const copy = new LegRecord(leg.kind);
    copy.origin = leg;
    copy.forkedAt = leg.hops.indexOf(hop);
    const twin = new HopRecord(hop.at);
    twin.in = hop.in;
    twin.rx = hop.rx;
    twin.rxPort = hop.rxPort;
    twin.through.push(...hop.through);
    twin.steps.push(...hop.steps);
    twin.shared = hop.steps.length;
    copy.hops.push(twin);
    leg.copies.push(copy);
    return { leg: copy, hop: twin };
  }

  hop(leg: LegRecord, at: string): HopRecord {
    const hop = new HopRecord(at);
    leg.hops.push(hop);
    return hop;
  }

  /** A frame that crosses a device now. */
  frame(nowMs: number, header: Lazy<Header | ArpHeader>): FrameRecord {
    return { frame: ++this.frames, ms: nowMs, header };
  }

  /** A step that says a packet has come to its end. */
  deliveredStep(hop: HopRecord | null, text: Lazy<string>): void {
    if (hop !== null) this.step(hop, { stage: 'socket', verb: 'DELIVERED', text });
  }

  /** Numbers the step now, so call it when the decision is known. */
  step(hop: HopRecord, draft: StepDraft): void {
    hop.steps.push({ seq: ++this.seq, draft });
  }
}

/** The value of a {@link Lazy}. */
export function force<T extends object | string | null>(value: Lazy<T>): T {
  return isThunk(value) ? value() : value;
}

function isThunk<T>(value: Lazy<T>): value is () => T {
  return typeof value === 'function';
}
