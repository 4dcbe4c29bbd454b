import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneFlowTable, findFlow, newFlowTable, putFlow, removeFlow, sweepFlows } from '../../../src/azure/flow-table.ts';
import { inSet, lookup, prefixMap, prefixSet } from '../../../src/azure/prefix-map.ts';
import { ipv4 } from '../../../src/wire/ipv4.ts';
import { contains, prefixOf } from '../../../src/wire/prefix.ts';

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
const key = fc.tuple(word, word, word, word);
const operation = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ kind: fc.constant('remove' as const), key, value: fc.constant(0) }),
);

describe('the flow table', () => {
  it('holds what a Map holds after any puts, removals and sweeps', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const table = newFlowTable();
        const model = new Map<string, number>();
        for (const { kind, key: words, value } of operations) {
          const slot = findFlow(table, ...words);
          if (kind === 'put') {
            putFlow(table, ...words, value, 0);
            model.set(words.join(), value);
          } else if (slot >= 0) {
            removeFlow(table, slot);
            model.delete(words.join());
          }
        }
        const check = (held: typeof table): void => {
          expect(held.size).toBe(model.size);
          for (const { key: words } of operations) {
            const slot = findFlow(held, ...words);
            expect(slot < 0 ? undefined : held.values[slot]).toBe(model.get(words.join()));
          }
        };
        check(table);
        const copy = cloneFlowTable(table);
        sweepFlows(table, (_, value) => value > 500);
        check(copy);
        for (const [text, value] of model) if (value > 500) model.delete(text);
        check(table);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the prefix map', () => {
  const small = fc
    .tuple(fc.integer({ min: -64, max: 64 }), fc.integer({ min: 0, max: 32 }))
    .map(([addr, len]) => prefixOf(ipv4(addr), len));

  it('finds the longest prefix, as a plain search does', () => {
    fc.assert(
      fc.property(fc.array(small, { maxLength: 20 }), fc.integer({ min: -70, max: 70 }), (rows, low) => {
        const addr = ipv4(low);
        const best = rows.filter((row) => contains(row, addr)).sort((a, b) => b.len - a.len)[0];
        expect(lookup(prefixMap(rows.map((row) => [row, row])), addr)).toEqual(best);
        expect(inSet(prefixSet(rows), addr)).toBe(best !== undefined);
      }),
      { numRuns: 500 },
    );
  });
});
