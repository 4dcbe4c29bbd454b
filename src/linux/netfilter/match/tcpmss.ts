import { TCP } from '../../../wire/proto.ts';
import { missing, bang, options, printRange, rangeOf } from '../syntax.ts';
import type { TcpmssMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m tcpmss`: a packet without the MSS option never matches. @source net/netfilter/xt_tcpmss.c tcpmss_mt */
export const tcpmss: MatchModule<TcpmssMatch> = {
  name: 'tcpmss',
  protos: [TCP],
  pure: true,
  options: options(['--mss', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m tcpmss', '--mss');
    return { m: 'tcpmss', ...rangeOf(use, 65535) };
  },
  print: (match) => `${bang(match)} --mss ${printRange(match)}`,
  compile: ({ min, max, not }) => when(({ skb }) => (skb.mssBytes === 0 ? not : (skb.mssBytes >= min && skb.mssBytes <= max) !== not)),
  whyNot: (match, { skb }) => `MSS ${skb.mssBytes} is${match.not ? '' : ' not'} ${printRange(match)}`,
};
