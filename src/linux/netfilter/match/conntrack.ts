import { formatIpv4 } from '../../../wire/ipv4.ts';
import { ICMP, protoName, protoNumber } from '../../../wire/proto.ts';
import type { CtEntry } from '../../conntrack/entry.ts';
import { IPS_ASSURED, IPS_CONFIRMED, IPS_EXPECTED, IPS_SEEN_REPLY } from '../../conntrack/entry.ts';
import { isReply } from '../../skb.ts';
import type { HookEnv } from '../hook-env.ts';
import { hasAnyBit, isInRange, isProto, isWithin } from '../selectors.ts';
import {
  type OptionUse,
  missing,
  bang,
  fault,
  inPorts,
  hostMaskedOf,
  options,
  portsOf,
  printMasked,
  printPorts,
  printRange,
  rangeOf,
  value,
} from '../syntax.ts';
import { parseStates, printStates, stateBits } from './ct-state.ts';
import type { ConntrackMatch, MaskedAddress } from './match.ts';
import { type MatchModule, when } from './module.ts';

const STATUSES = [
  ['EXPECTED', IPS_EXPECTED],
  ['SEEN_REPLY', IPS_SEEN_REPLY],
  ['ASSURED', IPS_ASSURED],
  ['CONFIRMED', IPS_CONFIRMED],
] as const;

const NONE: ConntrackMatch = {
  m: 'conntrack',
  state: null,
  proto: null,
  origSrc: null,
  origDst: null,
  replSrc: null,
  replDst: null,
  origSport: null,
  origDport: null,
  replSport: null,
  replDport: null,
  status: null,
  expire: null,
  dir: null,
};

function parseStatus(use: OptionUse): number {
  let mask = 0;
  for (const word of value(use).toUpperCase().split(',')) {
    const status = STATUSES.find(([name]) => name === word);
    if (status !== undefined) mask |= status[1];
    else if (word !== 'NONE') throw fault(use, 'NONE, EXPECTED, SEEN_REPLY, ASSURED or CONFIRMED');
  }
  return mask;
}

function printStatus(mask: number): string {
  const names = STATUSES.filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? 'NONE' : names.join(',');
}

function parseProto(use: OptionUse): number {
  const proto = protoNumber(value(use));
  if (proto === null) throw fault(use, 'a protocol name or number');
  return proto;
}

function parseDirection(use: OptionUse): 'ORIGINAL' | 'REPLY' {
  const text = value(use).toUpperCase();
  if (text !== 'ORIGINAL' && text !== 'REPLY') throw fault(use, 'ORIGINAL or REPLY');
  return text;
}

function withOption(match: ConntrackMatch, use: OptionUse): ConntrackMatch {
  switch (use.name) {
    case '--ctstate':
      return { ...match, state: { mask: parseStates(use), not: use.not } };
    case '--ctproto':
      return { ...match, proto: { proto: parseProto(use), not: use.not } };
    case '--ctorigsrc':
      return { ...match, origSrc: hostMaskedOf(use) };
    case '--ctorigdst':
      return { ...match, origDst: hostMaskedOf(use) };
    case '--ctreplsrc':
      return { ...match, replSrc: hostMaskedOf(use) };
    case '--ctrepldst':
      return { ...match, replDst: hostMaskedOf(use) };
    case '--ctorigsrcport':
      return { ...match, origSport: portsOf(use) };
    case '--ctorigdstport':
      return { ...match, origDport: portsOf(use) };
    case '--ctreplsrcport':
      return { ...match, replSport: portsOf(use) };
    case '--ctrepldstport':
      return { ...match, replDport: portsOf(use) };
    case '--ctstatus':
      return { ...match, status: { mask: parseStatus(use), not: use.not } };
    case '--ctexpire':
      return { ...match, expire: rangeOf(use, 0xffff_ffff) };
    default:
      return { ...match, dir: parseDirection(use) };
  }
}

function printAddress(option: string, selector: MaskedAddress | null): string {
  if (selector === null) return '';
  const text = selector.mask === -1 ? formatIpv4(selector.addr) : printMasked(selector);
  return `${bang(selector)} ${option} ${text}`;
}

/**
 * None are left to a connection that is in no table yet: its timeout counts from nowhere. (That is so on a host that has been up for five
 * minutes and not yet for 2^31 ticks.)
 * @source include/net/netfilter/nf_conntrack.h nf_ct_expires; nf_conntrack_core.c __nf_conntrack_confirm
 */
function secondsLeft(ct: CtEntry, nowMs: number): number {
  if ((ct.status & IPS_CONFIRMED) === 0) return 0;
  return Math.max(0, Math.floor((ct.expiresAtMs - nowMs) / 1000));
}

/** The port as the match compares it: of ICMP it is the two bytes of type and code. @source include/net/netfilter/nf_conntrack_tuple.h */
function dport(port: number, { proto }: CtEntry): number {
  return proto === ICMP ? port << 8 : port;
}

