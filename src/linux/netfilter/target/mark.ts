import { type OptionUse, missing, fault, hex, markOf, options, parseNumber, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { MarkTarget } from './target.ts';

function bits(use: OptionUse): number {
  const number = parseNumber(value(use));
  if (number === null) throw fault(use, 'a 32-bit number');
  return number | 0;
}

/** The value and mask of `--set-xmark` that every way of writing a mark change comes down to. */
export function parseMarkChange(use: OptionUse): { value: number; mask: number } {
  switch (use.name) {
    case '--set-xmark':
      return markOf(use);
    case '--set-mark': {
      const { value, mask } = markOf(use);
      return { value, mask: value | mask };
    }
    case '--and-mark':
      return { value: 0, mask: ~bits(use) };
    case '--or-mark':
      return { value: bits(use), mask: bits(use) };
    default:
      return { value: bits(use), mask: 0 };
  }
}

/** `-j MARK`. @source net/netfilter/xt_mark.c mark_tg */
export const mark: TargetModule<MarkTarget> = {
  name: 'MARK',
  options: options(
    ['--set-xmark', { values: 1 }],
    ['--set-mark', { values: 1 }],
    ['--and-mark', { values: 1 }],
    ['--or-mark', { values: 1 }],
    ['--xor-mark', { values: 1 }],
  ),
  tables: [],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j MARK', '--set-xmark, --set-mark, --and-mark, --or-mark or --xor-mark');
    return { t: 'MARK', ...parseMarkChange(use) };
  },
  print: (target) => ` --set-xmark ${hex(target.value)}/${hex(target.mask)}`,
  compile:
    ({ value, mask }) =>
    ({ skb }) => {
      skb.mark = (skb.mark & ~mask) ^ value;
      return CONTINUE;
    },
  describe: ({ value, mask }) => {
    if (mask === 0) return `flips bits ${hex(value)} of the mark`;
    if (mask === value) return `sets bits ${hex(value)} of the mark`;
    return value === 0 ? `clears bits ${hex(mask)} of the mark` : `sets the mark to ${hex(value)} under mask ${hex(mask)}`;
  },
};
