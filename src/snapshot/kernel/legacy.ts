import type { Target } from '../../linux/netfilter/target/target.ts';
import type { World } from '../../world/world.ts';
import type { RuleHit } from './answers.ts';
import { sitesOf } from './plan.ts';
import type { TruthRule } from './truth.ts';

/**
 * iptables-legacy logs which rule was hit and not what it decided; the rule itself says that. The number behind the last rule's is the
 * policy's; of a user chain it is the way back, which nft does not tell.
 */
export function legacyRule(world: World, ns: string, hit: RuleHit): Omit<TruthRule, 'ns'> | null {
  const { table, chain, rule = 0 } = hit;
  const netns = sitesOf(world).find(({ at }) => at === ns)?.netns;
  const chains = Object.values(netns?.iptablesLegacy ?? {}).find(({ name }) => name === table)?.chains ?? [];
  const found = chains.find(({ name }) => name === chain);
  if (found === undefined) return { ...hit, verdict: 'unknown' };
  const target = found.rules[rule - 1]?.target;
  if (target !== undefined) return { ...hit, verdict: verdictOf(target) };
  return found.policy === null ? null : { table, chain, backEnd: 'legacy', at: 'policy', verdict: found.policy.toLowerCase() };
}

function verdictOf(target: Target): string {
  switch (target.t) {
    case 'jump':
    case 'goto':
      return target.t;
    case 'ACCEPT':
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT':
    case 'NETMAP':
      return 'accept';
    case 'DROP':
    case 'REJECT':
      return 'drop';
    case 'RETURN':
      return 'return';
    default:
      return 'continue';
  }
}
