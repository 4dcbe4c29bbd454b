import { type Ipv4, formatIpv4, ipv4, parseIpv4 } from './ipv4.ts';

/** An IPv4 prefix; `addr` has no host bits. */
export interface Prefix {
  readonly addr: Ipv4;
  readonly len: number;
}

export const DEFAULT_ROUTE: Prefix = { addr: ipv4(0), len: 0 };

/** The netmask of a prefix length 0–32. */
export function mask(len: number): Ipv4 {
  return ipv4(len === 0 ? 0 : -1 << (32 - len));
}

/** The prefix that holds `addr`, host bits cleared. */
export function prefixOf(addr: Ipv4, len: number): Prefix {
  return { addr: ipv4(addr & mask(len)), len };
}

/** Whether an address lies inside a prefix. */
export function contains(prefix: Prefix, addr: Ipv4): boolean {
  return prefix.len === 0 || (prefix.addr ^ addr) >>> (32 - prefix.len) === 0;
}

/** Whether two prefixes share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.len <= b.len ? contains(a, b.addr) : contains(b, a.addr);
}

/** Whether `inner` lies wholly inside `outer`. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return outer.len <= inner.len && contains(outer, inner.addr);
}

/** The last address of a prefix (the broadcast address of a subnet). */
export function lastAddress(prefix: Prefix): Ipv4 {
  return ipv4(prefix.addr | ~mask(prefix.len));
}

/** How many addresses a prefix holds, 1 to 2^32. */
export function sizeOf(prefix: Prefix): number {
  return 2 ** (32 - prefix.len);
}

/**
 * Parses `a.b.c.d/len`, or a bare address as /32.
 * @returns the address as written (host bits kept) and the length, or `null` when the text is neither.
 */
export function parseCidr(text: string): { addr: Ipv4; len: number } | null {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const addr = parseIpv4(text);
    return addr === null ? null : { addr, len: 32 };
  }
  const addr = parseIpv4(text.slice(0, slash));
  const lenText = text.slice(slash + 1);
  if (addr === null || !/^(?:0|[1-9]\d?)$/.test(lenText)) return null;
  const len = Number(lenText);
  return len > 32 ? null : { addr, len };
}

/** Parses a prefix and clears its host bits; `null` when the text is none. */
export function parsePrefix(text: string): Prefix | null {
  const cidr = parseCidr(text);
  return cidr === null ? null : prefixOf(cidr.addr, cidr.len);
}

/** Parses a prefix that the program itself wrote. @throws RangeError when it is none (a bug). */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new RangeError(`not an IPv4 prefix: ${text}`);
  return parsed;
}

/** `a.b.c.d/len`. */
export function formatPrefix(p: Prefix): string {
  return `${formatIpv4(p.addr)}/${p.len}`;
}
