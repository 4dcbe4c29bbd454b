import { SCTP } from '../../../wire/proto.ts';
import type { SctpMatch } from './match.ts';
import type { MatchModule } from './module.ts';
import { PORT_OPTIONS, parsePorts, portsDiffer, portsMatch, printBothPorts } from './ports.ts';

/** `-m sctp`, ports only. @source net/netfilter/xt_sctp.c sctp_mt */
export const sctp: MatchModule<SctpMatch> = {
  name: 'sctp',
  protos: [SCTP],
  pure: true,
  options: PORT_OPTIONS,
  parse: (uses) => ({ m: 'sctp', ...parsePorts(uses) }),
  print: printBothPorts,
  compile: portsMatch,
  whyNot: (match, env) => portsDiffer(match, env.skb),
};
