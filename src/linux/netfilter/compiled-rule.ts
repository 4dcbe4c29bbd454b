import { SCTP, TCP, UDP } from '../../wire/proto.ts';
import type { CompiledTable } from './compiled-table.ts';
import type { Dispatch } from './dispatch.ts';
import type { HookEnv } from './hook-env.ts';
import type { Match, PortSelector } from './match/match.ts';
import { type Answer, type MatchEvaluator, type MatchModule, NO, YES } from './match/module.ts';
import { MATCHES } from './match/registry.ts';
import { type Reads, readsOf } from './reads.ts';
import type { Chain, InterfaceSelector, Rule } from './rule.ts';
import { CONTINUE, type TargetRunner } from './target/module.ts';
import { targetModule } from './target/registry.ts';
import type { Target } from './target/target.ts';

/** What a matched rule does to the way through the chains. */
export const FLOW_NEXT = 0;
export const FLOW_ACCEPT = 1;
export const FLOW_DROP = 2;
export const FLOW_RETURN = 3;
export const FLOW_JUMP = 4;
export const FLOW_GOTO = 5;
/** Carry out the target and see. */
const FLOW_RUN = 6;
export type Flow = 0 | 1 | 2 | 3 | 4 | 5 | 6;

const MATCH_MODULES: Readonly<Record<Match['m'], MatchModule<Match>>> = MATCHES;

/** The module that reads, prints and asks a match. */
export function matchModule(match: Match): MatchModule<Match> {
  return MATCH_MODULES[match.m];
}

/** The matches of a rule up to the first that keeps count of what it is asked: those behind it must not be asked before it. */
export function askedEarly({ matches }: Rule): readonly Match[] {
  const counts = matches.findIndex((match) => !matchModule(match).pure);
  return counts < 0 ? matches : matches.slice(0, counts);
}

/** Matches of these protocols carry ports that a rule compares itself. */
const PORT_PROTOS: ReadonlyMap<Match['m'], number> = new Map([
  ['tcp', TCP],
  ['udp', UDP],
  ['sctp', SCTP],
]);

/** A chain made ready for packets. */
export interface CompiledChain {
  readonly chain: Chain;
  readonly rules: readonly CompiledRule[];
  readonly dispatch: Dispatch | null;
}

/** A rule with everything that every packet is asked for in plain fields; 0 under a mask of 0 matches any address. */
export class CompiledRule {
  readonly rule: Rule;
  readonly chain: string;
  /** From 1. */
  readonly index: number;
  readonly src: number;
  readonly srcMask: number;
  readonly srcNot: boolean;
  readonly dst: number;
  readonly dstMask: number;
  readonly dstNot: boolean;
  /** -1: any. */
  readonly proto: number;
  readonly protoNot: boolean;
  /** The only destination port that can match; -1: any, or not that simple. */
  readonly dport: number;
  readonly in: InterfaceSelector | null;
  readonly out: InterfaceSelector | null;
  readonly fragment: Rule['fragment'];
  readonly evaluators: readonly MatchEvaluator[];
  /** What it reads of a packet besides what {@link selects} does. */
  readonly reads: Reads;
  readonly flow: Flow;
  readonly jump: string;
  readonly run: TargetRunner;
  /** The table of the last packet, and where the jump led there: tables may share chains. */
  table: CompiledTable | null = null;
  next: CompiledChain | null = null;

