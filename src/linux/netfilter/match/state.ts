import { missing, bang, options } from '../syntax.ts';
import { parseStates, printStates, stateBits } from './ct-state.ts';
import type { StateMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m state`, the older spelling of conntrack's `--ctstate`. @source libxt_conntrack.c state_mt_reg */
export const state: MatchModule<StateMatch> = {
  name: 'state',
  protos: [],
  pure: true,
  options: options(['--state', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m state', '--state');
    return { m: 'state', mask: parseStates(use), not: use.not };
  },
  print: (match) => `${bang(match)} --state ${printStates(match.mask)}`,
  compile: ({ mask, not }) => when(({ skb }) => ((stateBits(skb) & mask) !== 0) !== not),
  whyNot: (match, { skb }) => `state ${printStates(stateBits(skb))} is${match.not ? '' : ' not'} ${printStates(match.mask)}`,
};
