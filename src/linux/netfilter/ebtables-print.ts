import { formatIpv4 } from '../../wire/ipv4.ts';
import { protoName } from '../../wire/proto.ts';
import type { EbArpMatch, EbIpMatch, EbRule, EbTable, Ebtables, MacSelector } from './ebtables.ts';
import { ARP_OPS, FULL_MASK, MAC_CLASSES, printEtherType } from './ebtables-names.ts';
import { printInterface } from './interface.ts';
import type { InterfaceName, MaskedAddress, PortSelector } from './match/match.ts';
import { bang, hex, hex2, printMasked, printRange } from './syntax.ts';

function option<S extends { readonly not: boolean }>(name: string, selector: S | null, print: (selector: S) => string): string {
  return selector === null ? '' : ` ${name}${bang(selector)} ${print(selector)}`;
}

function printMac({ mac, mask }: MacSelector): string {
  const named = MAC_CLASSES.find(([, address, bits]) => address === mac && bits === mask);
  return named?.[0] ?? (mask === FULL_MASK ? mac : `${mac}/${mask}`);
}

function printAddress(masked: MaskedAddress): string {
  return masked.mask === -1 ? formatIpv4(masked.addr) : printMasked(masked);
}

function printIp({ src, dst, tos, proto, sport, dport }: EbIpMatch): string {
  const ports = (name: string, selector: PortSelector | null): string => option(name, selector, printRange);
  return [
    option('--ip-src', src, printAddress),
    option('--ip-dst', dst, printAddress),
    option('--ip-tos', tos, ({ tos: bits }) => hex2(bits)),
    option('--ip-proto', proto, ({ proto: number }) => protoName(number)),
    ports('--ip-sport', sport),
    ports('--ip-dport', dport),
  ].join('');
}

function printArp({ op, ipSrc, ipDst, macSrc, macDst }: EbArpMatch): string {
  return [
    option('--arp-op', op, ({ min }) => ARP_OPS[min - 1] ?? String(min)),
    option('--arp-ip-src', ipSrc, printAddress),
    option('--arp-ip-dst', ipDst, printAddress),
    option('--arp-mac-src', macSrc, printMac),
    option('--arp-mac-dst', macDst, printMac),
  ].join('');
}

/** `-A CHAIN …` as ebtables-save prints a bridge rule; `!` stands behind the option. */
export function printEbRule(rule: EbRule, chain: string): string {
  const device = (name: string, selector: InterfaceName | null): string => option(name, selector, printInterface);
  const { target } = rule;
  return [
    `-A ${chain}`,
    option('-p', rule.proto, ({ type }) => printEtherType(type)),
    option('-s', rule.src, printMac),
    option('-d', rule.dst, printMac),
    device('-i', rule.in),
    device('--logical-in', rule.logicalIn),
    device('-o', rule.out),
    device('--logical-out', rule.logicalOut),
    rule.ip === null ? '' : printIp(rule.ip),
    rule.arp === null ? '' : printArp(rule.arp),
    option('--mark', rule.mark, ({ value, mask }) => (mask === -1 ? hex(value) : `${hex(value)}/${hex(mask)}`)),
    option('--pkttype-type', rule.pkttype, ({ type }) => type),
    ...[...rule.unmodelled, ...rule.watchers].map((text) => ` ${text}`),
    target.t === 'unmodelled'
      ? ` -j ${`${target.module} ${target.text}`.trimEnd()}`
      : ` -j ${target.t === 'jump' ? target.chain : target.t}`,
  ].join('');
}

function printEbTable(table: EbTable): string {
  const lines = [`*${table.name}`, ...table.chains.map(({ name, policy }) => `:${name} ${policy}`)];
  for (const chain of table.chains) for (const rule of chain.rules) lines.push(printEbRule(rule, chain.name));
  return `${lines.join('\n')}\n`;
}

/** All bridge tables as ebtables-save prints them, without the comment lines. */
export function printEbtables(tables: Ebtables): string {
  return Object.values(tables)
    .map((table) => printEbTable(table))
    .join('\n');
}
