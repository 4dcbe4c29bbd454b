import { formatIpv4, type Ipv4 } from '../../../wire/ipv4.ts';
import type { Device } from '../../compiled-netns.ts';
import { inetDevAddrType } from '../../fib/addr-type.ts';
import type { HookEnv } from '../hook-env.ts';
import { type OptionUse, missing, bang, fault, options, value } from '../syntax.ts';
import type { AddrtypeMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** In the order of RTN_* numbers. @source include/uapi/linux/rtnetlink.h */
const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const;

const BIT: Readonly<Record<ReturnType<typeof inetDevAddrType>, number>> = {
  unicast: 1 << 1,
  local: 1 << 2,
  broadcast: 1 << 3,
  anycast: 1 << 4,
  multicast: 1 << 5,
  blackhole: 1 << 6,
  unreachable: 1 << 7,
  prohibit: 1 << 8,
  throw: 1 << 9,
  nat: 1 << 10,
};

function parseTypes(use: OptionUse): { types: number; not: boolean } {
  let types = 0;
  for (const word of value(use).toUpperCase().split(',')) {
    const bit = TYPES.findIndex((name) => name === word);
    if (bit < 0) throw fault(use, `address types (${TYPES.join(', ')})`);
    types |= 1 << bit;
  }
  return { types, not: use.not };
}

function printTypes(types: number): string {
  return TYPES.filter((_, bit) => (types & (1 << bit)) !== 0).join(',');
}

function device(match: AddrtypeMatch, env: HookEnv): Device | null {
  return match.limitIface === 'in' ? env.in : match.limitIface === 'out' ? env.out : null;
}

function isOf(selector: AddrtypeMatch['src'], match: AddrtypeMatch, env: HookEnv, addr: Ipv4): boolean {
  if (selector === null) return true;
  const bit = BIT[inetDevAddrType(env.stack.netns, addr, device(match, env))];
  return ((selector.types & bit) !== 0) !== selector.not;
}

function why(side: string, selector: NonNullable<AddrtypeMatch['src']>, env: HookEnv, match: AddrtypeMatch, addr: Ipv4): string {
  const type = inetDevAddrType(env.stack.netns, addr, device(match, env)).toUpperCase();
  return `${side} ${formatIpv4(addr)} is ${type}, ${selector.not ? 'one of' : 'not'} ${printTypes(selector.types)}`;
}

/** `-m addrtype`. @source net/netfilter/xt_addrtype.c addrtype_mt_v1 */
export const addrtype: MatchModule<AddrtypeMatch> = {
  name: 'addrtype',
  protos: [],
  pure: true,
  options: options(
    ['--src-type', { values: 1, not: true }],
    ['--dst-type', { values: 1, not: true }],
    ['--limit-iface-in', { values: 0 }],
    ['--limit-iface-out', { values: 0 }],
  ),
  parse(uses) {
    let match: AddrtypeMatch = { m: 'addrtype', src: null, dst: null, limitIface: null };
    for (const use of uses) {
      if (use.name === '--src-type') match = { ...match, src: parseTypes(use) };
      else if (use.name === '--dst-type') match = { ...match, dst: parseTypes(use) };
      else match = { ...match, limitIface: use.name === '--limit-iface-in' ? 'in' : 'out' };
    }
    if (match.src === null && match.dst === null) throw missing('-m addrtype', '--src-type or --dst-type');
    return match;
  },
  print({ src, dst, limitIface }) {
    const srcText = src === null ? '' : `${bang(src)} --src-type ${printTypes(src.types)}`;
    const dstText = dst === null ? '' : `${bang(dst)} --dst-type ${printTypes(dst.types)}`;
    return `${srcText}${dstText}${limitIface === null ? '' : ` --limit-iface-${limitIface}`}`;
  },
  compile: (match) => when((env) => isOf(match.src, match, env, env.skb.src) && isOf(match.dst, match, env, env.skb.dst)),
  whyNot(match, env) {
    if (match.src !== null && !isOf(match.src, match, env, env.skb.src)) return why('src', match.src, env, match, env.skb.src);
    return match.dst === null ? '' : why('dst', match.dst, env, match, env.skb.dst);
  },
};
