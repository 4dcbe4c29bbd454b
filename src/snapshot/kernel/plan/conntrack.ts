import type { CtRecord } from '../../../linux/conntrack/record.ts';
import { formatIpv4 } from '../../../wire/ipv4.ts';
import { ICMP, TCP, UDP, protoName } from '../../../wire/proto.ts';
import { CannotBuild, word } from './word.ts';

const LONG_SECONDS = 600;

/** Connections as `conntrack --load-file` reads them: the arguments of one command a line. */
export function conntrackLines(records: readonly CtRecord[]): string[] {
  return records.map((record) => {
    const { proto, orig, reply, mark, tcpState, icmpType } = record;
    if (proto !== ICMP && proto !== TCP && proto !== UDP)
      throw new CannotBuild(`a connection of protocol ${protoName(proto)} cannot be put into the kernel's table`);
    const flags = [...(record.seenReply ? ['SEEN_REPLY'] : []), ...(record.assured ? ['ASSURED'] : [])];
    return [
      `-A -t ${Math.max(record.timeoutSeconds ?? LONG_SECONDS, 1)} -p ${protoName(proto)}`,
      `-s ${formatIpv4(orig.src)} -d ${formatIpv4(orig.dst)} -r ${formatIpv4(reply.src)} -q ${formatIpv4(reply.dst)}`,
      proto === ICMP
        ? `--icmp-type ${icmpType ?? 8} --icmp-code 0 --icmp-id ${orig.sport}`
        : `--sport ${orig.sport} --dport ${orig.dport} --reply-port-src ${reply.sport} --reply-port-dst ${reply.dport}`,
      ...(proto === TCP ? [`--state ${word(tcpState ?? 'ESTABLISHED')}`] : []),
      ...(flags.length === 0 ? [] : [`-u ${flags.join(',')}`]),
      ...(mark === 0 ? [] : [`-m ${mark >>> 0}`]),
    ].join(' ');
  });
}
