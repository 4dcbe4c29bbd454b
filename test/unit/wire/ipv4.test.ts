import { fc, test as prop } from '@fast-check/vitest';
import { IPv4 } from 'ip-num';
import { describe, expect, test } from 'vitest';
import {
  ANY,
  BROADCAST,
  compareIpv4,
  formatIpv4,
  ip,
  ipv4,
  isLoopback,
  isMulticast,
  LOOPBACK,
  offsetIpv4,
  parseIpv4,
} from '../../../src/wire/ipv4.ts';

const anyAddress = fc.integer({ min: 0, max: 0xffff_ffff }).map(ipv4);

/** What ip-num takes the text for, `null` where it refuses. */
function ipNum(text: string): number | null {
  try {
    return Number(IPv4.fromDecimalDottedString(text).getValue());
  } catch {
    return null;
  }
}

describe('reading an address', () => {
  test.each([
    ['0.0.0.0', 0],
    ['10.240.0.4', 0x0af0_0004],
    ['127.0.0.1', 0x7f00_0001],
    ['168.63.129.16', 0xa83f_8110],
    ['255.255.255.255', 0xffff_ffff],
  ])('%s is %i', (text, value) => {
    expect(parseIpv4(text)).toBe(value | 0);
  });

  test.each([
    ['nothing', ''],
    ['three parts', '10.0.1'],
    ['five parts', '1.2.3.4.5'],
    ['an empty part', '1..2.3'],
    ['a dot at the end', '1.2.3.4.'],
    ['a dot at the start', '.1.2.3.4'],
    ['a part above 255', '10.0.0.256'],
    ['a part of four digits', '10.0.0.0001'],
    ['a leading zero, which C reads as octal', '010.0.0.1'],
    ['two zeros', '00.0.0.0'],
    ['hexadecimal', '0x0a.0.0.1'],
    ['one number', '167772161'],
    ['a sign', '+1.2.3.4'],
    ['a negative part', '1.2.3.-4'],
    ['a blank in front', ' 1.2.3.4'],
    ['a line end behind', '1.2.3.4\n'],
    ['a prefix', '1.2.3.4/32'],
    ['an IPv6 address', '::1'],
    ['an IPv4-mapped IPv6 address', '::ffff:1.2.3.4'],
    ['digits of another script', '１.2.3.4'],
    ['a very long text', '1'.repeat(100_000)],
  ])('refuses %s', (_what, text) => {
    expect(parseIpv4(text)).toBeNull();
  });

  test('text written by the program itself throws when it is no address', () => {
    expect(() => ip('10.0.0')).toThrow('not an IPv4 address: 10.0.0');
  });

  prop.prop([anyAddress])('an address printed and read again is the same', (address) => {
    expect(parseIpv4(formatIpv4(address))).toBe(address);
  });

  prop.prop([fc.ipV4()])('agrees with ip-num on every valid address', (text) => {
    const address = ip(text);
    expect(address >>> 0).toBe(ipNum(text));
    expect(formatIpv4(address)).toBe(text);
  });

  const part = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 300 }).map(String), weight: 8 },
    { arbitrary: fc.constantFrom('', '00', '01', '1e2', '-1', ' 1', '0x1'), weight: 1 },
  );
  const nearlyAnAddress = fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
  prop.prop([nearlyAnAddress])('never accepts what ip-num refuses, and reads the same value from what it accepts', (text) => {
    const address = parseIpv4(text);
    if (address !== null) expect(address >>> 0).toBe(ipNum(text));
  });

  prop.prop([fc.string({ unit: 'binary' })])('takes any text without throwing, and prints back what it accepted', (text) => {
    const address = parseIpv4(text);
    if (address !== null) expect(formatIpv4(address)).toBe(text);
  });
});

describe('addresses as numbers', () => {
  test('signed and unsigned forms of a number are one address', () => {
    expect(ipv4(0xffff_ffff)).toBe(ipv4(-1));
    expect(BROADCAST).toBe(ip('255.255.255.255'));
    expect(LOOPBACK).toBe(ip('127.0.0.1'));
    expect(ANY).toBe(ip('0.0.0.0'));
  });

  test('an address above 128.0.0.0 sorts after one below', () => {
    const texts = ['192.168.0.1', '10.0.0.1', '255.255.255.255', '127.255.255.255', '128.0.0.0', '0.0.0.0'];
    expect(texts.map(ip).sort(compareIpv4).map(formatIpv4)).toEqual([
      '0.0.0.0',
      '10.0.0.1',
      '127.255.255.255',
      '128.0.0.0',
      '192.168.0.1',
      '255.255.255.255',
    ]);
  });

  prop.prop([anyAddress, anyAddress])('sorts as ip-num does', (a, b) => {
    const [x, y] = [new IPv4(BigInt(a >>> 0)), new IPv4(BigInt(b >>> 0))];
    expect(Math.sign(compareIpv4(a, b))).toBe(x.isLessThan(y) ? -1 : x.isEquals(y) ? 0 : 1);
  });

  test('counting up crosses 127.255.255.255 and wraps at the end', () => {
    expect(formatIpv4(offsetIpv4(ip('127.255.255.255'), 1))).toBe('128.0.0.0');
    expect(formatIpv4(offsetIpv4(ip('10.0.0.0'), -1))).toBe('9.255.255.255');
    expect(offsetIpv4(BROADCAST, 1)).toBe(ANY);
  });

  test.each([
    ['126.255.255.255', false],
    ['127.0.0.0', true],
    ['127.255.255.255', true],
    ['128.0.0.0', false],
  ])('%s is a loopback address: %s', (text, expected) => {
    expect(isLoopback(ip(text))).toBe(expected);
  });

  test.each([
    ['223.255.255.255', false],
    ['224.0.0.0', true],
    ['239.255.255.255', true],
    ['240.0.0.0', false],
    ['255.255.255.255', false],
  ])('%s is a multicast address: %s', (text, expected) => {
    expect(isMulticast(ip(text))).toBe(expected);
  });
});
