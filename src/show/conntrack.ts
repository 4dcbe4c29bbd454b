import { type CtRecord, recordOf } from '../linux/conntrack/record.ts';
import { conntrackLine } from '../snapshot/write/conntrack.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { ICMP, protoName } from '../wire/proto.ts';
import { type NetnsView, type Row, row } from './listing.ts';
import { connectionId } from './row-id.ts';

/** The connections as `conntrack -L` prints them, oldest first. */
export function conntrackRows({ session, nowMs }: NetnsView): readonly Row[] {
  const connections = session?.conntrack.list(nowMs) ?? [];
  return connections.map((entry) => {
    const record = recordOf(entry, nowMs);
    return row(conntrackLine(record), idOf(record));
  });
}

function idOf({ proto, orig }: CtRecord): string {
  const ends = { proto: protoName(proto), src: formatIpv4(orig.src), dst: formatIpv4(orig.dst), sport: orig.sport };
  return connectionId(proto === ICMP ? ends : { ...ends, dport: orig.dport });
}
