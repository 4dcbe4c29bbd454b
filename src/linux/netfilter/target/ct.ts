import { CT_INVALID, CT_NONE, CT_UNTRACKED } from '../../skb.ts';
import { options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { NotrackTarget } from './target.ts';

/** A packet that conntrack knows already, or was related to something, stays as it is. @source net/netfilter/xt_CT.c notrack_tg, xt_ct_target */
function notrack(alias: boolean): TargetModule<NotrackTarget> {
  return {
    name: alias ? 'NOTRACK' : 'CT',
    options: alias ? options() : options(['--notrack', { values: 0 }]),
    tables: ['raw'],
    hooks: ['PREROUTING', 'OUTPUT'],
    parse: () => ({ t: 'CT', alias }),
    print: () => (alias ? '' : ' --notrack'),
    compile:
      () =>
      ({ skb }) => {
        if (skb.ctInfo === CT_NONE || skb.ctInfo === CT_INVALID) skb.ctInfo = CT_UNTRACKED;
        return CONTINUE;
      },
    describe: () => 'keeps the packet out of connection tracking',
  };
}

/** `-j CT --notrack`; with any other option CT is not modelled. */
export const ct: TargetModule<NotrackTarget> = notrack(false);
export const notrackAlias: TargetModule<NotrackTarget> = notrack(true);
