import { fc, test as prop } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { BROADCAST_MAC, isGroupMac, localMac, mac, parseMac, ZERO_MAC } from '../../../src/wire/mac.ts';

describe('reading an Ethernet address', () => {
  test('case does not matter', () => {
    expect(parseMac('12:34:56:78:9A:BC')).toBe(mac('12:34:56:78:9a:bc'));
  });

  test.each([
    '',
    '12:34:56:78:9a',
    '12:34:56:78:9a:bc:de',
    '12-34-56-78-9a-bc',
    '1234.5678.9abc',
    '123456789abc',
    '1:2:3:4:5:6',
    '12:34:56:78:9a:bg',
    ' 12:34:56:78:9a:bc',
    '12:34:56:78:9a:bc\n',
  ])('refuses %j', (text) => {
    expect(parseMac(text)).toBeNull();
  });

  test('text written by the program itself throws when it is none', () => {
    expect(() => mac('azure')).toThrow('not an Ethernet address: azure');
  });

  prop.prop([fc.uint8Array({ minLength: 6, maxLength: 6 })])('every six bytes printed with colons are read back', (bytes) => {
    const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
    expect(parseMac(text)).toBe(text);
    expect(parseMac(text.toUpperCase())).toBe(text);
  });
});

describe('group addresses', () => {
  test.each([
    ['ff:ff:ff:ff:ff:ff', true],
    ['01:00:5e:00:00:01', true],
    ['33:33:00:00:00:01', true],
    ['aa:aa:aa:aa:aa:aa', false],
    ['12:34:56:78:9a:bc', false],
    ['00:00:00:00:00:00', false],
  ])('%s is a group address: %s', (text, expected) => {
    expect(isGroupMac(mac(text))).toBe(expected);
  });

  test('broadcast is all ones, and nothing is all zeros', () => {
    expect([BROADCAST_MAC, ZERO_MAC]).toEqual(['ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00']);
  });
});

describe('addresses made from a number', () => {
  test('the number fills the last five bytes', () => {
    expect(localMac(0)).toBe('02:00:00:00:00:00');
    expect(localMac(0x0af4_0102)).toBe('02:00:0a:f4:01:02');
    expect(localMac(0xff_ffff_ffff)).toBe('02:ff:ff:ff:ff:ff');
  });

  const fortyBits = fc.integer({ min: 0, max: 2 ** 40 - 1 });
  prop.prop([fortyBits, fortyBits])('they are unicast and differ when the numbers differ', (a, b) => {
    expect(isGroupMac(localMac(a))).toBe(false);
    expect(localMac(a) === localMac(b)).toBe(a === b);
  });
});
