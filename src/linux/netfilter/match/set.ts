import { testIpset } from '../ipset/test.ts';
import { type OptionUse, missing, bang, fault, numberOf, options, value } from '../syntax.ts';
import type { CounterCondition, SetMatch } from './match.ts';
import { type MatchModule, UNSURE } from './module.ts';

const MAX_DIMS = 6;

/** `src,dst`: which end of the packet each dimension of a set reads. */
export function parseDims(use: OptionUse): ('src' | 'dst')[] {
  const dims = value(use, 1)
    .split(',')
    .map((word) => {
      if (word !== 'src' && word !== 'dst') throw fault(use, 'src or dst for each dimension, separated by commas');
      return word;
    });
  if (dims.length > MAX_DIMS) throw fault(use, `at most ${MAX_DIMS} dimensions`);
  return dims;
}

const CONDITION = /^--(?:packets|bytes)-(eq|lt|gt)$/;

function condition(use: OptionUse): CounterCondition {
  const op = CONDITION.exec(use.name)?.[1];
  return { op: op === 'lt' || op === 'gt' ? op : 'eq', value: numberOf(use, Number.MAX_SAFE_INTEGER), not: use.not };
}

function withOption(match: SetMatch, use: OptionUse): SetMatch {
  switch (use.name) {
    case '--match-set':
      return { ...match, set: value(use), dims: parseDims(use), not: use.not };
    case '--return-nomatch':
      return { ...match, returnNomatch: true };
    case '--update-counters':
      return { ...match, updateCounters: !use.not };
    case '--update-subcounters':
      return { ...match, updateSubcounters: !use.not };
    default:
      return use.name.startsWith('--packets') ? { ...match, packets: condition(use) } : { ...match, bytes: condition(use) };
  }
}

function printCondition(kind: string, c: CounterCondition | null): string {
  return c === null ? '' : `${bang(c)} --${kind}-${c.op} ${c.value}`;
}

/** `-m set`. @source net/netfilter/xt_set.c set_match_v4 */
export const set: MatchModule<SetMatch> = {
  name: 'set',
  protos: [],
  pure: true,
  options: options(
    ['--match-set', { values: 2, not: true }],
    ['--return-nomatch', { values: 0 }],
    ['--update-counters', { values: 0, not: true }],
    ['--update-subcounters', { values: 0, not: true }],
    ['--packets-eq', { values: 1, not: true }],
    ['--packets-lt', { values: 1 }],
    ['--packets-gt', { values: 1 }],
    ['--bytes-eq', { values: 1, not: true }],
    ['--bytes-lt', { values: 1 }],
    ['--bytes-gt', { values: 1 }],
  ),
  parse(uses) {
    let match: SetMatch = {
      m: 'set',
      set: '',
      dims: [],
      not: false,
      returnNomatch: false,
      updateCounters: true,
      updateSubcounters: true,
      packets: null,
      bytes: null,
    };
    for (const use of uses) match = withOption(match, use);
    if (match.set === '') throw missing('-m set', '--match-set');
    return match;
  },
  print(match) {
    return [
      `${bang(match)} --match-set ${match.set} ${match.dims.join(',')}`,
      match.returnNomatch ? ' --return-nomatch' : '',
      match.updateCounters ? '' : ' ! --update-counters',
      match.updateSubcounters ? '' : ' ! --update-subcounters',
      printCondition('packets', match.packets),
      printCondition('bytes', match.bytes),
    ].join('');
  },
  compile(match) {
    if (match.packets !== null || match.bytes !== null) {
      return (env) => {
        env.unknownReason = 'IPSET_COUNTERS';
        env.unknownText = `the counters of ipset ${match.set} are not modelled`;
        return UNSURE;
      };
    }
    return (env) => testIpset(env, match.set, match.dims, match.returnNomatch, match.not);
  },
  whyNot: (match) => `${match.dims.join(',')} ${match.not ? 'is' : 'is not'} in ipset ${match.set}`,
};
