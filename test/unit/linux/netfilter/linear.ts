import type { HookEnv } from '../../../../src/linux/netfilter/hook-env.ts';
import { MATCHES } from '../../../../src/linux/netfilter/match/registry.ts';
import type { MatchModule } from '../../../../src/linux/netfilter/match/module.ts';
import type { Match } from '../../../../src/linux/netfilter/match/match.ts';
import type { Rule, Table } from '../../../../src/linux/netfilter/rule.ts';

/** What a naive reading of a table did: the rules that matched, in order, and how it ended. */
export interface Naive {
  readonly hits: string[];
  readonly end: 'ACCEPT' | 'DROP' | 'UNKNOWN';
}

/** Reads every rule from the top, as the kernel does. Knows none of what the engine compiles. */
export function evaluateLinear(table: Table, entry: string, env: HookEnv): Naive {
  const hits: string[] = [];
  const chainOf = (name: string) => table.chains.find((chain) => chain.name === name)!;
  const walk = (name: string): 'ACCEPT' | 'DROP' | 'UNKNOWN' | null => {
    const chain = chainOf(name);
    for (const [i, rule] of chain.rules.entries()) {
      const answer = matches(rule, env);
      if (answer === 0) continue;
      hits.push(`${name} ${i + 1}`);
      if (answer === 2) return 'UNKNOWN';
      const { target } = rule;
      if (target.t === 'ACCEPT' || target.t === 'DROP') return target.t;
      if (target.t === 'RETURN') return null;
      if (target.t === 'goto') return walk(target.chain);
      if (target.t === 'MARK') env.skb.mark = (env.skb.mark & ~target.mask) ^ target.value;
      if (target.t === 'jump') {
        const end = walk(target.chain);
        if (end !== null) return end;
      }
    }
    return null;
  };
  return { hits, end: walk(entry) ?? chainOf(entry).policy ?? 'ACCEPT' };
}

function matches(rule: Rule, env: HookEnv): 0 | 1 | 2 {
  const { skb } = env;
  const address = (selector: Rule['src'], addr: number) => selector === null || ((addr & selector.mask) === selector.addr) !== selector.not;
  const device = (selector: Rule['in'], name: string) =>
    selector === null || (selector.prefix ? name.startsWith(selector.name) : name === selector.name) !== selector.not;
  if (!address(rule.src, skb.src) || !address(rule.dst, skb.dst)) return 0;
  if (!device(rule.in, env.in?.name ?? '') || !device(rule.out, env.out?.name ?? '')) return 0;
  const { proto } = rule;
  const isProto = proto === null || (skb.proto === proto.proto) !== proto.not;
  if (!isProto) return 0;
  if (rule.fragment === 'only' && skb.fragOffsetBytes === 0) return 0;
  if (rule.fragment === 'not' && skb.fragOffsetBytes > 0) return 0;
  for (const match of rule.matches) {
    const module: MatchModule<Match> = MATCHES[match.m];
    const answer = module.compile(match, 'naive')(env);
    if (answer !== 1) return answer;
  }
  return 1;
}
