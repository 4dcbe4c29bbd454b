import type { HopRecord, Recorder, StepDraft } from '../../trace/recorder.ts';
import type { Considered, Header, RuleRef, Verb } from '../../trace/trace.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';
import { ICMP } from '../../wire/proto.ts';
import type { CtEntry } from '../conntrack/entry.ts';
import type { Skb } from '../skb.ts';
import type { CompiledChain, CompiledRule } from './compiled-rule.ts';
import { DROPPED, HOOK_NAMES, type HookEnv, REJECTED, UNKNOWN } from './hook-env.ts';
import { type Visited, nearMisses } from './near-miss.ts';
import { printRule } from './print.ts';
import type { Rule, TableName } from './rule.ts';
import { CONTINUE, type TargetResult } from './target/module.ts';
import { targetModule } from './target/registry.ts';
import type { Target } from './target/target.ts';

/** What a target may change, before and after. */
interface Fields {
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly sport: number;
  readonly dport: number;
  readonly ttl: number;
  readonly mark: number;
  readonly mss: number;
}

/** The observer of one traversal; null where nobody records. */
export function observe(table: TableName, isLegacy: boolean, env: HookEnv): Observer | null {
  const { recorder } = env;
  const { hop } = env.skb;
  return recorder === null || hop === null ? null : new Observer(table, isLegacy, env, recorder, hop);
}

/** Writes down which rules a packet matched, one step each, when their effect is known. */
export class Observer {
  readonly #table: TableName;
  readonly #isLegacy: boolean;
  readonly #env: HookEnv;
  readonly #recorder: Recorder;
  readonly #hop: HopRecord;
  readonly #stage: string;
  readonly #visited: Visited[] = [];
  readonly #open: Visited[] = [];
  #before: Fields | null = null;
  #misses: Considered[] | null = null;

  constructor(table: TableName, isLegacy: boolean, env: HookEnv, recorder: Recorder, hop: HopRecord) {
    this.#table = table;
    this.#isLegacy = isLegacy;
    this.#env = env;
    this.#recorder = recorder;
    this.#hop = hop;
    this.#stage = `${table}:${HOOK_NAMES[env.hook]}`;
  }

  /** A packet begins to read a chain, by a jump or, when `isGoto`, in place of the one it read. */
  enter(chain: CompiledChain, isGoto: boolean): void {
    if (!this.#recorder.detailed) return;
    if (isGoto) this.#open.pop();
    const visited = { chain, last: Number.POSITIVE_INFINITY };
    this.#open.push(visited);
    this.#visited.push(visited);
  }

  /** It has come back to the calling chain. */
  back(): void {
    this.#open.pop();
    const caller = this.#open.at(-1);
    if (caller !== undefined) caller.last = Number.POSITIVE_INFINITY;
  }

  /** A rule that changes nothing about the packet: none, jump, goto, RETURN. */
  matched(rule: CompiledRule): void {
    this.#reached(rule);
    this.#step(rule, 'MATCHED', {});
  }

  /** ACCEPT or DROP. */
  decided(rule: CompiledRule, verdict: number): void {
    this.#reached(rule);
    const considered = this.#considered(rule.rule.target);
    this.#step(
      rule,
      verdict === DROPPED ? 'DROPPED' : 'MATCHED',
      verdict === DROPPED ? { ...considered, reason: 'NETFILTER_DROP' } : considered,
    );
  }

  /** A match could not be answered, or a chain is missing. */
  unknown(rule: CompiledRule): void {
    const { unknownReason, unknownText } = this.#env;
    this.#step(rule, 'UNKNOWN', { reason: unknownReason, text: unknownText });
  }

  /** A target is about to run. */
  before(rule: CompiledRule): void {
    this.#reached(rule);
    this.#before = fieldsOf(this.#env.skb);
    const { target } = rule.rule;
    this.#misses = this.#recorder.detailed && isTerminal(target) ? this.#nearMisses(target) : null;
  }

  /** The target has run; steps of its own have their numbers. */
  after(rule: CompiledRule, result: TargetResult): void {
    const before = this.#before ?? fieldsOf(this.#env.skb);
    const considered = this.#misses === null || this.#misses.length === 0 ? {} : { considered: this.#misses };
    if (result === UNKNOWN) this.unknown(rule);
    else if (result === DROPPED) this.#step(rule, 'DROPPED', { ...considered, reason: 'NETFILTER_DROP' });
    else if (result === REJECTED) this.#step(rule, 'REJECTED', { ...considered, reason: 'NETFILTER_DROP' });
    else this.#step(rule, ...effect(rule.rule.target, before, afterOf(this.#env.skb, rule.rule.target, result)), considered);
  }

