import { parsePrefix } from '../wire/prefix.ts';
import { type AddressMatch, type PortRange, ANY_ADDRESS, ANY_PORT } from './nsg.ts';

/** `*`, an address, a prefix, or the name of a service tag; `null` when the text is none of them. */
export function parseAddressMatch(text: string): AddressMatch | null {
  if (text === '*' || text.toLowerCase() === 'any') return ANY_ADDRESS;
  const range = parsePrefix(text);
  if (range !== null) return range.len === 0 ? ANY_ADDRESS : { kind: 'prefix', prefix: range };
  return /^[A-Za-z][A-Za-z0-9_.-]{0,79}$/.test(text) ? { kind: 'tag', tag: text } : null;
}

/** `*`, a port, a range `1000-2000`, or several with commas; `null` when the text is anything else. */
export function parsePortRanges(text: string): PortRange[] | null {
  if (text === '*') return [ANY_PORT];
  const ranges: PortRange[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null) return null;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from > to || to > 65_535) return null;
    ranges.push({ from, to });
  }
  return ranges;
}
