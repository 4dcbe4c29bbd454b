import type { Netns } from '../netns.ts';
import { printEbRule } from './ebtables-print.ts';
import { printRule } from './print.ts';
import type { Rule } from './rule.ts';

/** The rules of a namespace whose match or target is not modelled, as `iptables-save` and `ebtables-save` print them; rules count from 1. */
export function* unmodelledRules({ iptables, iptablesLegacy, ebtables }: Netns): Generator<string> {
  for (const table of [...Object.values(iptables), ...Object.values(iptablesLegacy ?? {})]) {
    for (const chain of table.chains) {
      for (const [index, rule] of chain.rules.entries()) {
        if (isUnmodelled(rule)) yield `${table.name}:${chain.name}[${index + 1}] ${printRule(rule, chain.name)}`;
      }
    }
  }
  for (const table of Object.values(ebtables ?? {})) {
    for (const chain of table.chains) {
      for (const [index, rule] of chain.rules.entries()) {
        if (rule.unmodelled.length > 0 || rule.target.t === 'unmodelled')
          yield `ebtables ${table.name}:${chain.name}[${index + 1}] ${printEbRule(rule, chain.name)}`;
      }
    }
  }
}

function isUnmodelled({ matches, target }: Rule): boolean {
  return target.t === 'unmodelled' || matches.some(({ m }) => m === 'unmodelled');
}
