import { missing, numberOf, options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { TtlTarget } from './target.ts';

const WORD = { set: 'sets the TTL to', inc: 'raises the TTL by', dec: 'lowers the TTL by' } as const;

/** `-j TTL`. @source net/netfilter/xt_HL.c ttl_tg */
export const ttl: TargetModule<TtlTarget> = {
  name: 'TTL',
  options: options(['--ttl-set', { values: 1 }], ['--ttl-inc', { values: 1 }], ['--ttl-dec', { values: 1 }]),
  tables: ['mangle'],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j TTL', '--ttl-set, --ttl-inc or --ttl-dec');
    const op = use.name === '--ttl-set' ? 'set' : use.name === '--ttl-inc' ? 'inc' : 'dec';
    return { t: 'TTL', op, value: numberOf(use, 255, op === 'set' ? 0 : 1) };
  },
  print: ({ op, value }) => ` --ttl-${op} ${value}`,
  compile:
    ({ op, value }) =>
    ({ skb }) => {
      if (op === 'set') skb.ttl = value;
      else skb.ttl = op === 'inc' ? Math.min(255, skb.ttl + value) : Math.max(0, skb.ttl - value);
      return CONTINUE;
    },
  describe: ({ op, value }) => `${WORD[op]} ${value}`,
};
