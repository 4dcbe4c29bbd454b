import type { Skb } from '../../skb.ts';
import { matchesInterface, parseInterface, printInterface } from '../interface.ts';
import { type OptionUse, missing, bang, options } from '../syntax.ts';
import type { InterfaceName, PhysdevMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

function withOption(match: PhysdevMatch, use: OptionUse): PhysdevMatch {
  switch (use.name) {
    case '--physdev-in':
      return { ...match, in: parseInterface(use) };
    case '--physdev-out':
      return { ...match, out: parseInterface(use) };
    case '--physdev-is-in':
      return { ...match, isIn: !use.not };
    case '--physdev-is-out':
      return { ...match, isOut: !use.not };
    default:
      return { ...match, isBridged: !use.not };
  }
}

function printFlag(option: string, flag: boolean | null): string {
  return flag === null ? '' : `${bang({ not: !flag })} ${option}`;
}

function printName(option: string, name: InterfaceName | null): string {
  return name === null ? '' : `${bang(name)} ${option} ${printInterface(name)}`;
}

/** What came in by a bridge and leaves by none has no port out: then not even `! --physdev-out` holds. @source xt_physdev.c physdev_mt */
function holds(match: PhysdevMatch, { bridge }: Skb): boolean {
  if (bridge === null) {
    return match.isBridged !== true && match.isIn !== true && match.isOut !== true && match.in?.not !== false && match.out?.not !== false;
  }
  if (match.isBridged !== null && (bridge.physOut !== null) !== match.isBridged) return false;
  if (match.isIn === false) return false;
  if (match.isOut !== null && (bridge.physOut !== null) !== match.isOut) return false;
  if (match.in !== null && !matchesInterface(match.in, bridge.physIn)) return false;
  return match.out === null || (bridge.physOut !== null && matchesInterface(match.out, bridge.physOut));
}

/** `-m physdev`: the ports of a bridge that a frame came in by and leaves by, known only where br_netfilter runs. */
export const physdev: MatchModule<PhysdevMatch> = {
  name: 'physdev',
  protos: [],
  pure: true,
  options: options(
    ['--physdev-in', { values: 1, not: true }],
    ['--physdev-out', { values: 1, not: true }],
    ['--physdev-is-in', { values: 0, not: true }],
    ['--physdev-is-out', { values: 0, not: true }],
    ['--physdev-is-bridged', { values: 0, not: true }],
  ),
  parse(uses) {
    if (uses.length === 0) throw missing('-m physdev', 'at least one --physdev- option');
    let match: PhysdevMatch = { m: 'physdev', in: null, out: null, isIn: null, isOut: null, isBridged: null };
    for (const use of uses) match = withOption(match, use);
    return match;
  },
  print(match) {
    return [
      printFlag('--physdev-is-in', match.isIn),
      printName('--physdev-in', match.in),
      printFlag('--physdev-is-out', match.isOut),
      printName('--physdev-out', match.out),
      printFlag('--physdev-is-bridged', match.isBridged),
    ].join('');
  },
  compile: (match) => when(({ skb }) => holds(match, skb)),
  whyNot(match, { skb: { bridge } }) {
    if (bridge === null) return 'the packet does not cross a bridge';
    return `bridge ports in ${bridge.physIn}, out ${bridge.physOut ?? 'none'} do not satisfy${physdev.print(match)}`;
  },
};
