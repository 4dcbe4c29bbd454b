import { InvariantError } from '../../wire/invariant.ts';
import type { CompiledChain, CompiledRule } from './compiled-rule.ts';
import { FLOW_ACCEPT, FLOW_DROP, FLOW_GOTO, FLOW_JUMP, FLOW_NEXT, FLOW_RETURN } from './compiled-rule.ts';
import { Program } from './compile.ts';
import type { CompiledTable } from './compiled-table.ts';
import { packetPortKey } from './dispatch.ts';
import { ACCEPTED, DROPPED, type HookEnv, REJECTED, type TableVerdict, UNKNOWN } from './hook-env.ts';
import { NO, UNSURE } from './match/module.ts';
import { type Observer, observe } from './observe.ts';
import { printSpecification } from './print.ts';
import { READS_DPORT } from './reads.ts';
import { TwoBackEnds, runBoth } from './two-back-ends.ts';
import { CONTINUE, type TargetResult } from './target/module.ts';

export { hasRules } from './compiled-table.ts';

/** Deeper nesting of chains than any kernel loads. */
const MAX_DEPTH = 512;
/** Rules that one packet is held against in one table; a kernel would take as long, and every chain entered counts for some. */
const MAX_WORK = 5_000_000;
const WORK_OF_CHAIN = 50;

/**
 * Sends a packet through one table at one hook.
 * @returns ACCEPTED when it may go on; env.dropReason or env.unknownReason say why it may not.
 * @source net/ipv4/netfilter/ip_tables.c ipt_do_table
 */
export function runTable(compiled: CompiledTable, env: HookEnv): TableVerdict {
  if (!(compiled instanceof Program)) {
    if (compiled instanceof TwoBackEnds) return runBoth(compiled, env, runTable);
    throw new InvariantError('a compiled table of foreign make');
  }
  const chain = compiled.entry(env.hook);
  if (chain === null) return ACCEPTED;
  const observer = observe(compiled.table.name, compiled.isLegacy, env);
  env.work = 0;
  const result = runChain(compiled, chain, env, 0, observer);
  if (result !== CONTINUE) return result;
  const policy = chain.chain.policy ?? 'ACCEPT';
  observer?.policy(chain, policy);
  if (policy === 'ACCEPT') return ACCEPTED;
  env.dropReason = 'NETFILTER_DROP';
  env.dropText = `the policy DROP of ${compiled.table.name}:${chain.chain.name}`;
  return DROPPED;
}

/** CONTINUE when the chain ends or returns. */
function runChain(program: Program, entered: CompiledChain, env: HookEnv, depth: number, observer: Observer | null): TargetResult {
  if (depth > MAX_DEPTH) return tooDeep(env, entered);
  let chain = entered;
  for (let isGoto = false; ; isGoto = true) {
    observer?.enter(chain, isGoto);
    const { dispatch } = chain;
    env.work += WORK_OF_CHAIN + (dispatch === null ? chain.rules.length : 0);
    if (env.work > MAX_WORK) return tooMuch(env, chain);
    const result = dispatch === null ? readThrough(program, chain, env, depth, observer) : readListed(program, chain, env, depth, observer);
    if (typeof result === 'number') return result;
    chain = result;
  }
}

const RETURN = -3;
/** What a rule leads to; a chain is where a goto goes on. */
type StepResult = TargetResult | typeof RETURN | CompiledChain;

function readThrough(
  program: Program,
  chain: CompiledChain,
  env: HookEnv,
  depth: number,
  observer: Observer | null,
): TargetResult | CompiledChain {
  const { rules } = chain;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined) break;
    const result = step(program, rule, env, depth, observer);
    if (result === RETURN) return CONTINUE;
    if (result !== CONTINUE) return result;
  }
  return CONTINUE;
}

/** Reads the lists of rules that this packet could match, merged by rule number. */
function readListed(
  program: Program,
  chain: CompiledChain,
  env: HookEnv,
  depth: number,
  observer: Observer | null,
): TargetResult | CompiledChain {
  const { rules, dispatch } = chain;
  if (dispatch === null) return CONTINUE;
  const { order } = dispatch;
  const { dst } = env.skb;
  const port = packetPortKey(env.skb);
  if (env.foresight !== null) env.foresight.reads |= READS_DPORT;
  const both = dispatch.find(dst, port);
  const byAddr = dispatch.find(dst, -1);
  const byPort = dispatch.find(0, port);
  let a = dispatch.first(both);
  let b = dispatch.first(byAddr);
  let c = dispatch.first(byPort);
  let d = 0;
  const aEnd = dispatch.end(both);
  // A fragment has no port of its own, so two look-ups may have found the same list.
  const bEnd = byAddr === both ? b : dispatch.end(byAddr);
  const cEnd = byPort === both ? c : dispatch.end(byPort);
  const dEnd = dispatch.restEnd;
  for (;;) {
    let next = rules.length;
    if (a < aEnd) next = order[a] ?? next;
    if (b < bEnd) next = Math.min(next, order[b] ?? next);
    if (c < cEnd) next = Math.min(next, order[c] ?? next);
    if (d < dEnd) next = Math.min(next, order[d] ?? next);
    const rule = rules[next];
    if (rule === undefined) return CONTINUE;
    if (a < aEnd && order[a] === next) a++;
    if (b < bEnd && order[b] === next) b++;
    if (c < cEnd && order[c] === next) c++;
    if (d < dEnd && order[d] === next) d++;
    const result = step(program, rule, env, depth, observer);
    if (result === RETURN) return CONTINUE;
    if (result !== CONTINUE) return result;
  }
}

