import { missing, bang, options, printRange, rangeOf } from '../syntax.ts';
import type { LengthMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m length`: the total length of the IP packet. @source net/netfilter/xt_length.c length_mt */
export const length: MatchModule<LengthMatch> = {
  name: 'length',
  protos: [],
  pure: true,
  options: options(['--length', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m length', '--length');
    return { m: 'length', ...rangeOf(use, 65535) };
  },
  print: (match) => `${bang(match)} --length ${printRange(match)}`,
  compile: ({ min, max, not }) => when(({ skb }) => (skb.lengthBytes >= min && skb.lengthBytes <= max) !== not),
  whyNot: (match, { skb }) => `length ${skb.lengthBytes} is${match.not ? '' : ' not'} ${printRange(match)}`,
};
