import type { CtEntry, Manip } from '../linux/conntrack/entry.ts';
import type { PortRange } from '../linux/stack.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { ICMP, protoName } from '../wire/proto.ts';

/** A connection's first packet; for ICMP `sport` is the identifier and `dport` 0. */
export interface Opening {
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

/** The ports that a translation came to, by {@link openingName}. */
export type ToldPorts = ReadonlyMap<string, { readonly src: number; readonly dst: number }>;

/** Names a connection in a namespace. */
export function openingName(at: string, { proto, src, dst, sport, dport }: Opening): string {
  return `${at} ${proto} ${src}:${sport} ${dst}:${dport}`;
}

/** Where in a range the port lies that somebody saw a connection come to; null where nobody did, or it is not of the range. */
export function toldOffset(told: ToldPorts, at: string, ct: CtEntry, manip: Manip, { low, high }: PortRange): number | null {
  const opening = {
    proto: protoName(ct.proto),
    src: formatIpv4(ct.origSrc),
    dst: formatIpv4(ct.origDst),
    sport: ct.origSport,
    dport: ct.proto === ICMP ? 0 : ct.origDport,
  };
  const port = told.get(openingName(at, opening))?.[manip];
  return port === undefined || port < low || port >= high ? null : port - low;
}
