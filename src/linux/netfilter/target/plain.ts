import { fillChecksum } from '../../checksum.ts';
import { options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { PlainTarget } from './target.ts';

/** `-j TRACE`: every rule is recorded anyway. */
export const trace: TargetModule<PlainTarget> = {
  name: 'TRACE',
  options: options(),
  tables: ['raw'],
  hooks: [],
  parse: () => ({ t: 'TRACE' }),
  print: () => '',
  compile: () => () => CONTINUE,
  describe: () => 'traces the packet',
};

/** `-j CHECKSUM`: no device fills in what is done already. @source net/netfilter/xt_CHECKSUM.c checksum_tg */
export const checksum: TargetModule<PlainTarget> = {
  name: 'CHECKSUM',
  options: options(['--checksum-fill', { values: 0 }]),
  tables: ['mangle'],
  hooks: [],
  parse: () => ({ t: 'CHECKSUM' }),
  print: () => ' --checksum-fill',
  compile:
    () =>
    ({ skb }) => {
      fillChecksum(skb);
      return CONTINUE;
    },
  describe: () => 'fills in the checksum',
};
