import { UNKNOWN } from '../hook-env.ts';
import { options } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import type { UnmodelledTarget } from './target.ts';

/** Targets that exist and are not modelled: their text is kept. */
export const UNMODELLED_TARGETS: ReadonlySet<string> = new Set([
  'AUDIT',
  'CLUSTERIP',
  'CONNSECMARK',
  'CT',
  'ECN',
  'HMARK',
  'IDLETIMER',
  'LED',
  'NFQUEUE',
  'QUEUE',
  'RATEEST',
  'SECMARK',
  'SET',
  'SYNPROXY',
  'TEE',
  'TPROXY',
  'ULOG',
]);

/** A target whose effect nobody here knows. */
export const unmodelled: TargetModule<UnmodelledTarget> = {
  name: '',
  options: options(),
  tables: [],
  hooks: [],
  parse: () => ({ t: 'unmodelled', module: '', text: '' }),
  print: (target) => (target.text === '' ? '' : ` ${target.text}`),
  compile(target) {
    const reason = `IPT_TARGET_${target.module.toUpperCase()}`;
    const text = `the target -j ${target.module} is not modelled`;
    return (env) => {
      env.unknownReason = reason;
      env.unknownText = text;
      return UNKNOWN;
    };
  },
  describe: (target) => `hands the packet to ${target.module}, which is not modelled`,
};
