import { formatIpv4, type Ipv4, ipv4 } from '../../../wire/ipv4.ts';
import { mask } from '../../../wire/prefix.ts';
import { ICMP, protoName } from '../../../wire/proto.ts';
import { quote } from '../syntax.ts';
import type { PartKey } from './compile.ts';
import type { Ipset, IpsetEntry, IpsetPart } from './ipset.ts';
import { DIMENSIONS } from './part.ts';

/** Names of ICMP types as ipset writes them. @source ipset lib/parse.c icmp_typecodes */
const ICMP_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0000, 'echo-reply'],
  [0x0300, 'network-unreachable'],
  [0x0301, 'host-unreachable'],
  [0x0302, 'protocol-unreachable'],
  [0x0303, 'port-unreachable'],
  [0x0304, 'fragmentation-needed'],
  [0x0305, 'source-route-failed'],
  [0x0306, 'network-unknown'],
  [0x0307, 'host-unknown'],
  [0x0309, 'network-prohibited'],
  [0x030a, 'host-prohibited'],
  [0x030b, 'TOS-network-unreachable'],
  [0x030c, 'TOS-host-unreachable'],
  [0x030d, 'communication-prohibited'],
  [0x030e, 'host-precedence-violation'],
  [0x030f, 'precedence-cutoff'],
  [0x0400, 'source-quench'],
  [0x0500, 'network-redirect'],
  [0x0501, 'host-redirect'],
  [0x0502, 'TOS-network-redirect'],
  [0x0503, 'TOS-host-redirect'],
  [0x0800, 'echo-request'],
  [0x0900, 'router-advertisement'],
  [0x0a00, 'router-solicitation'],
  [0x0b00, 'ttl-zero-during-transit'],
  [0x0b01, 'ttl-zero-during-reassembly'],
  [0x0c00, 'ip-header-bad'],
  [0x0c01, 'required-option-missing'],
  [0x0d00, 'timestamp-request'],
  [0x0e00, 'timestamp-reply'],
  [0x1100, 'address-mask-request'],
  [0x1200, 'address-mask-reply'],
]);

/** `echo-request` → type and code in one number; null when there is no such name. */
export function icmpByName(name: string): number | null {
  if (name === 'ping') return 0x0800;
  if (name === 'pong') return 0;
  for (const [code, known] of ICMP_NAMES) if (known === name) return code;
  return null;
}

function printPort(proto: number, port: number, type: Ipset['type'] | null): string {
  if (type === 'bitmap:port') return String(port);
  if (proto === ICMP) return `icmp:${ICMP_NAMES.get(port) ?? `${port >> 8}/${port & 255}`}`;
  return `${protoName(proto)}:${port}`;
}

function printNet(addr: Ipv4, len: number): string {
  return len === 32 ? formatIpv4(addr) : `${formatIpv4(addr)}/${len}`;
}

function printPart(part: IpsetPart, type: Ipset['type'] | null): string {
  switch (part.k) {
    case 'ip':
      return formatIpv4(part.addr);
    case 'net':
      return printNet(part.addr, part.len);
    case 'port':
      return printPort(part.proto, part.port, type);
    case 'mac':
      return part.mac.toUpperCase();
    case 'iface':
      return part.physdev ? `physdev:${part.name}` : part.name;
    case 'mark':
      return `0x${(part.mark >>> 0).toString(16).padStart(8, '0')}`;
    case 'set':
      return part.name;
    case 'text':
      return part.text;
  }
}

/** The element itself, without its options. */
export function entryKey(entry: IpsetEntry, type: Ipset['type'] | null = null): string {
  return entry.parts.map((part) => printPart(part, type)).join(',');
}

/**
 * The key that an element added for this packet has; the same text as {@link entryKey} gives it.
 * @param lengths to which its networks are cut
 */
export function packetKey(ipset: Ipset, keys: readonly PartKey[], lengths: readonly number[]): string {
  let nets = 0;
  return DIMENSIONS[ipset.type]
    .map((dimension, i) => {
      const key = keys[i] ?? 0;
      if (typeof key === 'string') return dimension === 'mac' ? key.toUpperCase() : key;
      if (dimension === 'net') {
        const len = lengths[nets++] ?? 32;
        return printNet(ipv4(key & mask(len)), len);
      }
      if (dimension === 'port') return printPort(key >>> 16, key & 0xffff, ipset.type);
      return dimension === 'mark' ? `0x${(key >>> 0).toString(16).padStart(8, '0')}` : formatIpv4(ipv4(key));
    })
    .join(',');
}

/** The line of `ipset save` that makes a set. */
export function createLine({ name, type, header }: Ipset): string {
  return `create ${name} ${type}${header.length === 0 ? '' : ` ${header.join(' ')}`}`;
}

/** The line of `ipset save` that adds one entry. */
export function addLine({ name, type, counters }: Ipset, entry: IpsetEntry): string {
  const counted = counters ? ` ${entry.counted ?? 'packets 0 bytes 0'}` : '';
  const skbinfo = entry.skbinfo === undefined ? '' : ` ${entry.skbinfo}`;
  const timeout = entry.timeoutSeconds === null ? '' : ` timeout ${entry.timeoutSeconds}`;
  const comment =
    entry.comment === null ? '' : ` comment ${quote(entry.comment).startsWith('"') ? quote(entry.comment) : `"${entry.comment}"`}`;
  return `add ${name} ${entryKey(entry, type)}${timeout}${entry.nomatch ? ' nomatch' : ''}${counted}${comment}${skbinfo}`;
}

/** All sets, as `ipset save` without arguments; entries in the order they are held. */
export function printIpsets(ipsets: readonly Ipset[]): string {
  return ipsets
    .flatMap((ipset) => [createLine(ipset), ...ipset.entries.map((entry) => addLine(ipset, entry))])
    .map((line) => `${line}\n`)
    .join('');
}
