import { PACKET_BROADCAST, PACKET_MULTICAST, type Skb } from '../../skb.ts';
import { missing, bang, fault, options, value } from '../syntax.ts';
import type { PkttypeMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

function typeOf({ packetType }: Skb): PkttypeMatch['type'] {
  return packetType === PACKET_BROADCAST ? 'broadcast' : packetType === PACKET_MULTICAST ? 'multicast' : 'unicast';
}

/** `-m pkttype`: what the frame was addressed to. @source net/netfilter/xt_pkttype.c pkttype_mt */
export const pkttype: MatchModule<PkttypeMatch> = {
  name: 'pkttype',
  protos: [],
  pure: true,
  options: options(['--pkt-type', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m pkttype', '--pkt-type');
    const type = value(use).toLowerCase();
    if (type !== 'unicast' && type !== 'broadcast' && type !== 'multicast') throw fault(use, 'unicast, broadcast or multicast');
    return { m: 'pkttype', type, not: use.not };
  },
  print: (match) => `${bang(match)} --pkt-type ${match.type}`,
  compile: (match) => when(({ skb }) => (typeOf(skb) === match.type) !== match.not),
  whyNot: (match, { skb }) => `the frame is ${typeOf(skb)}, ${match.not ? '' : 'not '}${match.type}`,
};