  /** The packet came to the end of a built-in chain. */
  policy(chain: CompiledChain, policy: 'ACCEPT' | 'DROP'): void {
    const { name } = chain.chain;
    this.#recorder.step(this.#hop, {
      stage: this.#stage,
      verb: policy === 'DROP' ? 'DROPPED' : 'MATCHED',
      text: `the policy of ${name} ${policy === 'DROP' ? 'drops' : 'accepts'} the packet`,
      policy: { table: this.#table, chain: name, verdict: policy, ...(this.#isLegacy ? { backEnd: 'legacy' as const } : {}) },
      ...this.#considered({ t: policy }),
      ...(policy === 'DROP' ? { reason: 'NETFILTER_DROP' } : {}),
    });
  }

  #reached(rule: CompiledRule): void {
    const chain = this.#open.at(-1);
    if (chain !== undefined) chain.last = rule.index;
  }

  #considered(decided: Target): { considered?: Considered[] } {
    if (!this.#recorder.detailed) return {};
    const considered = this.#nearMisses(decided);
    return considered.length === 0 ? {} : { considered };
  }

  #nearMisses(decided: Target): Considered[] {
    return nearMisses(this.#env, this.#visited, decided, (rule) => refer(this.#table, this.#isLegacy, rule));
  }

  #step(compiled: CompiledRule, verb: Verb, more: Partial<StepDraft>, further: Partial<StepDraft> = {}): void {
    const { rule, chain, index } = compiled;
    const table = this.#table;
    const isLegacy = this.#isLegacy;
    this.#recorder.step(this.#hop, {
      stage: this.#stage,
      verb,
      text: () => `rule ${index} of ${chain} ${describe(rule)}`,
      rule: () => refer(table, isLegacy, compiled),
      ...more,
      ...further,
    });
  }
}

function refer(table: TableName, isLegacy: boolean, { rule, chain, index }: CompiledRule): RuleRef {
  const ref: RuleRef = { table, chain, index, text: printRule(rule, chain) };
  if (rule.origin !== null) ref.origin = rule.origin;
  if (isLegacy) ref.backEnd = 'legacy';
  return ref;
}

function describe({ target }: Rule): string {
  switch (target.t) {
    case 'none':
      return 'only counts the packet';
    case 'jump':
      return `leads to ${target.chain}`;
    case 'goto':
      return `leads to ${target.chain} for good`;
    default:
      return targetModule(target).describe(target);
  }
}

function isTerminal({ t }: Target): boolean {
  return t === 'REJECT' || t === 'DNAT' || t === 'SNAT' || t === 'MASQUERADE' || t === 'REDIRECT' || t === 'NETMAP';
}

function fieldsOf({ src, dst, sport, dport, ttl, mark, mssBytes }: Skb): Fields {
  return { src, dst, sport, dport, ttl, mark, mss: mssBytes };
}

/** The packet as it will be: NAT binds the connection first and rewrites the packet after the table. */
function afterOf(skb: Skb, target: Target, result: TargetResult): Fields {
  const fields = fieldsOf(skb);
  const { ct } = skb;
  if (result === CONTINUE || ct === null) return fields;
  switch (target.t) {
    case 'DNAT':
    case 'REDIRECT':
      return { ...fields, dst: ct.replySrc, ...(ct.proto === ICMP ? {} : { dport: ct.replySport }) };
    case 'SNAT':
    case 'MASQUERADE':
      return { ...fields, src: ct.replyDst, ...sourcePort(ct) };
    case 'NETMAP':
      return { ...fields, src: ct.replyDst, dst: ct.replySrc };
    default:
      return fields;
  }
}

function sourcePort(ct: CtEntry): { sport: number } {
  return { sport: ct.proto === ICMP ? ct.replySport : ct.replyDport };
}

/** The verb of a target that let the packet go on, and what it changed. */
function effect(target: Target, before: Fields, after: Fields): [Verb, Partial<StepDraft>] {
  const isRewritten =
    before.src !== after.src ||
    before.dst !== after.dst ||
    before.sport !== after.sport ||
    before.dport !== after.dport ||
    before.ttl !== after.ttl ||
    before.mss !== after.mss;
  const isMark = target.t === 'MARK' || target.t === 'CONNMARK' || before.mark !== after.mark;
  if (!isRewritten && !isMark) return [target.t === 'TOS' || target.t === 'DSCP' ? 'REWRITTEN' : 'MATCHED', {}];
  return [
    isRewritten ? 'REWRITTEN' : 'MARKED',
    { before: () => changed(before, after, isMark), after: () => changed(after, before, isMark) },
  ];
}

function changed(fields: Fields, other: Fields, withMark: boolean): Partial<Header> {
  const header: Partial<Header> = {};
  if (fields.src !== other.src) header.src = formatIpv4(fields.src);
  if (fields.dst !== other.dst) header.dst = formatIpv4(fields.dst);
  if (fields.sport !== other.sport) header.sport = fields.sport;
  if (fields.dport !== other.dport) header.dport = fields.dport;
  if (fields.ttl !== other.ttl) header.ttl = fields.ttl;
  if (fields.mss !== other.mss) header.mss = fields.mss;
  if (withMark) header.mark = fields.mark >>> 0;
  return header;
}
