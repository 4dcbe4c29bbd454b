import { missing, options, value } from '../syntax.ts';
import type { NfacctMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m nfacct`: counts and matches always. @source net/netfilter/xt_nfacct.c nfacct_mt */
export const nfacct: MatchModule<NfacctMatch> = {
  name: 'nfacct',
  protos: [],
  pure: true,
  options: options(['--nfacct-name', { values: 1 }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m nfacct', '--nfacct-name');
    return { m: 'nfacct', name: value(use) };
  },
  print: (match) => ` --nfacct-name ${match.name}`,
  compile: () => when(() => true),
  whyNot: () => '',
};
