import type { Match } from './match/match.ts';

/** A rule asks for the source port, or the destination port. */
export const READS_SPORT = 1;
export const READS_DPORT = 2;
/** It asks for something else in which two packets of one flow may differ, or that the session remembers. */
export const READS_MORE = 4;
/** Bits of READS_*. */
export type Reads = number;

/**
 * What matches read of a packet besides its addresses, devices, protocol, mark and TOS and the state of a connection without NAT. A match
 * that is not listed here counts as reading more: forgetting to list one costs time, never a wrong answer.
 */
export function readsOf(matches: readonly Match[]): Reads {
  return matches.reduce((reads, match) => reads | readsOfMatch(match), 0);
}

function readsOfMatch(match: Match): Reads {
  switch (match.m) {
    case 'comment':
    case 'mark':
    case 'dscp':
    case 'tos':
    case 'state':
    case 'addrtype':
    case 'iprange':
      return 0;
    case 'conntrack':
      return Object.entries(match).every(([part, asked]) => part === 'm' || part === 'state' || asked === null) ? 0 : READS_MORE;
    case 'tcp':
      return match.flags === null && match.option === null ? readsOfPorts(match) : READS_MORE;
    case 'udp':
      return readsOfPorts(match);
    case 'multiport':
      return match.side === 'source' ? READS_SPORT : match.side === 'destination' ? READS_DPORT : READS_SPORT | READS_DPORT;
    default:
      return READS_MORE;
  }
}

function readsOfPorts({ sport, dport }: { readonly sport: unknown; readonly dport: unknown }): Reads {
  return (sport === null ? 0 : READS_SPORT) | (dport === null ? 0 : READS_DPORT);
}
