import { expect, it } from 'vitest';
import type { RawTruth, TapFrame, TapHeader } from '../../../../src/snapshot/kernel/answers.ts';
import { layoutOf, readTruth } from '../../../../src/snapshot/kernel/read-truth.ts';
import { ANY } from '../../../../src/wire/ipv4.ts';
import { Lab } from '../../linux/lab.ts';

const packet: TapHeader = {
  proto: 'icmp',
  src: '10.0.0.1',
  dst: '10.0.0.2',
  ttl: 64,
  smac: '02:00:00:00:00:01',
  dmac: '02:00:00:00:00:02',
};

const nothing: RawTruth = {
  sentMs: 0,
  settled: true,
  stallMs: 0,
  errno: null,
  reply: null,
  refused: false,
  seen: [],
  heard: {},
  frames: [],
  lost: [],
  rules: {},
  conntrack: {},
  drops: [],
  born: {},
  neigh: {},
};

function read(raw: Partial<RawTruth>, proto: 'icmp' | 'udp'): ReturnType<typeof readTruth> {
  const world = {
    machines: { lab: new Lab().veth('a/eth0', 'b/eth0').host },
    fabric: null,
    cluster: null,
  };
  const from = { kind: 'netns', machine: 'lab', netns: 'a' } as const;
  const probe = { label: 'netns/lab/a', from, proto, dst: ANY };
  return readTruth({ ...nothing, ...raw }, probe, world, layoutOf(world));
}

it('of all who hear an echo request, the first who answers has taken it, though another may be first to answer', () => {
  const heard = { type: 8, code: 0, src: '10.0.0.1', dst: '10.0.0.255', id: 7 };
  const frames: TapFrame[] = [
    [1, 'lab/a', 'eth0', true, { ...packet, part: 'request' }],
    [1, 'lab/b', 'eth0', false, { ...packet, part: 'request' }],
    [1, 'lab/c', 'eth0', false, { ...packet, part: 'request' }],
    [2, 'lab/d', 'eth0', false, { ...packet, part: 'request' }],
    [2, 'lab/d', 'eth0', true, { ...packet, part: 'reply' }],
    [3, 'lab/b', 'eth0', false, { ...packet, part: 'reply' }],
    [4, 'lab/b', 'eth0', true, { ...packet, part: 'reply' }],
    [5, 'lab/c', 'eth0', true, { ...packet, part: 'reply' }],
  ];
  const raw = { heard: { 'lab/b': [heard], 'lab/c': [heard], 'lab/d': [heard] }, frames };
  expect(read(raw, 'icmp').delivered?.ns).toBe('lab/c');
});

it('a later fragment has no way of its own, however many tunnels deep', () => {
  const tunnelled = (inner: TapHeader): TapHeader => ({
    ...packet,
    proto: 'udp',
    vni: 1,
    part: inner.part ?? 'either',
    inner,
  });
  const first: TapHeader = { ...packet, more: true, part: 'request' };
  const frames: TapFrame[] = [first, { ...packet, offset: 1424 }].map((inner, at) => [
    at,
    'lab/a',
    'eth0',
    true,
    tunnelled(tunnelled(inner)),
  ]);
  expect(read({ frames }, 'udp').frames?.request).toBeNull();
});
