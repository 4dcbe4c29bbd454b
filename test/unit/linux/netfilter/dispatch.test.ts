import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Recorder, force } from '../../../../src/trace/recorder.ts';
import { evaluateLinear } from './linear.ts';
import { ACCEPT, Bench, DROP, type Packet, table } from './support.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '0.0.0.0', '255.255.255.255', '200.0.0.1'];
const PORTS = [0, 53, 80, 443, 65535];
const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const maybe = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 3, arbitrary: text });
const not = pick(['', '', '', '! ']);

const dst = maybe(fc.tuple(not, pick(ADDRESSES), pick(['', '', '', '/24', '/0.0.0.255'])).map(([n, a, m]) => `${n}-d ${a}${m}`));
const src = maybe(fc.tuple(not, pick(ADDRESSES), pick(['', '/16'])).map(([n, a, m]) => `${n}-s ${a}${m}`));
const ports = fc.oneof(
  fc.tuple(not, pick(PORTS)).map(([n, p]) => `${n}--dport ${p}`),
  pick(PORTS).map((p) => `--sport ${p}`),
  fc.constant('--dport 50:100'),
  fc.tuple(not, fc.subarray(PORTS, { minLength: 1 })).map(([n, p]) => `-m multiport ${n}--dports ${p.join(',')}`),
  fc.constant('-m multiport --dports 53:80,443'),
  fc.constant('-m comment --comment x'),
);
const proto = maybe(
  fc.oneof(
    fc.tuple(pick(['tcp', 'udp']), ports).map(([p, m]) => `-p ${p} -m ${p} ${m}`),
    pick(['-p icmp', '! -p tcp', '-p 47']),
  ),
);
const extra = maybe(
  pick([
    '-m mark --mark 1/1',
    '-m mark ! --mark 2/2',
    '-f',
    '! -f',
    '-i eth0',
    '! -i eth+',
    '-m u32 --u32 "0=0"',
    '-m length --length 0:100',
  ]),
);
const target = pick(['', '-j ACCEPT', '-j DROP', '-j RETURN', '-j MARK --set-mark 1/1', '-j MARK --or-mark 2', '-j A', '-j B', '-g B']);
const rule = fc.tuple(dst, src, proto, extra, target).map((parts) => parts.filter((part) => part !== '').join(' '));

const rules = fc.record({
  FORWARD: fc.array(rule, { minLength: 1, maxLength: 25 }),
  A: fc.array(rule, { maxLength: 40 }),
  B: fc.array(rule, { maxLength: 12 }),
});
const packet: fc.Arbitrary<Packet> = fc.record({
  src: pick(ADDRESSES),
  dst: pick(ADDRESSES),
  proto: pick(['tcp', 'udp', 'icmp', '47']),
  sport: pick(PORTS),
  dport: pick(PORTS),
  fragOffsetBytes: pick([0, 0, 0, 1480]),
  lengthBytes: pick([60, 1500]),
  mark: pick([0, 1, 2]),
});

/** Jumps only lead down, so there is no loop. */
function lines({ FORWARD, A, B }: { FORWARD: string[]; A: string[]; B: string[] }, policy: string): string[] {
  const down = (text: string, allowed: boolean): string => (allowed ? text : text.replace(/-[jg] [AB]$/, '-j RETURN'));
  return [
    `:FORWARD ${policy} [0:0]`,
    ':A - [0:0]',
    ':B - [0:0]',
    ...FORWARD.map((text) => `-A FORWARD ${text}`),
    ...A.map((text) => `-A A ${down(text, !text.endsWith(' A') && text !== '-j A')}`),
    ...B.map((text) => `-A B ${down(text, false)}`),
  ];
}

describe('the index of a long chain', () => {
  test('decides as a reading of every rule does, packet by packet, with the same rules matched', () => {
    fc.assert(
      fc.property(rules, fc.array(packet, { minLength: 8, maxLength: 8 }), pick(['ACCEPT', 'DROP']), (texts, packets, policy) => {
        const compiled = table('filter', ...lines(texts, policy));
        for (const one of packets) {
          const bench = new Bench();
          const naive = evaluateLinear(compiled, 'FORWARD', bench.env('FORWARD', bench.skb(one), 'eth0', 'eth1'));
          bench.recorder = new Recorder();
          const { verdict } = bench.run(compiled, 'FORWARD', one);
          const hits = bench.hop.steps.flatMap(({ draft }) =>
            draft.rule === undefined ? [] : [`${force(draft.rule).chain} ${force(draft.rule).index}`],
          );
          expect({ hits, end: verdict === ACCEPT ? 'ACCEPT' : verdict === DROP ? 'DROP' : 'UNKNOWN' }).toEqual(naive);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('finds a service among ten thousand as it would among ten', () => {
    const services = Array.from(
      { length: 10_000 },
      (_, i) => `-A SERVICES -d 10.${i >> 8}.${i & 255}.1 -p tcp --dport 80 -j MARK --set-mark ${i}`,
    );
    const compiled = table(
      'mangle',
      ':SERVICES - [0:0]',
      '-A FORWARD -j SERVICES',
      ...services,
      '-A SERVICES -d 10.0.7.1 -j ACCEPT',
      '-A SERVICES -j DROP',
    );
    const bench = new Bench();
    const { verdict, skb } = bench.run(compiled, 'FORWARD', { dst: '10.0.7.1', dport: 80 });
    expect([verdict, skb.mark]).toEqual([ACCEPT, 7]);
    expect(bench.run(compiled, 'FORWARD', { dst: '10.0.8.1', dport: 81 }).verdict).toBe(DROP);
  });
});
