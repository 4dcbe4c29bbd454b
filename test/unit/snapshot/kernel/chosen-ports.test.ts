import { expect, test } from 'vitest';
import { withTwinsPorts } from '../../../../src/snapshot/kernel/chosen-ports.ts';
import type { TruthEntry, TruthProbe } from '../../../../src/snapshot/kernel/truth.ts';

const CLIENT = '10.80.0.77';

function connection(far: string, sport: number, chosen: number): TruthEntry & { readonly status: ('snat' | 'dnat')[] } {
  return {
    orig: { proto: 'tcp', src: CLIENT, dst: far, sport, dport: 80 },
    reply: { proto: 'tcp', src: far, dst: CLIENT, sport: 80, dport: chosen },
    status: ['snat'],
  };
}

function truthOf(...entries: readonly TruthEntry[]): TruthProbe {
  return {
    probe: { id: 'p0', from: 'netns/lab/n0', proto: 'tcp' },
    outcome: 'dropped',
    sendErrno: null,
    delivered: null,
    reply: null,
    icmpErrors: [],
    hops: [],
    replyHops: [],
    trace: [],
    drops: [],
    conntrack: { 'lab/n0': entries },
    neigh: {},
  };
}

test('a port that the kernel chose twice is known by its far end', () => {
  // Each round of a loop begins with the port that the last one chose.
  const kernel = truthOf(
    connection('10.96.0.1', 40_001, 5000),
    connection('10.96.0.1', 5000, 6000),
    connection('10.96.0.2', 40_001, 5000),
    connection('10.96.0.2', 5000, 7000),
  );
  const twin = [
    connection('10.96.0.1', 40_001, 1111),
    connection('10.96.0.1', 1111, 2222),
    connection('10.96.0.2', 40_001, 3333),
    connection('10.96.0.2', 3333, 4444),
  ];
  const seen = { conntrack: new Map([['lab/n0', twin]]), met: new Map() };
  expect(withTwinsPorts(kernel, seen, new Set()).conntrack['lab/n0']).toEqual(twin);
});
