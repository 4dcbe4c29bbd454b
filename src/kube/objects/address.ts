import { formatIpv4, ipv4 } from '../../wire/ipv4.ts';
import { formatPrefix, parsePrefix } from '../../wire/prefix.ts';

/** An address as an object names it, in the canonical text of its family. IPv6 is recognised so that it is never misread, not modelled. */
export interface IpText {
  readonly family: 4 | 6;
  readonly text: string;
}

const SLOPPY_QUAD = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/;
const IPV6 = /^(?=.*:)[0-9a-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?$/i;

/**
 * Parses an address as kube-proxy does: leading zeros in a dotted quad are decimal.
 * @source k8s.io/utils/net ParseIPSloppy
 */
export function parseIpSloppy(text: string): IpText | null {
  const quad = SLOPPY_QUAD.exec(text);
  if (quad !== null) {
    const parts = quad.slice(1).map(Number);
    if (parts.some((part) => part > 255)) return null;
    return { family: 4, text: formatIpv4(ipv4(parts.reduce((value, part) => value * 256 + part, 0))) };
  }
  return isIpv6(text) ? { family: 6, text: text.toLowerCase() } : null;
}

function isIpv6(text: string): boolean {
  if (!IPV6.test(text) || text.includes(':::') || text.split('::').length > 2) return false;
  return text.split(':').every((group) => group.length <= 4 || group.includes('.'));
}

/** Parses a CIDR as kube-proxy does: blanks around it are cut off, host bits cleared. @source pkg/proxy/serviceport.go, net.ParseCIDR */
export function parseCidrSloppy(text: string): IpText | null {
  const trimmed = text.trim();
  const slash = trimmed.indexOf('/');
  if (slash < 0) return null;
  const address = parseIpSloppy(trimmed.slice(0, slash));
  if (address === null) return null;
  const length = trimmed.slice(slash + 1);
  if (address.family === 6) return /^\d{1,3}$/.test(length) && Number(length) <= 128 ? { family: 6, text: trimmed.toLowerCase() } : null;
  const prefix = parsePrefix(`${address.text}/${length}`);
  return prefix === null ? null : { family: 4, text: formatPrefix(prefix) };
}

/** Whether the text of an address, as the parsers here give it, is of IPv4. */
export function isIpv4Text(address: string): boolean {
  return !address.includes(':');
}

/** The texts of the IPv4 addresses or prefixes among `list`. */
export function ipv4Only(list: readonly IpText[]): string[] {
  return list.filter(({ family }) => family === 4).map(({ text }) => text);
}
