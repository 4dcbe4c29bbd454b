import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReceivedWay, STEP_BY_STEP } from '../../../../src/linux/flow-cache/way.ts';
import { WayTable } from '../../../../src/linux/flow-cache/way-table.ts';
import { READS_DPORT, READS_SPORT } from '../../../../src/linux/netfilter/reads.ts';

const WAYS: readonly ReceivedWay[] = Array.from({ length: 5 }, () => ({ kind: 'local', route: null }));

const address = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
const flow = fc.record({
  kind: fc.constantFrom(0, 1, 5, 9, 21, 0xfff5),
  src: address,
  dst: address,
  ports: fc.constantFrom(0, 1, 0x1_0000, 0x1_0001, -1, (40_000 << 16) | 53),
});
const added = fc.record({ flow, reads: fc.constantFrom(0, 0, 0, READS_SPORT, READS_DPORT), way: fc.nat(WAYS.length - 1) });

describe('the table of ways', () => {
  it('finds a way again for flows that equal it in all that was asked for, and for no other', () => {
    fc.assert(
      fc.property(fc.array(added, { maxLength: 200 }), fc.array(flow), (additions, others) => {
        const table = new WayTable();
        const asked = new Map<number, number>();
        let model = new Map<string, ReceivedWay>();
        const key = ({ kind, src, dst, ports }: (typeof others)[number]): string =>
          [kind, src, dst, ports & (asked.get(kind & 7) ?? 0)].join(' ');
        for (const { flow: one, reads, way: number } of additions) {
          const { kind, src, dst, ports } = one;
          const way = WAYS[number] ?? STEP_BY_STEP;
          if (table.find(kind, src, dst, ports) !== undefined) continue;
          const before = asked.get(kind & 7) ?? 0;
          const wider = before | ((reads & READS_SPORT) === 0 ? 0 : 0xffff_0000 | 0) | ((reads & READS_DPORT) === 0 ? 0 : 0xffff);
          if (wider !== before) model = new Map();
          asked.set(kind & 7, wider);
          table.add(kind, src, dst, ports, reads, way);
          model.set(key(one), way);
        }
        for (const one of [...additions.map(({ flow: known }) => known), ...others]) {
          expect(table.find(one.kind, one.src, one.dst, one.ports)).toBe(model.get(key(one)));
        }
      }),
    );
  });

  it('starts again when it is full', () => {
    const table = new WayTable();
    const [way = STEP_BY_STEP] = WAYS;
    for (let src = 0; src < 65_000; src++) table.add(1, src, 7, 0, 0, way);
    expect(table.find(1, 0, 7, 0)).toBe(way);
    table.add(1, 65_000, 7, 0, 0, way);
    expect(table.find(1, 0, 7, 0)).toBeUndefined();
    expect(table.find(1, 65_000, 7, 0)).toBe(way);
  });
});
