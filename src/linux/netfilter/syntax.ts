import { type Ipv4, formatIpv4, ipv4 } from '../../wire/ipv4.ts';
import { mask as maskOf } from '../../wire/prefix.ts';
import type { MaskedAddress, NumberRange, PortRange, PortSelector } from './match/match.ts';

/** One option as it was written: `! --dport 80` is `{ name: '--dport', not: true, values: ['80'] }`. */
export interface OptionUse {
  readonly name: string;
  readonly not: boolean;
  readonly values: readonly string[];
  /** Where the option begins in its line, from 1; 0 where there is no line. */
  readonly col: number;
}

/** Option name → what it is and how many values follow. `as` names the canonical option of an alias. */
export interface OptionSpec {
  readonly values: 0 | 1 | 2;
  readonly as?: string;
  /** Whether `!` may stand before it. */
  readonly not?: boolean;
  /** One more value follows unless the next word begins with a dash. */
  readonly optional?: boolean;
}
export type OptionTable = ReadonlyMap<string, OptionSpec>;

/** Something in a rule that cannot be read; the parser adds file and line. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  /** From 1; 0 stands for the extension or the rule as a whole. */
  readonly col: number;
  readonly expected: string;

  constructor(col: number, message: string, expected: string) {
    super(message);
    this.col = col;
    this.expected = expected;
  }
}

/** The fault of one option's value. */
export function fault(use: OptionUse, expected: string): SyntaxFault {
  return new SyntaxFault(use.col, `${[use.name, ...use.values].join(' ')} cannot be read`, expected);
}

/** The fault of an extension (`-m recent`) without an option that it cannot do without. */
export function missing(extension: string, expected: string): SyntaxFault {
  return new SyntaxFault(0, `${extension} lacks an option`, expected);
}

/** The options of an extension. */
export function options(...list: readonly (readonly [string, OptionSpec])[]): OptionTable {
  return new Map(list);
}

export function value(use: OptionUse, index = 0): string {
  return use.values[index] ?? '';
}

const DECIMAL = /^[0-9]+$/;
const HEX = /^0[xX][0-9a-fA-F]+$/;

/** Reads a number as strtoul with base 0 does: decimal, 0x…, or octal with a leading zero; null when the text is none or above `max`. */
export function parseNumber(text: string, max = 0xffff_ffff): number | null {
  let number: number;
  if (HEX.test(text)) number = Number.parseInt(text.slice(2), 16);
  else if (!DECIMAL.test(text)) return null;
  else if (text.length > 1 && text.startsWith('0')) number = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  else number = Number(text);
  return number <= max ? number : null;
}

export function numberOf(use: OptionUse, max = 0xffff_ffff, min = 0): number {
  const number = parseNumber(value(use), max);
  if (number === null || number < min) throw fault(use, `a number from ${min} to ${max}`);
  return number;
}

/** `value[/mask]`, both 32 bits. */
export function markOf(use: OptionUse): { value: number; mask: number } {
  const text = value(use);
  const slash = text.indexOf('/');
  const mark = parseNumber(slash < 0 ? text : text.slice(0, slash));
  const mask = slash < 0 ? 0xffff_ffff : parseNumber(text.slice(slash + 1));
  if (mark === null || mask === null) throw fault(use, 'a mark, e.g. 0x4000/0x4000');
  return { value: mark | 0, mask: mask | 0 };
}

/** `0x4000/0x4000`, or `0x4000` under a full mask. */
export function printMark(mark: number, mask: number): string {
  return mask === -1 ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}

export function hex(number: number): string {
  return `0x${(number >>> 0).toString(16)}`;
}

export function hex2(number: number): string {
  return `0x${(number & 255).toString(16).padStart(2, '0')}`;
}

/** `80`, `80:90`, `:90`, `80:`; with another separator for NAT ranges. */
export function parsePortRange(text: string, separator = ':'): PortRange | null {
  const at = text.indexOf(separator);
  if (at < 0) {
    const port = parseNumber(text, 65535);
    return port === null ? null : { min: port, max: port };
  }
  const low = text.slice(0, at);
  const high = text.slice(at + 1);
  const min = low === '' ? 0 : parseNumber(low, 65535);
  const max = high === '' ? 65535 : parseNumber(high, 65535);
  return min === null || max === null || min > max ? null : { min, max };
}

