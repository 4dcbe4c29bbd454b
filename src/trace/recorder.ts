import type { AzureRuleRef, Considered, Header, ArpHeader, LegKind, NeighRef, RouteRef, RuleRef, Verb } from './trace.ts';

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
  readonly policy?: { readonly table: string; readonly chain: string; readonly verdict: string };
  readonly azureRule?: Lazy<AzureRuleRef>;
  readonly route?: Lazy<RouteRef>;
  readonly neigh?: Lazy<NeighRef>;
  readonly considered?: Lazy<Considered[]>;
  readonly reason?: string;
}

export interface StepRecord {
  readonly seq: number;
  readonly draft: StepDraft;
}

/** One visit of a namespace (or of the fabric) by one packet. */
export class HopRecord {
  readonly at: string;
  in: string | null = null;
  out: string | null = null;
  readonly through: string[] = [];
  rx: Lazy<Header | ArpHeader> | null = null;
  tx: Lazy<Header | ArpHeader> | null = null;
  readonly steps: StepRecord[] = [];

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
  private seq = 0;

  constructor(detailed = false) {
    this.detailed = detailed;
  }

  leg(kind: LegKind): LegRecord {
    const leg = new LegRecord(kind);
    this.legs.push(leg);
    return leg;
  }

  /** A flooded or looped-back copy of a packet: its own way under the leg it came from. */
  copy(of: LegRecord): LegRecord {
    const leg = new LegRecord(of.kind);
    of.copies.push(leg);
    return leg;
  }

  hop(leg: LegRecord, at: string): HopRecord {
    const hop = new HopRecord(at);
    leg.hops.push(hop);
    return hop;
  }

  /** Numbers the step now, so call it when the decision is known. */
  step(hop: HopRecord, draft: StepDraft): void {
    hop.steps.push({ seq: ++this.seq, draft });
  }
}

/** The value of a {@link Lazy}. */
export function force<T extends object | string | null>(value: Lazy<T>): T {
  return typeof value === 'function' ? value() : value;
}
