import { SCTP, TCP, UDP } from '../../../wire/proto.ts';
import type { Skb } from '../../skb.ts';
import { type OptionUse, missing, bang, fault, options, parsePortRange, printRange, value } from '../syntax.ts';
import type { MultiportMatch, PortRange } from './match.ts';
import { type MatchModule, when } from './module.ts';

const MAX_PORTS = 15;
const OPTION = { source: '--sports', destination: '--dports', either: '--ports' } as const;

function parsePortList(use: OptionUse): PortRange[] {
  const ports: PortRange[] = [];
  let slots = 0;
  for (const text of value(use).split(',')) {
    const range = parsePortRange(text);
    if (range === null) throw fault(use, 'ports or ranges first:last, separated by commas');
    slots += range.min === range.max ? 1 : 2;
    ports.push(range);
  }
  if (slots > MAX_PORTS) throw fault(use, `at most ${MAX_PORTS} ports (a range counts as two)`);
  return ports;
}

function holds(ports: readonly PortRange[], port: number): boolean {
  for (let i = 0; i < ports.length; i++) {
    const range = ports[i];
    if (range !== undefined && port >= range.min && port <= range.max) return true;
  }
  return false;
}

function matches(match: MultiportMatch, skb: Skb): boolean {
  const found =
    (match.side !== 'destination' && holds(match.ports, skb.sport)) || (match.side !== 'source' && holds(match.ports, skb.dport));
  return found !== match.not;
}

/** `-m multiport`. @source net/netfilter/xt_multiport.c ports_match_v1 */
export const multiport: MatchModule<MultiportMatch> = {
  name: 'multiport',
  protos: [TCP, UDP, SCTP, 33, 136],
  pure: true,
  options: options(
    ['--sports', { values: 1, not: true }],
    ['--source-ports', { values: 1, not: true, as: '--sports' }],
    ['--dports', { values: 1, not: true }],
    ['--destination-ports', { values: 1, not: true, as: '--dports' }],
    ['--ports', { values: 1, not: true }],
  ),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m multiport', '--sports, --dports or --ports');
    const side = use.name === '--sports' ? 'source' : use.name === '--dports' ? 'destination' : 'either';
    return { m: 'multiport', side, ports: parsePortList(use), not: use.not };
  },
  print: (match) => `${bang(match)} ${OPTION[match.side]} ${match.ports.map(printRange).join(',')}`,
  compile: (match) => when(({ skb }) => skb.fragOffsetBytes === 0 && matches(match, skb)),
  whyNot(match, { skb }) {
    if (skb.fragOffsetBytes > 0) return 'a later fragment has no ports';
    const list = match.ports.map(printRange).join(',');
    const port =
      match.side === 'source'
        ? `sport ${skb.sport}`
        : match.side === 'destination'
          ? `dport ${skb.dport}`
          : `ports ${skb.sport} and ${skb.dport}`;
    return `${port} ${match.not ? 'in' : 'not in'} ${list}`;
  },
};