/** The first part of the match that the packet fails, as a sentence; null when all hold. Only the explanation builds text. */
function firstFailure(match: ConntrackMatch, env: HookEnv): string | null {
  const { skb } = env;
  const { ct } = skb;
  if (match.state !== null && !hasAnyBit(match.state, stateBits(skb))) {
    return `state ${printStates(stateBits(skb))} is${match.state.not ? '' : ' not'} ${printStates(match.state.mask)}`;
  }
  if (ct === null) return match.state === null ? 'the packet belongs to no connection' : null;
  for (const part of ['origSrc', 'origDst', 'replSrc', 'replDst'] as const) {
    const selector = match[part];
    const addr = { origSrc: ct.origSrc, origDst: ct.origDst, replSrc: ct.replySrc, replDst: ct.replyDst }[part];
    if (selector !== null && !isWithin(selector, addr))
      return `ct${part.toLowerCase()} ${formatIpv4(addr)} is${selector.not ? '' : ' not'} in ${printMasked(selector)}`;
  }
  for (const part of ['origSport', 'origDport', 'replSport', 'replDport'] as const) {
    const ports = match[part];
    const port = {
      origSport: ct.origSport,
      origDport: dport(ct.origDport, ct),
      replSport: ct.replySport,
      replDport: dport(ct.replyDport, ct),
    }[part];
    if (ports !== null && !inPorts(ports, port)) return `connection port ${port} is${ports.not ? '' : ' not'} ${printRange(ports)}`;
  }
  if (!isProto(match.proto, ct.proto)) return `connection protocol is ${protoName(ct.proto)}`;
  if (!hasAnyBit(match.status, ct.status)) return `status is ${printStatus(ct.status)}`;
  const left = secondsLeft(ct, env.stack.effects.nowMs);
  if (!isInRange(match.expire, left)) return `${left} seconds are left`;
  return match.dir !== null && (match.dir === 'REPLY') !== isReply(skb) ? `direction is not ${match.dir}` : null;
}

function holds(match: ConntrackMatch, env: HookEnv): boolean {
  const { skb } = env;
  const { ct } = skb;
  if (!hasAnyBit(match.state, stateBits(skb))) return false;
  if (ct === null) return match.state !== null;
  if (match.dir !== null && (match.dir === 'REPLY') !== isReply(skb)) return false;
  if (!isWithin(match.origSrc, ct.origSrc) || !isWithin(match.origDst, ct.origDst)) return false;
  if (!isWithin(match.replSrc, ct.replySrc) || !isWithin(match.replDst, ct.replyDst)) return false;
  if (!inPorts(match.origSport, ct.origSport) || !inPorts(match.origDport, dport(ct.origDport, ct))) return false;
  if (!inPorts(match.replSport, ct.replySport) || !inPorts(match.replDport, dport(ct.replyDport, ct))) return false;
  if (!isProto(match.proto, ct.proto)) return false;
  if (!hasAnyBit(match.status, ct.status)) return false;
  return match.expire === null || isInRange(match.expire, secondsLeft(ct, env.stack.effects.nowMs));
}

/** Asks for the state alone, as most rules do. */
function stateOnly(match: ConntrackMatch): boolean {
  return Object.entries(match).every(([key, part]) => key === 'm' || key === 'state' || part === null);
}

/** `-m conntrack`. @source net/netfilter/xt_conntrack.c conntrack_mt */
export const conntrack: MatchModule<ConntrackMatch> = {
  name: 'conntrack',
  protos: [],
  pure: true,
  options: options(
    ['--ctstate', { values: 1, not: true }],
    ['--ctproto', { values: 1, not: true }],
    ['--ctorigsrc', { values: 1, not: true }],
    ['--ctorigdst', { values: 1, not: true }],
    ['--ctreplsrc', { values: 1, not: true }],
    ['--ctrepldst', { values: 1, not: true }],
    ['--ctorigsrcport', { values: 1, not: true }],
    ['--ctorigdstport', { values: 1, not: true }],
    ['--ctreplsrcport', { values: 1, not: true }],
    ['--ctrepldstport', { values: 1, not: true }],
    ['--ctstatus', { values: 1, not: true }],
    ['--ctexpire', { values: 1, not: true }],
    ['--ctdir', { values: 1 }],
  ),
  parse(uses) {
    if (uses.length === 0) throw missing('-m conntrack', 'at least one option');
    let match = NONE;
    for (const use of uses) match = withOption(match, use);
    return match;
  },
  print(match) {
    const { state, proto, status, expire, dir } = match;
    return [
      state === null ? '' : `${bang(state)} --ctstate ${printStates(state.mask)}`,
      proto === null ? '' : `${bang(proto)} --ctproto ${proto.proto}`,
      printAddress('--ctorigsrc', match.origSrc),
      printAddress('--ctorigdst', match.origDst),
      printAddress('--ctreplsrc', match.replSrc),
      printAddress('--ctrepldst', match.replDst),
      printPorts('--ctorigsrcport', match.origSport),
      printPorts('--ctorigdstport', match.origDport),
      printPorts('--ctreplsrcport', match.replSport),
      printPorts('--ctrepldstport', match.replDport),
      status === null ? '' : `${bang(status)} --ctstatus ${printStatus(status.mask)}`,
      expire === null ? '' : `${bang(expire)} --ctexpire ${printRange(expire)}`,
      dir === null ? '' : ` --ctdir ${dir}`,
    ].join('');
  },
  compile(match) {
    const { state } = match;
    if (state !== null && stateOnly(match)) return when(({ skb }) => ((stateBits(skb) & state.mask) !== 0) !== state.not);
    return when((env) => holds(match, env));
  },
  whyNot: (match, env) => firstFailure(match, env) ?? '',
};
