import { type Ipv4, compareIpv4, formatIpv4, parseIpv4 } from '../../../wire/ipv4.ts';
import { type OptionUse, missing, bang, fault, options, value } from '../syntax.ts';
import type { AddressRange, IprangeMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

function parseRange(use: OptionUse): AddressRange {
  const [low = '', high = low, ...rest] = value(use).split('-');
  const from = parseIpv4(low);
  const to = parseIpv4(high);
  if (from === null || to === null || rest.length > 0 || compareIpv4(from, to) > 0) throw fault(use, 'an address or a range first-last');
  return { from, to, not: use.not };
}

function print(option: string, range: AddressRange | null): string {
  return range === null ? '' : `${bang(range)} ${option} ${text(range)}`;
}

function text(range: AddressRange): string {
  return `${formatIpv4(range.from)}-${formatIpv4(range.to)}`;
}

function within(range: AddressRange | null, addr: Ipv4): boolean {
  return range === null || (addr >>> 0 >= range.from >>> 0 && addr >>> 0 <= range.to >>> 0) !== range.not;
}

/** `-m iprange`. @source net/netfilter/xt_iprange.c iprange_mt4 */
export const iprange: MatchModule<IprangeMatch> = {
  name: 'iprange',
  protos: [],
  pure: true,
  options: options(['--src-range', { values: 1, not: true }], ['--dst-range', { values: 1, not: true }]),
  parse(uses) {
    let match: IprangeMatch = { m: 'iprange', src: null, dst: null };
    for (const use of uses) match = use.name === '--src-range' ? { ...match, src: parseRange(use) } : { ...match, dst: parseRange(use) };
    if (uses.length === 0) throw missing('-m iprange', '--src-range or --dst-range');
    return match;
  },
  print: (match) => `${print('--src-range', match.src)}${print('--dst-range', match.dst)}`,
  compile: ({ src, dst }) => when(({ skb }) => within(src, skb.src) && within(dst, skb.dst)),
  whyNot({ src, dst }, { skb }) {
    if (src !== null && !within(src, skb.src)) return `src ${formatIpv4(skb.src)} is${src.not ? '' : ' not'} in ${text(src)}`;
    return dst === null ? '' : `dst ${formatIpv4(skb.dst)} is${dst.not ? '' : ' not'} in ${text(dst)}`;
  },
};
