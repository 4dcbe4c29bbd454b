import { parseTos } from '../match/tos.ts';
import { type OptionUse, missing, hex2, numberOf, options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { TosTarget } from './target.ts';

function parseChange(use: OptionUse): { value: number; mask: number } {
  if (use.name === '--set-tos') return parseTos(use);
  const bits = numberOf(use, 255);
  if (use.name === '--and-tos') return { value: 0, mask: ~bits & 255 };
  return { value: bits, mask: use.name === '--or-tos' ? bits : 0 };
}

/** `-j TOS`. @source net/netfilter/xt_DSCP.c tos_tg */
export const tos: TargetModule<TosTarget> = {
  name: 'TOS',
  options: options(['--set-tos', { values: 1 }], ['--and-tos', { values: 1 }], ['--or-tos', { values: 1 }], ['--xor-tos', { values: 1 }]),
  tables: ['mangle'],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j TOS', '--set-tos, --and-tos, --or-tos or --xor-tos');
    return { t: 'TOS', ...parseChange(use) };
  },
  print: ({ value, mask }) => ` --set-tos ${hex2(value)}/${hex2(mask)}`,
  compile:
    ({ value, mask }) =>
    ({ skb }) => {
      skb.tos = ((skb.tos & ~mask) ^ value) & 255;
      return CONTINUE;
    },
  describe: ({ value, mask }) => `sets TOS bits ${hex2(value)}/${hex2(mask)}`,
};
