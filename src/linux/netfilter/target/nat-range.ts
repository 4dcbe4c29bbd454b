import { type Ipv4, compareIpv4, formatIpv4, parseIpv4 } from '../../../wire/ipv4.ts';
import type { NatRange } from '../../conntrack/nat-range.ts';
import type { NatTarget } from './target.ts';
import { type OptionUse, fault, parsePortRange, value } from '../syntax.ts';

/** Keeps address and port. */
export const WHOLE: NatRange = {
  minAddr: null,
  maxAddr: null,
  minPort: 0,
  maxPort: 0,
  random: false,
  randomFully: false,
  persistent: false,
};

/** `[first[-last]][:port[-port]]`. @throws SyntaxFault */
export function parseTo(use: OptionUse): Pick<NatRange, 'minAddr' | 'maxAddr' | 'minPort' | 'maxPort'> {
  const text = value(use);
  const colon = text.indexOf(':');
  const addrs = colon < 0 ? text : text.slice(0, colon);
  const [low = '', high = low, ...rest] = addrs.split('-');
  const minAddr = addrs === '' ? null : parseIpv4(low);
  const maxAddr = addrs === '' ? null : parseIpv4(high);
  const isBad = addrs !== '' && (minAddr === null || maxAddr === null || compareIpv4(minAddr, maxAddr) > 0);
  if (isBad || rest.length > 0 || text === '') throw fault(use, 'an address or range first-last, optionally with :port or :first-last');
  return { minAddr, maxAddr, ...(colon < 0 ? { minPort: 0, maxPort: 0 } : parseToPorts(use, text.slice(colon + 1))) };
}

/** `port[-port]`. @throws SyntaxFault */
export function parseToPorts(use: OptionUse, text: string): Pick<NatRange, 'minPort' | 'maxPort'> {
  const ports = /^\d+(?:-\d+)?$/.test(text) ? parsePortRange(text, '-') : null;
  if (ports === null || ports.min === 0) throw fault(use, 'a port or a range first-last');
  return { minPort: ports.min, maxPort: ports.max };
}

function printAddrs(range: NatRange): string {
  const { minAddr, maxAddr } = range;
  if (minAddr === null || maxAddr === null) return '';
  return minAddr === maxAddr ? formatIpv4(minAddr) : `${formatIpv4(minAddr)}-${formatIpv4(maxAddr)}`;
}

export function printNatPorts(range: NatRange): string {
  return range.minPort === range.maxPort ? String(range.minPort) : `${range.minPort}-${range.maxPort}`;
}

/** `10.0.0.1:80`. */
export function printTo(range: NatRange): string {
  return `${printAddrs(range)}${range.minPort === 0 ? '' : `:${printNatPorts(range)}`}`;
}

export function printFlags(range: NatRange): string {
  return `${range.random ? ' --random' : ''}${range.randomFully ? ' --random-fully' : ''}${range.persistent ? ' --persistent' : ''}`;
}

/** A range of one address. */
export function toAddress({ minPort, maxPort, random, randomFully, persistent }: NatRange, addr: Ipv4): NatRange {
  return { minAddr: addr, maxAddr: addr, minPort, maxPort, random, randomFully, persistent };
}

/** A target that maps to a range. Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8). */
export function natTarget(t: NatTarget['t'], { minAddr, maxAddr, minPort, maxPort, random, randomFully, persistent }: NatRange): NatTarget {
  return { t, minAddr, maxAddr, minPort, maxPort, random, randomFully, persistent };
}

/** The flags that all NAT targets share. */
export function withFlag(range: NatRange, use: OptionUse): NatRange {
  if (use.name === '--random') return { ...range, random: true };
  return use.name === '--random-fully' ? { ...range, randomFully: true } : { ...range, persistent: true };
}
