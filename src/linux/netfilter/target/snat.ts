import { setupNat } from '../../conntrack/nat.ts';
import { missing, options } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { WHOLE, natTarget, parseTo, printFlags, printTo, withFlag } from './nat-range.ts';
import type { NatTarget } from './target.ts';

/** `-j SNAT`. @source net/netfilter/xt_nat.c xt_snat_target_v1 */
export const snat: TargetModule<NatTarget> = {
  name: 'SNAT',
  options: options(
    ['--to-source', { values: 1 }],
    ['--random', { values: 0 }],
    ['--random-fully', { values: 0 }],
    ['--persistent', { values: 0 }],
  ),
  tables: ['nat'],
  hooks: ['POSTROUTING', 'INPUT'],
  parse(uses) {
    let range = WHOLE;
    for (const use of uses) range = use.name === '--to-source' ? { ...range, ...parseTo(use) } : withFlag(range, use);
    if (range.minAddr === null && range.minPort === 0) throw missing('-j SNAT', '--to-source');
    return natTarget('SNAT', range);
  },
  print: (range) => ` --to-source ${printTo(range)}${printFlags(range)}`,
  compile: (range) => (env) => setupNat(env, 'src', range),
  describe: (range) => `changes the source to ${printTo(range)}`,
};
