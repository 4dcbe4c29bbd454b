/**
 * IPv4 addresses as branded **signed** 32-bit integers. Values above 2^31 would be boxed by V8 and cost three to four times as
 * much in a look-up, so the sign bit is kept and only {@link formatIpv4} undoes it.
 */
declare const ipv4Brand: unique symbol;
export type Ipv4 = number & { readonly [ipv4Brand]: true };

/** Takes any 32-bit number (signed or unsigned) as an address. */
export function ipv4(value: number): Ipv4 {
  return (value | 0) as Ipv4;
}

export const ANY: Ipv4 = ipv4(0);
export const BROADCAST: Ipv4 = ipv4(0xffff_ffff);
export const LOOPBACK: Ipv4 = ipv4(0x7f00_0001);
/** Every host is a member of this group. @source RFC 1112 4 */
export const ALL_HOSTS: Ipv4 = ipv4(0xe000_0001);

const DOT = 46;
const ZERO = 48;

/**
 * Parses dotted-quad text strictly: four decimal parts, no leading zeros, no blanks, no short forms.
 * @returns the address, or `null` when the text is anything else.
 */
export function parseIpv4(text: string): Ipv4 | null {
  if (text.length < 7 || text.length > 15) return null;
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return null;
      value = (value << 8) | part;
      part = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return null;
    if (digits > 0 && part === 0) return null;
    part = part * 10 + digit;
    digits++;
    if (part > 255) return null;
  }
  if (dots !== 3 || digits === 0) return null;
  return ipv4((value << 8) | part);
}

/** Parses text that the program itself wrote. @throws RangeError when it is no address (a bug). */
export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === null) throw new RangeError(`not an IPv4 address: ${text}`);
  return address;
}

/** Dotted-quad text of an address, joined so that it is flat: V8 would keep a template's text as a tree of its pieces. */
export function formatIpv4(address: Ipv4): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** Orders addresses as unsigned numbers. */
export function compareIpv4(a: Ipv4, b: Ipv4): number {
  return (a >>> 0) - (b >>> 0);
}

/** The address `offset` above `address`, wrapping at 2^32. */
export function offsetIpv4(address: Ipv4, offset: number): Ipv4 {
  return ipv4(address + offset);
}

/** 127.0.0.0/8. */
export function isLoopback(address: Ipv4): boolean {
  return address >>> 24 === 127;
}

/** 224.0.0.0/4. */
export function isMulticast(address: Ipv4): boolean {
  return address >>> 28 === 14;
}
