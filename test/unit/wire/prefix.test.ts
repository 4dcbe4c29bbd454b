import { fc, test as prop } from '@fast-check/vitest';
import { IPv4, IPv4CidrRange } from 'ip-num';
import { describe, expect, test } from 'vitest';
import { formatIpv4, ip, ipv4, type Ipv4 } from '../../../src/wire/ipv4.ts';
import {
  contains,
  covers,
  DEFAULT_ROUTE,
  formatPrefix,
  lastAddress,
  mask,
  overlaps,
  parseCidr,
  parsePrefix,
  prefix,
  prefixOf,
  sizeOf,
} from '../../../src/wire/prefix.ts';

const anyAddress = fc.integer({ min: 0, max: 0xffff_ffff }).map(ipv4);
const anyPrefix = fc.tuple(anyAddress, fc.integer({ min: 0, max: 32 })).map(([addr, len]) => prefixOf(addr, len));
/** An address that differs from the prefix's own in few bits, so that both answers occur. */
const prefixAndAddress = fc
  .tuple(anyPrefix, fc.integer({ min: 0, max: 31 }), anyAddress)
  .map(([p, bit, noise]): [typeof p, Ipv4] => [p, ipv4(p.addr ^ (1 << bit) ^ (noise & 0xff))]);
/** Two prefixes of which one often lies inside the other. */
const twoPrefixes = fc.tuple(anyPrefix, fc.integer({ min: 0, max: 32 }), anyAddress, fc.boolean()).map(([p, len, addr, near]) => ({
  a: p,
  b: prefixOf(near ? ipv4(p.addr | (addr & ~mask(p.len))) : addr, len),
}));

function range(text: string): IPv4CidrRange {
  return IPv4CidrRange.fromCidr(text);
}

describe('reading a prefix', () => {
  test.each([
    ['10.244.0.0/16', '10.244.0.0/16'],
    ['10.244.1.7/24', '10.244.1.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['10.0.0.5/32', '10.0.0.5/32'],
    ['10.0.0.5', '10.0.0.5/32'],
  ])('%s is %s', (text, expected) => {
    expect(formatPrefix(prefix(text))).toBe(expected);
  });

  test('an interface address keeps its host bits', () => {
    expect(parseCidr('10.240.0.4/16')).toEqual({ addr: ip('10.240.0.4'), len: 16 });
  });

  test.each([
    '',
    '/',
    '/24',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/08',
    '10.0.0.0/8 ',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '010.0.0.0/8',
    'fd00::/8',
    'default',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeNull();
    expect(parsePrefix(text)).toBeNull();
  });

  test('text written by the program itself throws when it is no prefix', () => {
    expect(() => prefix('10.0.0.0/33')).toThrow('not an IPv4 prefix: 10.0.0.0/33');
  });

  prop.prop([anyPrefix])('a prefix printed and read again is the same', (p) => {
    expect(parsePrefix(formatPrefix(p))).toEqual(p);
  });
});

describe('what a prefix holds', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['192.168.4.4/32', '192.168.4.4', true],
    ['192.168.4.4/32', '192.168.4.5', false],
  ])('%s holds %s: %s', (text, address, expected) => {
    expect(contains(prefix(text), ip(address))).toBe(expected);
  });

  test('the default route holds every address and has 2^32 of them', () => {
    expect(contains(DEFAULT_ROUTE, ip('8.8.8.8'))).toBe(true);
    expect(sizeOf(DEFAULT_ROUTE)).toBe(2 ** 32);
    expect(formatIpv4(lastAddress(DEFAULT_ROUTE))).toBe('255.255.255.255');
  });

  test('a subnet ends at its broadcast address', () => {
    expect(formatIpv4(lastAddress(prefix('10.240.0.0/16')))).toBe('10.240.255.255');
    expect(formatIpv4(lastAddress(prefix('10.0.0.5/32')))).toBe('10.0.0.5');
  });

  test.each([
    [0, '0.0.0.0'],
    [1, '128.0.0.0'],
    [20, '255.255.240.0'],
    [32, '255.255.255.255'],
  ])('the mask of /%i is %s', (len, expected) => {
    expect(formatIpv4(mask(len))).toBe(expected);
  });

  test.each([
    ['10.0.0.0/8', '10.1.0.0/16', true, true, false],
    ['10.1.0.0/16', '10.1.0.0/16', true, true, true],
    ['10.0.0.0/16', '10.1.0.0/16', false, false, false],
    ['0.0.0.0/0', '255.0.0.0/8', true, true, false],
  ])('%s and %s overlap: %s', (a, b, overlap, aCoversB, bCoversA) => {
    expect(overlaps(prefix(a), prefix(b))).toBe(overlap);
    expect(covers(prefix(a), prefix(b))).toBe(aCoversB);
    expect(covers(prefix(b), prefix(a))).toBe(bCoversA);
  });
});

describe('agreement with ip-num', () => {
  prop.prop([prefixAndAddress])('on whether a prefix holds an address', ([p, address]) => {
    const single = new IPv4CidrRange(new IPv4(formatIpv4(address)), range('0.0.0.0/32').getPrefix());
    const theirs = range(formatPrefix(p));
    expect(contains(p, address)).toBe(theirs.contains(single) || theirs.isEquals(single));
  });

  prop.prop([anyPrefix])('on first address, last address, mask and size', (p) => {
    const theirs = range(formatPrefix(p));
    expect(formatIpv4(p.addr)).toBe(theirs.getFirst().toString());
    expect(formatIpv4(lastAddress(p))).toBe(theirs.getLast().toString());
    expect(formatIpv4(mask(p.len))).toBe(theirs.getPrefix().toMask().toString());
    expect(BigInt(sizeOf(p))).toBe(theirs.getSize());
  });

  prop.prop([twoPrefixes])('on whether one prefix covers another', ({ a, b }) => {
    const [x, y] = [range(formatPrefix(a)), range(formatPrefix(b))];
    expect(covers(a, b)).toBe(x.contains(y) || x.isEquals(y));
    expect(covers(b, a)).toBe(y.contains(x) || x.isEquals(y));
  });
});

describe('laws', () => {
  prop.prop([twoPrefixes])('two prefixes overlap exactly when one covers the other, in either order', ({ a, b }) => {
    expect(overlaps(a, b)).toBe(covers(a, b) || covers(b, a));
    expect(overlaps(b, a)).toBe(overlaps(a, b));
  });

  prop.prop([anyAddress, fc.integer({ min: 0, max: 32 })])(
    'the prefix of an address holds it, its first and its last address',
    (address, len) => {
      const p = prefixOf(address, len);
      expect([p.addr, address, lastAddress(p)].every((each) => contains(p, each))).toBe(true);
    },
  );
});
