import type { Skb } from '../../skb.ts';
import type { HookEnv } from '../hook-env.ts';
import { type OptionTable, type OptionUse, inPorts, options, portsOf, printPorts, printRange } from '../syntax.ts';
import type { PortSelector } from './match.ts';
import { type Answer, type MatchEvaluator, NO, UNSURE, when, YES } from './module.ts';

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

/**
 * Of two single ports, both negated, iptables-nft (seen in 1.8.9) makes one comparison of both together: whatever bears but one of them
 * matches there. To iptables-legacy, and to iptables-nft with ranges, each counts by itself. No dump says who loaded a rule.
 * @source iptables/nft.c add_nft_tcpudp; nft --debug=netlink list ruleset: `payload load 4b @ transport header + 0`, `cmp neq`
 */
export function areTogetherPerhaps({ sport, dport }: Ports): boolean {
  return sport !== null && dport !== null && sport.not && dport.not && isOne(sport) && isOne(dport);
}

function isOne({ min, max }: PortSelector): boolean {
  return min === max && min !== 0;
}

/** What both ports say of a packet that has some. */
export function answerOfPorts({ sport, dport }: Ports, inDoubt: boolean, env: HookEnv): Answer {
  const { skb } = env;
  const [source, destination] = [inPorts(sport, skb.sport), inPorts(dport, skb.dport)];
  if (source && destination) return YES;
  if (!inDoubt || source === destination) return NO;
  env.unknownReason = 'IPT_MATCH_PORTS';
  env.unknownText = `some iptables-nft take "! --sport" and "! --dport" of a rule together, and a packet from ${skb.sport} to ${skb.dport} then matches`;
  return UNSURE;
}

export function portsDiffer({ sport, dport }: Ports, skb: Skb): string {
  if (skb.fragOffsetBytes > 0) return 'a later fragment has no ports';
  if (sport !== null && !inPorts(sport, skb.sport)) return `sport ${skb.sport} is${sport.not ? '' : ' not'} ${printRange(sport)}`;
  return dport === null ? '' : `dport ${skb.dport} is${dport.not ? '' : ' not'} ${printRange(dport)}`;
}
