import type { Chance } from '../../stack.ts';
import { type OptionUse, missing, bang, fault, numberOf, options, value } from '../syntax.ts';
import type { StatisticMatch } from './match.ts';
import { type MatchModule, answer, when } from './module.ts';

const ONE = 0x8000_0000;

function parseProbability(use: OptionUse): number {
  const probability = /^(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?$/i.test(value(use)) ? Number(value(use)) : Number.NaN;
  if (!(probability >= 0 && probability <= 1)) throw fault(use, 'a probability from 0 to 1');
  return Math.round(probability * ONE);
}

/**
 * `-m statistic`. Random mode leaves the choice to the walk; nth counts in the session.
 * @source net/netfilter/xt_statistic.c statistic_mt
 */
export const statistic: MatchModule<StatisticMatch> = {
  name: 'statistic',
  protos: [],
  pure: false,
  options: options(
    ['--mode', { values: 1 }],
    ['--probability', { values: 1, not: true }],
    ['--every', { values: 1, not: true }],
    ['--packet', { values: 1 }],
  ),
  parse(uses) {
    const find = (name: string): OptionUse | undefined => uses.find((use) => use.name === name);
    const mode = find('--mode');
    const random = find('--probability');
    const every = find('--every');
    const packet = find('--packet');
    if (mode === undefined) throw missing('-m statistic', '--mode');
    if (value(mode) === 'random') {
      if (random === undefined) throw fault(mode, '--probability as well');
      return { m: 'statistic', mode: 'random', probability: parseProbability(random), not: random.not };
    }
    if (value(mode) !== 'nth') throw fault(mode, 'random or nth');
    if (every === undefined || packet === undefined) throw fault(mode, '--every and --packet as well');
    const n = numberOf(every, 0xffff_ffff, 1);
    return { m: 'statistic', mode: 'nth', every: n, packet: numberOf(packet, n - 1), not: every.not };
  },
  print(match) {
    if (match.mode === 'random') return ` --mode random${bang(match)} --probability ${(match.probability / ONE).toFixed(11)}`;
    return ` --mode nth${bang(match)} --every ${match.every} --packet ${match.packet}`;
  },
  compile(match, key) {
    const { not } = match;
    if (match.mode === 'nth') {
      const last = match.every - 1;
      return ({ stack }) => {
        const counters = stack.session.netfilter.nth;
        const old = counters.get(key) ?? last - match.packet;
        const next = old === last ? 0 : old + 1;
        counters.set(key, next);
        return answer((next === 0) !== not);
      };
    }
    const p = match.probability / ONE;
    if (p <= 0 || p >= 1) return when(() => p >= 1 !== not);
    const odds = [p, 1 - p];
    let chance: Chance = { what: 'statistic', at: '', odds };
    let at = '';
    return ({ stack }) => {
      if (at !== stack.at) {
        at = stack.at;
        chance = { what: 'statistic', at: `${at} ${key}`, odds };
      }
      return answer((stack.effects.choose(chance) === 0) !== not);
    };
  },
  whyNot: (match) => (match.mode === 'random' ? 'chance decided against it' : `it is not the turn of packet ${match.packet}`),
};
