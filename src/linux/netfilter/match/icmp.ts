import { ICMP } from '../../../wire/proto.ts';
import type { Skb } from '../../skb.ts';
import { type OptionUse, bang, fault, options, parseNumber, value } from '../syntax.ts';
import type { IcmpMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

const ANY_TYPE = 255;

/** Name → type, first and last code. @source libxt_icmp.h icmp_codes */
const NAMES: ReadonlyMap<string, readonly [number, number, number]> = new Map([
  ['any', [ANY_TYPE, 0, 255]],
  ['echo-reply', [0, 0, 255]],
  ['pong', [0, 0, 255]],
  ['destination-unreachable', [3, 0, 255]],
  ['network-unreachable', [3, 0, 0]],
  ['host-unreachable', [3, 1, 1]],
  ['protocol-unreachable', [3, 2, 2]],
  ['port-unreachable', [3, 3, 3]],
  ['fragmentation-needed', [3, 4, 4]],
  ['source-route-failed', [3, 5, 5]],
  ['network-unknown', [3, 6, 6]],
  ['host-unknown', [3, 7, 7]],
  ['network-prohibited', [3, 9, 9]],
  ['host-prohibited', [3, 10, 10]],
  ['TOS-network-unreachable', [3, 11, 11]],
  ['TOS-host-unreachable', [3, 12, 12]],
  ['communication-prohibited', [3, 13, 13]],
  ['host-precedence-violation', [3, 14, 14]],
  ['precedence-cutoff', [3, 15, 15]],
  ['source-quench', [4, 0, 255]],
  ['redirect', [5, 0, 255]],
  ['network-redirect', [5, 0, 0]],
  ['host-redirect', [5, 1, 1]],
  ['TOS-network-redirect', [5, 2, 2]],
  ['TOS-host-redirect', [5, 3, 3]],
  ['echo-request', [8, 0, 255]],
  ['ping', [8, 0, 255]],
  ['router-advertisement', [9, 0, 255]],
  ['router-solicitation', [10, 0, 255]],
  ['time-exceeded', [11, 0, 255]],
  ['ttl-exceeded', [11, 0, 255]],
  ['ttl-zero-during-transit', [11, 0, 0]],
  ['ttl-zero-during-reassembly', [11, 1, 1]],
  ['parameter-problem', [12, 0, 255]],
  ['ip-header-bad', [12, 0, 0]],
  ['required-option-missing', [12, 1, 1]],
  ['timestamp-request', [13, 0, 255]],
  ['timestamp-reply', [14, 0, 255]],
  ['address-mask-request', [17, 0, 255]],
  ['address-mask-reply', [18, 0, 255]],
]);

function parseType(use: OptionUse): IcmpMatch {
  const text = value(use);
  const lower = text.toLowerCase();
  for (const [name, [type, codeMin, codeMax]] of NAMES) {
    if (name.toLowerCase() === lower) return { m: 'icmp', type, codeMin, codeMax, not: use.not };
  }
  const slash = text.indexOf('/');
  const type = parseNumber(slash < 0 ? text : text.slice(0, slash), 255);
  const code = slash < 0 ? null : parseNumber(text.slice(slash + 1), 255);
  if (type === null || (slash >= 0 && code === null)) throw fault(use, 'an ICMP type, type/code or name');
  return { m: 'icmp', type, codeMin: code ?? 0, codeMax: code ?? 255, not: use.not };
}

function matches(match: IcmpMatch, skb: Skb): boolean {
  const found = match.type === ANY_TYPE || (skb.icmpType === match.type && skb.icmpCode >= match.codeMin && skb.icmpCode <= match.codeMax);
  return found !== match.not;
}

/** `-m icmp`. @source net/netfilter/xt_tcpudp.c icmp_match */
export const icmp: MatchModule<IcmpMatch> = {
  name: 'icmp',
  protos: [ICMP],
  pure: true,
  options: options(['--icmp-type', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    return use === undefined ? { m: 'icmp', type: ANY_TYPE, codeMin: 0, codeMax: 255, not: false } : parseType(use);
  },
  print(match) {
    if (match.type === ANY_TYPE) return `${bang(match)} --icmp-type any`;
    const code = match.codeMin === 0 && match.codeMax === 255 ? '' : `/${match.codeMin}`;
    return `${bang(match)} --icmp-type ${match.type}${code}`;
  },
  compile: (match) => when(({ skb }) => skb.fragOffsetBytes === 0 && matches(match, skb)),
  whyNot(match, { skb }) {
    if (skb.fragOffsetBytes > 0) return 'a later fragment has no ICMP header';
    return `ICMP type ${skb.icmpType}/${skb.icmpCode} is${match.not ? '' : ' not'}${this.print({ ...match, not: false }).replace(' --icmp-type', '')}`;
  },
};
