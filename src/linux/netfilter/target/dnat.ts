import { setupNat } from '../../conntrack/nat.ts';
import { missing, options } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { WHOLE, natTarget, parseTo, printFlags, printTo, withFlag } from './nat-range.ts';
import type { NatTarget } from './target.ts';

/** `-j DNAT`. @source net/netfilter/xt_nat.c xt_dnat_target_v2 */
export const dnat: TargetModule<NatTarget> = {
  name: 'DNAT',
  options: options(['--to-destination', { values: 1 }], ['--random', { values: 0 }], ['--persistent', { values: 0 }]),
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  parse(uses) {
    let range = WHOLE;
    for (const use of uses) range = use.name === '--to-destination' ? { ...range, ...parseTo(use) } : withFlag(range, use);
    if (range.minAddr === null && range.minPort === 0) throw missing('-j DNAT', '--to-destination');
    return natTarget('DNAT', range);
  },
  print: (range) => ` --to-destination ${printTo(range)}${printFlags(range)}`,
  compile: (range) => (env) => setupNat(env, 'dst', range),
  describe: (range) => `changes the destination to ${printTo(range)}`,
};
