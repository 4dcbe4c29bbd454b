import type { UnmodelledMatch } from './match.ts';
import { type MatchModule, UNSURE } from './module.ts';

/** Modules that exist and are not modelled: their text is kept. */
export const UNMODELLED_MATCHES: ReadonlySet<string> = new Set([
  'ah',
  'bpf',
  'cgroup',
  'cluster',
  'connbytes',
  'connlabel',
  'connlimit',
  'cpu',
  'dccp',
  'devgroup',
  'ecn',
  'esp',
  'hashlimit',
  'helper',
  'ipcomp',
  'ipvs',
  'osf',
  'policy',
  'quota',
  'realm',
  'socket',
  'string',
  'time',
  'u32',
]);

/** A match whose answer nobody here knows. */
export const unmodelled: MatchModule<UnmodelledMatch> = {
  name: 'unmodelled',
  protos: [],
  pure: true,
  options: new Map(),
  parse: () => ({ m: 'unmodelled', module: '', text: '' }),
  print: (match) => (match.text === '' ? '' : ` ${match.text}`),
  compile(match) {
    const reason = `IPT_MATCH_${match.module.toUpperCase()}`;
    const text = `the match -m ${match.module} ${match.text} is not modelled`;
    return (env) => {
      env.unknownReason = reason;
      env.unknownText = text;
      return UNSURE;
    };
  },
  whyNot: () => 'not modelled',
};
