import { missing, bang, hex, markOf, options, printMark } from '../syntax.ts';
import type { ConnmarkMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m connmark`; a packet without a connection never matches. @source net/netfilter/xt_connmark.c connmark_mt */
export const connmark: MatchModule<ConnmarkMatch> = {
  name: 'connmark',
  protos: [],
  pure: true,
  options: options(['--mark', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m connmark', '--mark');
    return { m: 'connmark', ...markOf(use), not: use.not };
  },
  print: (match) => `${bang(match)} --mark ${printMark(match.value, match.mask)}`,
  compile: ({ value, mask, not }) => when(({ skb }) => skb.ct !== null && ((skb.ct.mark & mask) === value) !== not),
  whyNot(match, { skb }) {
    if (skb.ct === null) return 'the packet belongs to no connection';
    return `connection mark ${hex(skb.ct.mark)} is${match.not ? '' : ' not'} ${printMark(match.value, match.mask)}`;
  },
};
