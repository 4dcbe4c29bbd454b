import { hasBits } from '../selectors.ts';
import { missing, bang, hex, markOf, options, printMark } from '../syntax.ts';
import type { MarkMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m mark`. @source net/netfilter/xt_mark.c mark_mt */
export const mark: MatchModule<MarkMatch> = {
  name: 'mark',
  protos: [],
  pure: true,
  options: options(['--mark', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m mark', '--mark');
    return { m: 'mark', ...markOf(use), not: use.not };
  },
  print: (match) => `${bang(match)} --mark ${printMark(match.value, match.mask)}`,
  compile: (match) => when(({ skb }) => hasBits(match, skb.mark)),
  whyNot: (match, { skb }) => `mark ${hex(skb.mark)} is${match.not ? '' : ' not'} ${printMark(match.value, match.mask)}`,
};
