import { missing, hex, numberOf, options } from '../syntax.ts';
import { parseMarkChange } from './mark.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { ConnmarkTarget } from './target.ts';

/** `-j CONNMARK`. @source net/netfilter/xt_connmark.c connmark_tg_shift */
export const connmark: TargetModule<ConnmarkTarget> = {
  name: 'CONNMARK',
  options: options(
    ['--set-xmark', { values: 1 }],
    ['--set-mark', { values: 1 }],
    ['--and-mark', { values: 1 }],
    ['--or-mark', { values: 1 }],
    ['--xor-mark', { values: 1 }],
    ['--save-mark', { values: 0 }],
    ['--restore-mark', { values: 0 }],
    ['--nfmask', { values: 1 }],
    ['--ctmask', { values: 1 }],
    ['--mask', { values: 1 }],
  ),
  tables: [],
  hooks: [],
  parse(uses) {
    let target: ConnmarkTarget | null = null;
    let nfmask = -1;
    let ctmask = -1;
    for (const use of uses) {
      if (use.name === '--save-mark') target = { t: 'CONNMARK', op: 'save', nfmask, ctmask };
      else if (use.name === '--restore-mark') target = { t: 'CONNMARK', op: 'restore', nfmask, ctmask };
      else if (use.name === '--nfmask') nfmask = numberOf(use) | 0;
      else if (use.name === '--ctmask') ctmask = numberOf(use) | 0;
      else if (use.name === '--mask') nfmask = ctmask = numberOf(use) | 0;
      else target = { t: 'CONNMARK', op: 'set', ...parseMarkChange(use) };
    }
    if (target === null) throw missing('-j CONNMARK', '--set-xmark, --save-mark or --restore-mark');
    return target.op === 'set' ? target : { ...target, nfmask, ctmask };
  },
  print(target) {
    if (target.op === 'set') return ` --set-xmark ${hex(target.value)}/${hex(target.mask)}`;
    return ` --${target.op}-mark --nfmask ${hex(target.nfmask)} --ctmask ${hex(target.ctmask)}`;
  },
  compile:
    (target) =>
    ({ skb }) => {
      const { ct } = skb;
      if (ct === null) return CONTINUE;
      if (target.op === 'set') ct.mark = (ct.mark & ~target.mask) ^ target.value;
      else if (target.op === 'save') ct.mark = (ct.mark & ~target.ctmask) ^ (skb.mark & target.nfmask);
      else skb.mark = (skb.mark & ~target.nfmask) ^ (ct.mark & target.ctmask);
      return CONTINUE;
    },
  describe(target) {
    if (target.op === 'set') return `sets the connection mark to ${hex(target.value)} under mask ${hex(target.mask)}`;
    return target.op === 'save' ? 'saves the mark in the connection' : 'restores the mark from the connection';
  },
};
