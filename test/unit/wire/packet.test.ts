import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../../src/wire/checksum.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { mac } from '../../../src/wire/mac.ts';
import { encodeArp } from '../../../src/wire/packet/arp.ts';
import { encodeEthernet } from '../../../src/wire/packet/ethernet.ts';
import { encodeIcmp } from '../../../src/wire/packet/icmp.ts';
import { encodeIpv4, pseudoHeader } from '../../../src/wire/packet/ipv4.ts';
import { encodeTcp } from '../../../src/wire/packet/tcp.ts';
import { encodeUdp } from '../../../src/wire/packet/udp.ts';
import { encodeVxlan } from '../../../src/wire/packet/vxlan.ts';

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const SRC = ip('10.0.0.1');
const DST = ip('192.168.255.254');

describe('the Internet checksum', () => {
  it('is that of the example in RFC 1071', () => {
    expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(~0xddf2 & 0xffff);
  });

  test.prop([fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 99 })])('is that of the bytes in a row', (first, second) => {
    const even = first.subarray(0, first.length & ~1);
    expect(internetChecksum(even, second)).toBe(internetChecksum(Uint8Array.from([...even, ...second])));
  });
});

describe('headers', () => {
  it('of IPv4 are those of the well-known example', () => {
    const header = {
      src: ip('192.168.0.1'),
      dst: ip('192.168.0.199'),
      proto: 17,
      ttl: 64,
      tos: 0,
      id: 0,
      df: true,
      moreFragments: false,
      fragOffsetBytes: 0,
    };
    expect(hex(encodeIpv4({ ...header, totalBytes: 115 }))).toBe('45000073000040004011b861c0a80001c0a800c7');
  });

  it('of ARP, Ethernet and VXLAN stand as their documents say', () => {
    const [a, b] = [mac('02:00:00:00:00:01'), mac('00:00:00:00:00:00')];
    const request = encodeArp({ op: 'request', senderMac: a, senderIp: SRC, targetMac: b, targetIp: DST });
    expect(hex(request)).toBe('00010800060400010200000000010a000001000000000000c0a8fffe');
    expect(hex(encodeEthernet(a, mac('ff:ff:ff:ff:ff:ff'), 0x0806, new Uint8Array(1)))).toBe('ffffffffffff020000000001080600');
    expect(hex(encodeVxlan(42, Uint8Array.of(9)))).toBe('0800000000002a0009');
  });

  test.prop([fc.uint8Array({ maxLength: 2000 }), fc.nat(0xffff), fc.nat(0xffff)])(
    'of UDP sum up to all ones, and never say that there is no sum',
    (payload, sport, dport) => {
      const bytes = encodeUdp({ sport, dport, payload }, SRC, DST);
      expect(internetChecksum(pseudoHeader(SRC, DST, 17, bytes.length), bytes)).toBe(0);
      expect((bytes[6] ?? 0) | (bytes[7] ?? 0)).not.toBe(0);
    },
  );

  test.prop([fc.nat(255), fc.nat(255), fc.nat(0xffff_ffff), fc.uint8Array({ maxLength: 600 })])(
    'of ICMP sum up to all ones',
    (type, code, rest, payload) => {
      expect(internetChecksum(encodeIcmp(type, code, rest, payload))).toBe(0);
    },
  );

  test.prop([
    fc.constantFrom(2, 18, 16, 4, 20),
    fc.nat(0xffff),
    fc.integer({ min: 5, max: 15 }),
    fc.nat(0xffff_ffff),
    fc.uint8Array({ maxLength: 9 }),
  ])('of TCP sum up to all ones and have the length that was asked for', (flags, mssBytes, words, number, payload) => {
    const segment = {
      sport: 1,
      dport: 2,
      seqNumber: number,
      ackNumber: number,
      flags,
      window: 1,
      mssBytes,
      clockMs: number,
      headerBytes: words * 4,
      payload,
    };
    const bytes = encodeTcp(segment, SRC, DST);
    expect(bytes.length).toBe(words * 4 + payload.length);
    expect(internetChecksum(pseudoHeader(SRC, DST, 6, bytes.length), bytes)).toBe(0);
  });
});
