import { missing, numberOf, options } from '../syntax.ts';
import type { TtlMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

const OPTION = { eq: '--ttl-eq', ne: '! --ttl-eq', lt: '--ttl-lt', gt: '--ttl-gt' } as const;
const WORD = { eq: 'not', ne: '', lt: 'not below', gt: 'not above' } as const;

/** `-m ttl`. In FORWARD the TTL is already one less. @source net/netfilter/xt_hl.c ttl_mt */
export const ttl: MatchModule<TtlMatch> = {
  name: 'ttl',
  protos: [],
  pure: true,
  options: options(
    ['--ttl-eq', { values: 1, not: true }],
    ['--ttl', { values: 1, not: true, as: '--ttl-eq' }],
    ['--ttl-lt', { values: 1 }],
    ['--ttl-gt', { values: 1 }],
  ),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m ttl', '--ttl-eq, --ttl-lt or --ttl-gt');
    const op = use.name === '--ttl-lt' ? 'lt' : use.name === '--ttl-gt' ? 'gt' : use.not ? 'ne' : 'eq';
    return { m: 'ttl', op, ttl: numberOf(use, 255) };
  },
  print: (match) => ` ${OPTION[match.op]} ${match.ttl}`,
  compile(match) {
    switch (match.op) {
      case 'eq':
        return when(({ skb }) => skb.ttl === match.ttl);
      case 'ne':
        return when(({ skb }) => skb.ttl !== match.ttl);
      case 'lt':
        return when(({ skb }) => skb.ttl < match.ttl);
      case 'gt':
        return when(({ skb }) => skb.ttl > match.ttl);
    }
  },
  whyNot: (match, { skb }) => `TTL ${skb.ttl} is ${WORD[match.op]} ${match.ttl}`.replace('  ', ' '),
};
