import type { CtRecord, CtTuple } from '../../linux/conntrack/record.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { ICMP, protoName } from '../../wire/proto.ts';

/** The connections as `conntrack -L -o extended` prints them. */
export function conntrackLines(records: readonly CtRecord[]): string[] {
  return records.map((record) => `ipv4     2 ${conntrackLine(record)}`);
}

/** One connection as `conntrack -L` prints it. */
export function conntrackLine(record: CtRecord): string {
  const parts = [
    `${protoName(record.proto).padEnd(8)} ${record.proto} ${record.timeoutSeconds ?? 0}`,
    ...(record.tcpState === null ? [] : [record.tcpState]),
    tupleText(record.orig, record, record.icmpType),
    ...(record.seenReply ? [] : ['[UNREPLIED]']),
    // An echo request is answered by type 0, other queries by their type plus one.
    tupleText(record.reply, record, record.icmpType === 8 ? 0 : record.icmpType),
    ...(record.assured ? ['[ASSURED]'] : []),
    `mark=${record.mark}`,
    'use=1',
  ];
  return parts.join(' ');
}

function tupleText(tuple: CtTuple, { proto }: CtRecord, icmpType: number | null): string {
  const ends = `src=${formatIpv4(tuple.src)} dst=${formatIpv4(tuple.dst)}`;
  return proto === ICMP ? `${ends} type=${icmpType ?? 8} code=0 id=${tuple.sport}` : `${ends} sport=${tuple.sport} dport=${tuple.dport}`;
}
