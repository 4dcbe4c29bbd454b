import { parseDscp } from '../match/dscp.ts';
import { missing, hex2, options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { DscpTarget } from './target.ts';

const ECN_BITS = 3;

/** `-j DSCP`. @source net/netfilter/xt_DSCP.c dscp_tg */
export const dscp: TargetModule<DscpTarget> = {
  name: 'DSCP',
  options: options(['--set-dscp', { values: 1 }], ['--set-dscp-class', { values: 1 }]),
  tables: ['mangle'],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j DSCP', '--set-dscp or --set-dscp-class');
    return { t: 'DSCP', dscp: parseDscp(use) };
  },
  print: (target) => ` --set-dscp ${hex2(target.dscp)}`,
  compile:
    (target) =>
    ({ skb }) => {
      skb.tos = (skb.tos & ECN_BITS) | (target.dscp << 2);
      return CONTINUE;
    },
  describe: (target) => `sets DSCP ${hex2(target.dscp)}`,
};
