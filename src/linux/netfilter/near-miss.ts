import type { Considered } from '../../trace/trace.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { protoName } from '../../wire/proto.ts';
import type { CompiledChain, CompiledRule } from './compiled-rule.ts';
import { matchModule, onInterface } from './compiled-rule.ts';
import type { HookEnv } from './hook-env.ts';
import { NO } from './match/module.ts';
import { printTarget } from './print.ts';
import type { AddressSelector, InterfaceSelector, Rule } from './rule.ts';
import { isProto, isWithin } from './selectors.ts';
import { printMasked } from './syntax.ts';
import type { Target } from './target/target.ts';

const MAX_SHOWN = 5;

/** How far a packet read in a chain. */
export interface Visited {
  readonly chain: CompiledChain;
  /** Number of the last rule it met. */
  last: number;
}

interface Miss {
  readonly chain: string;
  readonly index: number;
  readonly rule: Rule;
  readonly why: string;
  /** Lower is nearer. */
  readonly distance: number;
}

/** Far: another address altogether. Near: the rule names this very address and something else differs. */
const NEAR = 0;
const MIDDLE = 1;
const FAR = 2;

/**
 * Rules that would have decided otherwise had one selector held: at most five, the nearest first.
 * @param decided the target that decided
 */
export function nearMisses(
  env: HookEnv,
  visited: readonly Visited[],
  decided: Target,
  refer: (rule: CompiledRule) => Considered['rule'],
): Considered[] {
  const decidedText = printTarget(decided);
  const misses: (Miss & { readonly compiled: CompiledRule })[] = [];
  for (const { chain, last } of visited) {
    for (const compiled of chain.rules) {
      if (compiled.index > last) break;
      const { rule } = compiled;
      if (!decides(rule) || printTarget(rule.target) === decidedText) continue;
      const why = onlyFailure(rule, env);
      if (why === null) continue;
      misses.push({ chain: compiled.chain, index: compiled.index, rule, why: why.text, distance: distance(rule, why.isAddress), compiled });
    }
  }
  misses.sort((a, b) => a.distance - b.distance);
  return misses.slice(0, MAX_SHOWN).map(({ chain, index, rule, why, compiled }) => {
    const ref = refer(compiled);
    const what = `rule ${index} of ${chain} (${printTarget(rule.target).trim()})`;
    return ref === undefined ? { what, why } : { what, why, rule: ref };
  });
}

/** Whether a rule's target ends, refuses, translates or leads elsewhere. */
function decides({ target }: Rule): boolean {
  switch (target.t) {
    case 'none':
    case 'MARK':
    case 'CONNMARK':
    case 'LOG':
    case 'NFLOG':
    case 'TCPMSS':
    case 'TTL':
    case 'TOS':
    case 'DSCP':
    case 'CLASSIFY':
    case 'SET':
    case 'TRACE':
    case 'CHECKSUM':
    case 'CT':
      return false;
    default:
      return true;
  }
}

function distance(rule: Rule, isAddress: boolean): number {
  if (isAddress) return FAR;
  const isExact = (rule.dst?.mask === -1 && !rule.dst.not) || (rule.src?.mask === -1 && !rule.src.not);
  return isExact ? NEAR : MIDDLE;
}

interface Failure {
  readonly text: string;
  readonly isAddress: boolean;
}

/** The failing selector when exactly one fails; null otherwise. Asks nothing that would leave a trace in the session. */
function onlyFailure(rule: Rule, env: HookEnv): Failure | null {
  const { skb } = env;
  let failure: Failure | null = null;
  let count = 0;
  const fail = (text: string, isAddress: boolean): void => {
    count++;
    failure = { text, isAddress };
  };
  if (!isWithin(rule.src, skb.src)) fail(addressText('src', rule.src, skb.src), true);
  if (!isWithin(rule.dst, skb.dst)) fail(addressText('dst', rule.dst, skb.dst), true);
  if (count > 1) return null;
  if (rule.in !== null && !onInterface(rule.in, env.in)) fail(interfaceText('in-device', rule.in, env.in), false);
  if (rule.out !== null && !onInterface(rule.out, env.out)) fail(interfaceText('out-device', rule.out, env.out), false);
  if (rule.proto !== null && !isProto(rule.proto, skb.proto)) {
    fail(`protocol ${protoName(skb.proto)} is${rule.proto.not ? '' : ' not'} ${protoName(rule.proto.proto)}`, false);
    // Ports of another protocol say nothing more.
    return count === 1 && rule.matches.every((match) => PROTOCOL_MATCHES.has(match.m) || passes(match, env)) ? failure : null;
  }
  if (rule.fragment !== 'none' && skb.fragOffsetBytes > 0 !== (rule.fragment === 'only')) fail('the packet is no such fragment', false);
  for (const match of rule.matches) {
    if (count > 1) return null;
    if (!passes(match, env)) fail(matchModule(match).whyNot(match, env), false);
  }
  return count === 1 ? failure : null;
}

const PROTOCOL_MATCHES: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'icmp', 'multiport', 'tcpmss']);

function passes(match: Rule['matches'][number], env: HookEnv): boolean {
  const module = matchModule(match);
  if (!module.pure) return true;
  const { unknownReason, unknownText } = env;
  const answer = module.compile(match, '')(env);
  env.unknownReason = unknownReason;
  env.unknownText = unknownText;
  return answer !== NO;
}

function addressText(side: string, selector: AddressSelector | null, addr: AddressSelector['addr']): string {
  if (selector === null) return '';
  return `${side} ${formatIpv4(addr)} is${selector.not ? '' : ' not'} in ${printMasked(selector)}`;
}

function interfaceText(side: string, selector: InterfaceSelector, device: { readonly name: string } | null): string {
  return `${side} ${device?.name ?? 'none'} is${selector.not ? '' : ' not'} ${selector.name}${selector.prefix ? '+' : ''}`;
}
