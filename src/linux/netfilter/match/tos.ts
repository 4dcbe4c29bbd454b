import { type OptionUse, missing, bang, fault, hex2, options, parseNumber, value } from '../syntax.ts';
import type { TosMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

const NAMES: ReadonlyMap<string, number> = new Map([
  ['minimize-delay', 0x10],
  ['maximize-throughput', 0x08],
  ['maximize-reliability', 0x04],
  ['minimize-cost', 0x02],
  ['normal-service', 0],
]);
const NAMED_MASK = 0x3f;

/** `0x10/0x3f`, `0x10` or a name. */
export function parseTos(use: OptionUse): { value: number; mask: number } {
  const text = value(use).toLowerCase();
  const named = NAMES.get(text);
  if (named !== undefined) return { value: named, mask: NAMED_MASK };
  const [low = '', high = '0xff', ...rest] = text.split('/');
  const tos = parseNumber(low, 255);
  const mask = parseNumber(high, 255);
  if (tos === null || mask === null || rest.length > 0) throw fault(use, 'a TOS value, optionally with /mask');
  return { value: tos, mask };
}

/** `-m tos`. @source net/netfilter/xt_dscp.c tos_mt */
export const tos: MatchModule<TosMatch> = {
  name: 'tos',
  protos: [],
  pure: true,
  options: options(['--tos', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m tos', '--tos');
    return { m: 'tos', ...parseTos(use), not: use.not };
  },
  print: (match) => `${bang(match)} --tos ${hex2(match.value)}/${hex2(match.mask)}`,
  compile: (match) => when(({ skb }) => ((skb.tos & match.mask) === match.value) !== match.not),
  whyNot: (match, { skb }) => `TOS ${hex2(skb.tos)} is${match.not ? '' : ' not'} ${hex2(match.value)}/${hex2(match.mask)}`,
};
