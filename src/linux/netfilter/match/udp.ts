import { UDP } from '../../../wire/proto.ts';
import type { UdpMatch } from './match.ts';
import type { MatchModule } from './module.ts';
import { PORT_OPTIONS, parsePorts, portsDiffer, portsMatch, printBothPorts } from './ports.ts';

/** `-m udp`. @source net/netfilter/xt_tcpudp.c udp_mt */
export const udp: MatchModule<UdpMatch> = {
  name: 'udp',
  protos: [UDP],
  pure: true,
  options: PORT_OPTIONS,
  parse: (uses) => ({ m: 'udp', ...parsePorts(uses) }),
  print: printBothPorts,
  compile: portsMatch,
  whyNot: (match, env) => portsDiffer(match, env.skb),
};
