import { TCP } from '../../../wire/proto.ts';
import { type OptionUse, bang, fault, inPorts, numberOf, options, portsOf, printPorts, printRange, value } from '../syntax.ts';
import type { Skb } from '../../skb.ts';
import { SYN_BYTES, TIMESTAMPED_ACK_BYTES, TIMESTAMPED_SYN_BYTES } from '../../tcp-lengths.ts';
import type { TcpMatch } from './match.ts';
import { type MatchModule, NO } from './module.ts';
import { answerOfPorts, areTogetherPerhaps } from './ports.ts';

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;
const SYN_MASK = 0x17;
const SYN_ONLY = 2;
const MSS_OPTION = 2;
const TIMESTAMPS = 8;
/** No-operation, window scale, selective acknowledgement; the length tells which of them the kernel writes. */
const SYN_OPTIONS: readonly number[] = [1, 3, 4];
const ACK_OPTIONS: readonly number[] = [1, TIMESTAMPS];

function parseFlags(use: OptionUse, text: string): number {
  let bits = 0;
  for (const word of text.toUpperCase().split(',')) {
    const bit = FLAGS.findIndex((name) => name === word);
    if (bit >= 0) bits |= 1 << bit;
    else if (word === 'ALL') bits |= 0x3f;
    else if (word !== 'NONE') throw fault(use, `TCP flags (${FLAGS.join(', ')}, ALL, NONE)`);
  }
  return bits;
}

/** The names of TCP flag bits, `NONE` for none. */
function printFlags(bits: number): string {
  return bits === 0 ? 'NONE' : FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0).join(',');
}

function hasFlags(flags: TcpMatch['flags'], skb: Skb): boolean {
  return flags === null || ((skb.tcpFlags & flags.mask) === flags.set) !== flags.not;
}

/** @source net/netfilter/xt_tcpudp.c tcp_find_option, net/ipv4/tcp_output.c tcp_options_write */
function hasOption({ tcpFlags, mssBytes, lengthBytes }: Skb, kind: number): boolean {
  if (kind === MSS_OPTION) return mssBytes > 0;
  if ((tcpFlags & SYN_ONLY) === 0) return lengthBytes >= TIMESTAMPED_ACK_BYTES && ACK_OPTIONS.includes(kind);
  if (kind === TIMESTAMPS) return lengthBytes >= TIMESTAMPED_SYN_BYTES;
  return lengthBytes >= SYN_BYTES && SYN_OPTIONS.includes(kind);
}

/** `-m tcp`. @source net/netfilter/xt_tcpudp.c tcp_mt */
export const tcp: MatchModule<TcpMatch> = {
  name: 'tcp',
  protos: [TCP],
  pure: true,
  options: options(
    ['--sport', { values: 1, not: true }],
    ['--source-port', { values: 1, not: true, as: '--sport' }],
    ['--dport', { values: 1, not: true }],
    ['--destination-port', { values: 1, not: true, as: '--dport' }],
    ['--tcp-flags', { values: 2, not: true }],
    ['--syn', { values: 0, not: true }],
    ['--tcp-option', { values: 1, not: true }],
  ),
  parse(uses) {
    let match: TcpMatch = { m: 'tcp', sport: null, dport: null, flags: null, option: null };
    for (const use of uses) {
      if (use.name === '--sport') match = { ...match, sport: portsOf(use) };
      else if (use.name === '--dport') match = { ...match, dport: portsOf(use) };
      else if (use.name === '--syn') match = { ...match, flags: { mask: SYN_MASK, set: SYN_ONLY, not: use.not } };
      else if (use.name === '--tcp-flags') {
        match = { ...match, flags: { mask: parseFlags(use, value(use)), set: parseFlags(use, value(use, 1)), not: use.not } };
      } else match = { ...match, option: { kind: numberOf(use, 255, 1), not: use.not } };
    }
    return match;
  },
  print({ sport, dport, option, flags }) {
    const optionText = option === null ? '' : `${bang(option)} --tcp-option ${option.kind}`;
    const flagsText = flags === null ? '' : `${bang(flags)} --tcp-flags ${printFlags(flags.mask)} ${printFlags(flags.set)}`;
    return `${printPorts('--sport', sport)}${printPorts('--dport', dport)}${optionText}${flagsText}`;
  },
  compile(match) {
    const { flags, option } = match;
    // One with an option is no comparison of nftables.
    const inDoubt = option === null && areTogetherPerhaps(match);
    return (env) => {
      const { skb } = env;
      if (skb.fragOffsetBytes > 0 || !hasFlags(flags, skb)) return NO;
      if (option !== null && hasOption(skb, option.kind) === option.not) return NO;
      return answerOfPorts(match, inDoubt, env);
    };
  },
  whyNot({ sport, dport, flags, option }, { skb }) {
    if (skb.fragOffsetBytes > 0) return 'a later fragment has no ports';
    if (sport !== null && !inPorts(sport, skb.sport)) return `sport ${skb.sport} is${sport.not ? '' : ' not'} ${printRange(sport)}`;
    if (dport !== null && !inPorts(dport, skb.dport)) return `dport ${skb.dport} is${dport.not ? '' : ' not'} ${printRange(dport)}`;
    if (flags !== null && !hasFlags(flags, skb)) {
      return `TCP flags ${printFlags(skb.tcpFlags)} are${flags.not ? '' : ' not'} ${printFlags(flags.set)} of ${printFlags(flags.mask)}`;
    }
    return option === null ? '' : `TCP option ${option.kind} is ${option.not ? 'present' : 'absent'}`;
  },
};
