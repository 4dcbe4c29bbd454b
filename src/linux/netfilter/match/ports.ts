import type { Skb } from '../../skb.ts';
import { type OptionTable, type OptionUse, inPorts, options, portsOf, printPorts, printRange } from '../syntax.ts';
import type { PortSelector } from './match.ts';
import { type MatchEvaluator, when } from './module.ts';

/** What udp and sctp share. */
export interface Ports {
  readonly sport: PortSelector | null;
  readonly dport: PortSelector | null;
}

export const PORT_OPTIONS: OptionTable = options(
  ['--sport', { values: 1, not: true }],
  ['--source-port', { values: 1, not: true, as: '--sport' }],
  ['--dport', { values: 1, not: true }],
  ['--destination-port', { values: 1, not: true, as: '--dport' }],
);

export function parsePorts(uses: readonly OptionUse[]): Ports {
  let ports: Ports = { sport: null, dport: null };
  for (const use of uses) ports = use.name === '--sport' ? { ...ports, sport: portsOf(use) } : { ...ports, dport: portsOf(use) };
  return ports;
}

export function printBothPorts({ sport, dport }: Ports): string {
  return `${printPorts('--sport', sport)}${printPorts('--dport', dport)}`;
}

export function portsMatch({ sport, dport }: Ports): MatchEvaluator {
  return when(({ skb }) => skb.fragOffsetBytes === 0 && inPorts(sport, skb.sport) && inPorts(dport, skb.dport));
}

export function portsDiffer({ sport, dport }: Ports, skb: Skb): string {
  if (skb.fragOffsetBytes > 0) return 'a later fragment has no ports';
  if (sport !== null && !inPorts(sport, skb.sport)) return `sport ${skb.sport} is${sport.not ? '' : ' not'} ${printRange(sport)}`;
  return dport === null ? '' : `dport ${skb.dport} is${dport.not ? '' : ' not'} ${printRange(dport)}`;
}
