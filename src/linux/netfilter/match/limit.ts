import { type OptionUse, fault, numberOf, options, value } from '../syntax.ts';
import type { LimitMatch } from './match.ts';
import { type MatchModule, NO, YES } from './module.ts';

/** Tenths of a millisecond in a second. @source include/uapi/linux/netfilter/xt_limit.h XT_LIMIT_SCALE */
const SCALE = 10_000;
const DEFAULT_BURST = 5;
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['min', 60],
  ['sec', 1],
] as const;
const LONG_UNITS = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
] as const;

function parseRate(use: OptionUse): number {
  const [countText = '', unitText = 'second', ...rest] = value(use).toLowerCase().split('/');
  const unit = unitText === '' ? undefined : LONG_UNITS.find(([name]) => name.startsWith(unitText));
  const count = /^\d+$/.test(countText) ? Number(countText) : 0;
  const avg = unit === undefined || count === 0 || rest.length > 0 ? 0 : Math.floor((SCALE * unit[1]) / count);
  if (avg === 0) throw fault(use, 'a rate such as 5/minute');
  return avg;
}

function printRate(avg: number): string {
  let unit: (typeof UNITS)[number] = UNITS[0];
  for (const next of UNITS.slice(1)) {
    const perUnit = SCALE * next[1];
    if (avg > perUnit || Math.floor(perUnit / avg) < perUnit % avg) break;
    unit = next;
  }
  return `${Math.floor((SCALE * unit[1]) / avg)}/${unit[0]}`;
}

/** `-m limit`: a token bucket of the session. @source net/netfilter/xt_limit.c limit_mt */
export const limit: MatchModule<LimitMatch> = {
  name: 'limit',
  protos: [],
  pure: false,
  options: options(['--limit', { values: 1 }], ['--limit-burst', { values: 1 }]),
  parse(uses) {
    let match: LimitMatch = { m: 'limit', avg: (SCALE * 3600) / 3, burst: DEFAULT_BURST };
    for (const use of uses) {
      match = use.name === '--limit' ? { ...match, avg: parseRate(use) } : { ...match, burst: numberOf(use, 10_000) };
    }
    return match;
  },
  print: ({ avg, burst }) => ` --limit ${printRate(avg)}${burst === DEFAULT_BURST ? '' : ` --limit-burst ${burst}`}`,
  compile({ avg, burst }, key) {
    const costMs = avg / 10;
    const capMs = costMs * burst;
    return ({ stack }) => {
      const { limits } = stack.session.netfilter;
      const { nowMs } = stack.effects;
      let bucket = limits.get(key);
      if (bucket === undefined) {
        bucket = { creditMs: capMs, atMs: nowMs };
        limits.set(key, bucket);
      }
      bucket.creditMs = Math.min(capMs, bucket.creditMs + nowMs - bucket.atMs);
      bucket.atMs = nowMs;
      if (bucket.creditMs < costMs) return NO;
      bucket.creditMs -= costMs;
      return YES;
    };
  },
  whyNot: (match) => `the limit of ${printRate(match.avg)} is used up`,
};
