import type { Target } from '../../linux/netfilter/target/target.ts';
import type { World } from '../../world/world.ts';
import type { RuleHit } from './answers.ts';
import { sitesOf } from './plan.ts';

/** iptables-legacy logs which rule was hit and not what it decided; the rule itself says that. */
export function legacyVerdict(world: World, ns: string, { table, chain, rule }: RuleHit): string {
  const netns = sitesOf(world).find(({ at }) => at === ns)?.netns;
  const chains = Object.values(netns?.iptablesLegacy ?? {}).find(({ name }) => name === table)?.chains ?? [];
  const found = chains.find(({ name }) => name === chain);
  if (found === undefined) return 'unknown';
  if (rule === undefined) return found.policy?.toLowerCase() ?? 'unknown';
  const target = found.rules[rule - 1]?.target;
  return target === undefined ? 'unknown' : verdictOf(target);
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
