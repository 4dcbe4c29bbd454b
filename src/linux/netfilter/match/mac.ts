import { parseMac } from '../../../wire/mac.ts';
import { missing, bang, fault, options, value } from '../syntax.ts';
import type { MacMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** `-m mac`: the source address of a received frame. @source net/netfilter/xt_mac.c mac_mt */
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
  compile: (match) => when((env) => env.in !== null && (env.skb.smac === match.mac) !== match.not),
  whyNot(match, env) {
    return env.in === null ? 'the packet was not received' : `source MAC ${env.skb.smac} is${match.not ? '' : ' not'} ${match.mac}`;
  },
};
