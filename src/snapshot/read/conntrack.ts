import type { CtRecord, CtTuple } from '../../linux/conntrack/record.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import { ICMP, TCP } from '../../wire/proto.ts';
import type { Line } from './source.ts';

const EXPECTED = 'a line of conntrack -L -o extended: ipv4 2 tcp 6 SECONDS STATE src= dst= sport= dport= … mark=';

/**
 * The connections of `conntrack -L -o extended`. IPv6 entries are skipped, and so are those of another zone than 0, which only packets
 * of that zone find.
 * @source libnetfilter_conntrack src/conntrack/snprintf_default.c
 */
export function readConntrack(lines: readonly Line[]): CtRecord[] {
  const records: CtRecord[] = [];
  for (const line of lines) {
    if (line.text.startsWith('conntrack v') || line.text.startsWith('ipv6')) continue;
    const record = readEntry(line.words());
    if (record === 'other zone') continue;
    if (record === null) line.fail('this is no conntrack entry', EXPECTED);
    else records.push(record);
  }
  return records;
}

function readEntry(words: readonly string[]): CtRecord | 'other zone' | null {
  // `ipv4 2` stands in front only with -o extended.
  const [, protoText, ...after] = words[0] === 'ipv4' ? words.slice(2) : words;
  const proto = number(protoText, 255);
  if (proto === null) return null;
  // An offloaded entry has no timeout.
  const timeoutSeconds = number(after[0], 0xffff_ffff);
  const rest = timeoutSeconds === null ? after : after.slice(1);
  const first = rest[0] ?? '';
  const tcpState = proto === TCP && /^[A-Z_0-9]+$/.test(first) ? first : null;
  const pairs = rest.filter((word) => /^[a-z]+=/.test(word)).map((word): [string, string] => split(word));
  const second = pairs.findIndex(([key], index) => key === 'src' && index > 0);
  if (second < 0) return null;
  const marks = new Map(pairs.slice(second));
  const zone = pairs.find(([key]) => key === 'zone' || key === 'zone-orig' || key === 'zone-reply');
  if (zone !== undefined && zone[1] !== '0') return 'other zone';
  const orig = tuple(new Map(pairs.slice(0, second)), proto);
  const reply = tuple(marks, proto);
  const mark = number(marks.get('mark') ?? '0', 0xffff_ffff);
  if (orig === null || reply === null || mark === null) return null;
  return {
    proto,
    orig,
    reply,
    icmpType: proto === ICMP ? number(pairs.find(([key]) => key === 'type')?.[1], 255) : null,
    seenReply: !rest.includes('[UNREPLIED]'),
    assured: rest.includes('[ASSURED]'),
    tcpState,
    mark,
    timeoutSeconds,
  };
}

function split(word: string): [string, string] {
  const equals = word.indexOf('=');
  return [word.slice(0, equals), word.slice(equals + 1)];
}

function tuple(values: ReadonlyMap<string, string>, proto: number): CtTuple | null {
  const src = parseIpv4(values.get('src') ?? '');
  const dst = parseIpv4(values.get('dst') ?? '');
  const sport = number(proto === ICMP ? values.get('id') : (values.get('sport') ?? '0'), 0xffff);
  const dport = number(proto === ICMP ? values.get('id') : (values.get('dport') ?? '0'), 0xffff);
  return src === null || dst === null || sport === null || dport === null ? null : { src, dst, sport, dport };
}

function number(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}
