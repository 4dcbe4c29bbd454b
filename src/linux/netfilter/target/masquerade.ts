import { ANY } from '../../../wire/ipv4.ts';
import { masqueradeAddress } from '../../conntrack/masquerade.ts';
import { setupNat } from '../../conntrack/nat.ts';
import { ACCEPTED, DROPPED } from '../hook-env.ts';
import { options, value } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { WHOLE, natTarget, parseToPorts, printFlags, printNatPorts, toAddress, withFlag } from './nat-range.ts';
import type { NatTarget } from './target.ts';

/** `-j MASQUERADE`. @source net/netfilter/nf_nat_masquerade.c nf_nat_masquerade_ipv4 */
export const masquerade: TargetModule<NatTarget> = {
  name: 'MASQUERADE',
  options: options(['--to-ports', { values: 1 }], ['--random', { values: 0 }], ['--random-fully', { values: 0 }]),
  tables: ['nat'],
  hooks: ['POSTROUTING'],
  parse(uses) {
    let range = WHOLE;
    for (const use of uses) range = use.name === '--to-ports' ? { ...range, ...parseToPorts(use, value(use)) } : withFlag(range, use);
    return natTarget('MASQUERADE', range);
  },
  print: (range) => `${range.minPort === 0 ? '' : ` --to-ports ${printNatPorts(range)}`}${printFlags(range)}`,
  compile: (range) => (env) => {
    const { stack, skb, out } = env;
    const { ct } = skb;
    if (ct === null || ct.origSrc === ANY) return ACCEPTED;
    const addr = out === null ? ANY : masqueradeAddress(stack.netns, skb, out);
    if (out === null || addr === ANY) {
      env.dropText = `MASQUERADE finds no address for ${out?.name ?? 'the device'}`;
      return DROPPED;
    }
    ct.masqIfindex = out.ifindex;
    return setupNat(env, 'src', toAddress(range, addr));
  },
  describe: () => 'masquerades the packet',
};
