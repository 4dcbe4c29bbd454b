import { UDP } from '../../../wire/proto.ts';
import type { UdpMatch } from './match.ts';
import { type MatchModule, NO } from './module.ts';
import { PORT_OPTIONS, answerOfPorts, areTogetherPerhaps, parsePorts, portsDiffer, printBothPorts } from './ports.ts';

/** `-m udp`. @source net/netfilter/xt_tcpudp.c udp_mt */
export const udp: MatchModule<UdpMatch> = {
  name: 'udp',
  protos: [UDP],
  pure: true,
  options: PORT_OPTIONS,
  parse: (uses) => ({ m: 'udp', ...parsePorts(uses) }),
  print: printBothPorts,
  compile(match) {
    const inDoubt = areTogetherPerhaps(match);
    return (env) => (env.skb.fragOffsetBytes > 0 ? NO : answerOfPorts(match, inDoubt, env));
  },
  whyNot: (match, env) => portsDiffer(match, env.skb),
};
