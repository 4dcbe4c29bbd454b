import { parseMac, ZERO_MAC } from '../../../wire/mac.ts';
import { missing, bang, fault, options, value } from '../syntax.ts';
import type { MacMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/**
 * `-m mac`: the source address of a received frame. What a host sends to itself, by lo or as a broadcast that it hears too, has none, and
 * then not even `! --mac-source` holds.
 * @source net/netfilter/xt_mac.c mac_mt
 */
export const mac: MatchModule<MacMatch> = {
  name: 'mac',
  protos: [],
  pure: true,
  options: options(['--mac-source', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m mac', '--mac-source');
    const address = parseMac(value(use));
    if (address === null) throw fault(use, 'an Ethernet address');
    return { m: 'mac', mac: address, not: use.not };
  },
  print: (match) => `${bang(match)} --mac-source ${match.mac}`,
  compile: (match) => when(({ in: input, skb: { smac } }) => input !== null && smac !== ZERO_MAC && (smac === match.mac) !== match.not),
  whyNot(match, env) {
    return env.in === null || env.skb.smac === ZERO_MAC
      ? 'the packet came by no Ethernet'
      : `source MAC ${env.skb.smac} is${match.not ? '' : ' not'} ${match.mac}`;
  },
};