export function portsOf(use: OptionUse): PortSelector {
  const range = parsePortRange(value(use));
  if (range === null) throw fault(use, 'a port number or a range first:last');
  return { ...range, not: use.not };
}

export function printRange(range: PortRange): string {
  return range.min === range.max ? String(range.min) : `${range.min}:${range.max}`;
}

/** ` ! --dport 80`; nothing for null. */
export function printPorts(option: string, ports: PortSelector | null): string {
  return ports === null ? '' : `${bang(ports)} ${option} ${printRange(ports)}`;
}

export function inPorts(ports: PortSelector | null, port: number): boolean {
  return ports === null || (port >= ports.min && port <= ports.max) !== ports.not;
}

/** `min[:max]`, with `!`. */
export function rangeOf(use: OptionUse, max: number): NumberRange {
  const text = value(use);
  const at = text.indexOf(':');
  const low = parseNumber(at < 0 ? text : text.slice(0, at) || '0', max);
  const high = at < 0 ? low : parseNumber(text.slice(at + 1) || String(max), max);
  if (low === null || high === null || low > high) throw fault(use, `a number or a range first:last up to ${max}`);
  return { min: low, max: high, not: use.not };
}

/** ` !` in front of a negated option. */
export function bang(selector: { readonly not: boolean }): string {
  return selector.not ? ' !' : '';
}

const QUAD = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?$/;

/** An address as iptables reads it: missing octets are zero, `10` is 10.0.0.0. */
export function parseLooseIpv4(text: string): Ipv4 | null {
  const parts = QUAD.exec(text);
  if (parts === null) return null;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(parts[i] ?? 0);
    if (octet > 255) return null;
    address = (address << 8) | octet;
  }
  return ipv4(address);
}

/** `addr[/len]` or `addr/netmask`, host bits cleared; null when the text is neither. */
export function parseMasked(text: string, not: boolean): MaskedAddress | null {
  const slash = text.indexOf('/');
  const addr = parseLooseIpv4(slash < 0 ? text : text.slice(0, slash));
  if (addr === null) return null;
  if (slash < 0) return { addr, mask: -1, not };
  const tail = text.slice(slash + 1);
  const mask = DECIMAL.test(tail) ? (Number(tail) <= 32 ? maskOf(Number(tail)) : null) : tail.includes('.') ? parseLooseIpv4(tail) : null;
  return mask === null ? null : { addr: ipv4(addr & mask), mask, not };
}

export function maskedOf(use: OptionUse): MaskedAddress {
  const masked = parseMasked(value(use), use.not);
  if (masked === null) throw fault(use, 'an IPv4 address, optionally with /length or /netmask');
  return masked;
}

/** The same with host bits kept, as `-m conntrack` keeps them; a mask that is no prefix is taken for none. */
export function hostMaskedOf(use: OptionUse): MaskedAddress {
  const masked = maskedOf(use);
  const addr = parseLooseIpv4(value(use).split('/')[0] ?? '') ?? masked.addr;
  return { ...masked, addr, mask: maskLength(masked.mask) === null ? -1 : masked.mask };
}

/** The length of a contiguous mask, or null. */
export function maskLength(mask: number): number | null {
  const len = Math.clz32(~mask);
  return maskOf(len) === mask ? len : null;
}

/** `10.0.0.0/8`; an odd mask in dotted form. */
export function printMasked(masked: MaskedAddress): string {
  const len = maskLength(masked.mask);
  return `${formatIpv4(masked.addr)}/${len ?? formatIpv4(ipv4(masked.mask))}`;
}

const BARE = /^[-_0-9A-Za-z]+$/;

/** Text as iptables-save writes it: bare where that is safe, else in quotes with escapes. @source libxtables xtables_save_string */
export function quote(text: string): string {
  return BARE.test(text) ? text : inQuotes(text);
}

/** A quoted word as it is kept in text that is read again: what looks like an option stays in its quotes. */
export function quoteKept(text: string): string {
  return text.startsWith('-') ? inQuotes(text) : quote(text);
}

function inQuotes(text: string): string {
  return `"${text.replaceAll(/["\\']/g, (c) => `\\${c}`)}"`;
}