/** Asks one rule and does what it says. */
function step(program: Program, rule: CompiledRule, env: HookEnv, depth: number, observer: Observer | null): StepResult {
  const { foresight } = env;
  if (foresight !== null && rule.selects(env) && !foresight.sees(rule)) return UNKNOWN;
  const answer = rule.matches(env);
  if (answer === NO) return CONTINUE;
  if (answer === UNSURE) {
    observer?.unknown(rule);
    return doubt(program, rule, env);
  }
  switch (rule.flow) {
    case FLOW_NEXT:
      observer?.matched(rule);
      return CONTINUE;
    case FLOW_ACCEPT:
      observer?.decided(rule, ACCEPTED);
      return ACCEPTED;
    case FLOW_DROP:
      env.dropText = '';
      observer?.decided(rule, DROPPED);
      return refuse(program, rule, env, DROPPED);
    case FLOW_RETURN:
      observer?.matched(rule);
      return RETURN;
    case FLOW_JUMP:
    case FLOW_GOTO: {
      const next = program.jump(rule);
      if (next === null) return missing(program, rule, env, observer);
      observer?.matched(rule);
      if (rule.flow === FLOW_JUMP) {
        const result = runChain(program, next, env, depth + 1, observer);
        observer?.back();
        return result;
      }
      return next;
    }
    default: {
      if (foresight !== null) return UNKNOWN;
      observer?.before(rule);
      env.dropText = '';
      const result = rule.run(env);
      observer?.after(rule, result);
      if (result === UNKNOWN) return doubt(program, rule, env);
      return result === DROPPED || result === REJECTED ? refuse(program, rule, env, result) : result;
    }
  }
}

const texts = new WeakMap<CompiledRule, string>();

/** `filter:FORWARD[3] -p tcp -j DROP (from aks-node)` */
function ruleText(program: Program, rule: CompiledRule): string {
  let text = texts.get(rule);
  if (text === undefined) {
    const { origin } = rule.rule;
    const from = origin === null ? '' : ` (from ${origin})`;
    text = `${program.isLegacy ? 'iptables-legacy ' : ''}${program.table.name}:${rule.chain}[${rule.index}]${printSpecification(rule.rule)}${from}`;
    texts.set(rule, text);
  }
  return text;
}

function refuse(program: Program, rule: CompiledRule, env: HookEnv, verdict: typeof DROPPED | typeof REJECTED): TableVerdict {
  const text = ruleText(program, rule);
  env.dropReason = 'NETFILTER_DROP';
  env.dropText = env.dropText === '' ? text : `${env.dropText}: ${text}`;
  return verdict;
}

/** A rule met something that is not modelled, and the text says what. */
function doubt(program: Program, rule: CompiledRule, env: HookEnv): typeof UNKNOWN {
  env.unknownText = `${env.unknownText}: ${ruleText(program, rule)}`;
  return UNKNOWN;
}

function missing(program: Program, rule: CompiledRule, env: HookEnv, observer: Observer | null): TableVerdict {
  env.unknownReason = 'IPT_CHAIN_MISSING';
  env.unknownText = `${rule.jump} is neither a chain nor a known target`;
  observer?.unknown(rule);
  return doubt(program, rule, env);
}

/** Chains that jump twice into the next, thirty times over, are read a thousand million times. */
function tooMuch(env: HookEnv, chain: CompiledChain): TableVerdict {
  env.unknownReason = 'IPT_BUDGET';
  env.unknownText = `the packet would be held against more than ${MAX_WORK} rules of one table, at ${chain.chain.name}`;
  return UNKNOWN;
}

function tooDeep(env: HookEnv, chain: CompiledChain): TableVerdict {
  env.unknownReason = 'IPT_DEPTH';
  env.unknownText = `chains jump into one another more than ${MAX_DEPTH} deep at ${chain.chain.name}`;
  return UNKNOWN;
}