  constructor(rule: Rule, table: string, chain: string, index: number) {
    this.rule = rule;
    this.chain = chain;
    this.index = index;
    this.src = rule.src?.addr ?? 0;
    this.srcMask = rule.src?.mask ?? 0;
    this.srcNot = rule.src?.not ?? false;
    this.dst = rule.dst?.addr ?? 0;
    this.dstMask = rule.dst?.mask ?? 0;
    this.dstNot = rule.dst?.not ?? false;
    this.proto = rule.proto?.proto ?? -1;
    this.protoNot = rule.proto?.not ?? false;
    this.in = rule.in;
    this.out = rule.out;
    this.fragment = rule.fragment;
    const key = `${table}:${chain}:${index}`;
    const evaluators: MatchEvaluator[] = [];
    let dport = -1;
    const early = askedEarly(rule);
    for (const match of rule.matches) {
      if (match.m === 'comment' || match.m === 'nfacct') continue;
      const port = early.includes(match) ? this.simplePort(match) : -1;
      if (port >= 0 && dport < 0) dport = port;
      else evaluators.push(matchModule(match).compile(match, key));
    }
    this.dport = dport;
    this.evaluators = evaluators.length === 0 ? NONE : evaluators;
    this.reads = readsOf(rule.matches);
    const { target } = rule;
    this.jump = target.t === 'jump' || target.t === 'goto' ? target.chain : '';
    this.flow = flowOf(rule);
    this.run = runnerOf(target);
  }

  /** The port of `-p tcp -m tcp --dport 80` and nothing else; -1 for any other match. */
  private simplePort(match: Match): number {
    if (this.protoNot || PORT_PROTOS.get(match.m) !== this.proto) return -1;
    if (match.m !== 'tcp' && match.m !== 'udp' && match.m !== 'sctp') return -1;
    if (match.m === 'tcp' && (match.flags !== null || match.option !== null)) return -1;
    return match.sport === null && isOne(match.dport) ? match.dport.min : -1;
  }

  /** Asks all selectors in the kernel's order. */
  matches(env: HookEnv): Answer {
    if (!this.selects(env)) return NO;
    const { skb } = env;
    if (this.dport >= 0 && (skb.dport !== this.dport || skb.fragOffsetBytes > 0)) return NO;
    const { evaluators } = this;
    for (let i = 0; i < evaluators.length; i++) {
      const answer = evaluators[i]?.(env) ?? YES;
      if (answer !== YES) return answer;
    }
    return YES;
  }

  /** Asks the selectors that every rule has. */
  selects(env: HookEnv): boolean {
    const { skb } = env;
    if (((skb.src & this.srcMask) === this.src) === this.srcNot) return false;
    if (((skb.dst & this.dstMask) === this.dst) === this.dstNot) return false;
    if (this.in !== null && !onInterface(this.in, env.in)) return false;
    if (this.out !== null && !onInterface(this.out, env.out)) return false;
    if (this.proto >= 0 && (skb.proto === this.proto) === this.protoNot) return false;
    return this.fragment === 'none' || skb.fragOffsetBytes > 0 === (this.fragment === 'only');
  }
}

const NONE: readonly MatchEvaluator[] = [];
const GO_ON: TargetRunner = () => CONTINUE;

function isOne(ports: PortSelector | null): ports is PortSelector {
  return ports !== null && !ports.not && ports.min === ports.max;
}

function runnerOf(target: Target): TargetRunner {
  switch (target.t) {
    case 'none':
    case 'jump':
    case 'goto':
      return GO_ON;
    default:
      return targetModule(target).compile(target);
  }
}

function flowOf({ target }: Rule): Flow {
  switch (target.t) {
    case 'none':
      return FLOW_NEXT;
    case 'ACCEPT':
      return FLOW_ACCEPT;
    case 'DROP':
      return FLOW_DROP;
    case 'RETURN':
      return FLOW_RETURN;
    case 'jump':
      return FLOW_JUMP;
    case 'goto':
      return FLOW_GOTO;
    default:
      return FLOW_RUN;
  }
}

/** A packet without a device has the empty name. @source net/ipv4/netfilter/ip_tables.c ip_packet_match */
export function onInterface(selector: InterfaceSelector, device: { readonly name: string } | null): boolean {
  const name = device === null ? '' : device.name;
  return (selector.prefix ? name.startsWith(selector.name) : name === selector.name) !== selector.not;
}
