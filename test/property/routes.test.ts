import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, ip, ipv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, prefixOf } from '../../src/wire/prefix.ts';
import { Lab } from '../unit/linux/lab.ts';
import { runs } from './support/find.ts';

const DEVICES = ['d0', 'd1', 'd2'] as const;

/** Addresses in a few nested ranges, so that prefixes hold each other. */
const address: fc.Arbitrary<Ipv4> = fc.oneof(
  fc.nat(0xff).map((low) => ipv4(ip('10.1.1.0') + low)),
  fc.nat(0xffff).map((low) => ipv4(ip('10.1.0.0') + low)),
  fc.integer({ min: 0x0a00_0000, max: 0x0aff_ffff }).map(ipv4),
);
const range: fc.Arbitrary<Prefix> = fc.tuple(address, fc.integer({ min: 8, max: 32 })).map(([addr, len]) => prefixOf(addr, len));
const route = fc.record({ range, metric: fc.nat(2), device: fc.constantFrom(...DEVICES), refuses: fc.nat(9).map((n) => n === 9) });

/** The route of a plain search: the longest prefix, then the lowest metric. */
function plainSearch<T extends { readonly range: Prefix; readonly metric: number }>(routes: readonly T[], dst: Ipv4): T | undefined {
  const fitting = routes.filter(({ range: one }) => contains(one, dst));
  return fitting.toSorted((a, b) => b.range.len - a.range.len || a.metric - b.metric)[0];
}

describe('a routing table', () => {
  it('finds for every address the route that a plain search finds', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(route, { maxLength: 40, selector: ({ range: one, metric }) => `${formatPrefix(one)} ${metric}` }),
        fc.array(address, { minLength: 1, maxLength: 15 }),
        (routes, addresses) => {
          const lab = new Lab();
          for (const [i, device] of DEVICES.entries()) lab.dummy(`a/${device}`).addr(`a/${device}`, `192.0.2.${i + 1}/32`);
          for (const { range: to, metric, device, refuses } of routes) {
            lab.route(
              'a',
              `${refuses ? 'unreachable ' : ''}${formatPrefix(to)}${refuses ? '' : ` dev ${device}`}${metric === 0 ? '' : ` metric ${metric}`}`,
            );
          }
          for (const dst of addresses) {
            const sent = lab.send('a', `udp ${formatIpv4(dst)}:9`);
            const expected = plainSearch(routes, dst);
            if (expected === undefined) expect(sent.errno).toBe('ENETUNREACH');
            else if (expected.refuses) expect(sent.errno).toBe('EHOSTUNREACH');
            else {
              const taken = sent.trace.legs[0]?.hops[0]?.steps.find((step) => step.route !== undefined)?.route;
              expect([taken?.dst, taken?.dev, taken?.metric ?? 0]).toEqual([
                formatPrefix(expected.range),
                expected.device,
                expected.metric,
              ]);
            }
          }
        },
      ),
      { numRuns: runs(60) },
    );
  });
});
