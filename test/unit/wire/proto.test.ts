import { fc, test as prop } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { ICMP, protoName, protoNumber, SCTP, TCP, UDP } from '../../../src/wire/proto.ts';

test('the protocols that carry pods’ traffic have the names iptables prints', () => {
  expect([ICMP, TCP, UDP, SCTP].map(protoName)).toEqual(['icmp', 'tcp', 'udp', 'sctp']);
  expect(['icmp', 'TCP', 'Udp', 'sctp'].map(protoNumber)).toEqual([ICMP, TCP, UDP, SCTP]);
});

test('a protocol without a name is printed as its number', () => {
  expect(protoName(253)).toBe('253');
  expect(protoNumber('253')).toBe(253);
});

test('a protocol that has a name may be given by number too', () => {
  expect(protoNumber('6')).toBe(TCP);
});

test.each(['', '256', '-1', '1.5', '0x6', ' 6', 'tcp ', 'constructor', '__proto__'])('refuses %j', (text) => {
  expect(protoNumber(text)).toBeNull();
});

prop.prop([fc.integer({ min: 0, max: 255 })])('every protocol number survives being printed and read', (proto) => {
  expect(protoNumber(protoName(proto))).toBe(proto);
});
