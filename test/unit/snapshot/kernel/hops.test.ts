import { expect, test } from 'vitest';
import type { TapFrame, TapHeader } from '../../../../src/snapshot/kernel/answers.ts';
import { type Layout, ways } from '../../../../src/snapshot/kernel/hops.ts';

const layout: Layout = {
  wires: new Map(),
  inner: new Set(['lab/n/br0', 'lab/n/vx0']),
  tunnels: new Set(['lab/n/vx0']),
  bridges: new Map([
    ['lab/n/vx0', 'br0'],
    ['lab/n/v0', 'br0'],
    ['lab/n/v1', 'br0'],
  ]),
  macs: new Map(),
};

const packet: TapHeader = { proto: 'udp', src: '10.0.0.1', dst: '10.0.0.2', ttl: 64, smac: '02:00:00:00:00:01', dmac: '02:00:00:00:00:02' };

/** What a packet crossed in one namespace, as its taps saw it: `DEV in` or `DEV out`; `DEV* in` with the header of the tunnel. */
function crossed(...seen: string[]): unknown {
  const frames = seen.map((text, at): TapFrame => {
    const [dev = '', way] = text.split(' ');
    return [at, 'lab/n', dev.replace('*', ''), way === 'out', dev.endsWith('*') ? { ...packet, vni: 1 } : packet];
  });
  return ways(frames, layout)[0]?.hops[0]?.through;
}

test('a bridge that a packet crosses is told, though its taps do not show it', () => {
  expect(crossed('v0 in', 'v1 out')).toEqual(['br0']);
  expect(crossed('eth0* in', 'vx0 in', 'v1 out')).toEqual(['vx0', 'br0']);
});

test('what goes back into the tunnel that it came out of crosses the bridge between', () => {
  expect(crossed('eth0* in', 'vx0 in', 'vx0 out', 'eth0* out')).toEqual(['vx0', 'br0', 'vx0']);
});

test('what comes out of the tunnel that it went into crosses none in between', () => {
  expect(crossed('v0 in', 'vx0 out', 'vx0 in', 'v1 out')).toEqual(['br0', 'vx0', 'vx0', 'br0']);
});

test('of two packets that waited for a neighbour, each leaves as itself', () => {
  const frame = (at: number, dev: string, out: boolean, ipid: number): TapFrame => [
    at,
    'lab/r',
    dev,
    out,
    { ...packet, dst: `10.0.0.${ipid}`, ipid, vni: 1 },
  ];
  const frames = [frame(0, 'eth0', false, 1), frame(1, 'eth0', false, 2), frame(2, 'eth1', true, 1), frame(3, 'eth2', true, 2)];
  const seen = ways(frames, layout).map(({ hops: [hop] }) => `${hop?.rx?.dst} by ${hop?.out}`);
  expect(seen.sort()).toEqual(['10.0.0.1 by eth1', '10.0.0.2 by eth2']);
});

test('a bridge takes up what came by a port, and not what it sent into its tunnel', () => {
  const frames = ['v0 in', 'vx0 out', 'eth0 out', 'br0 in'].map((text, at): TapFrame => {
    const [dev = '', way] = text.split(' ');
    return [at, 'lab/n', dev, way === 'out', dev === 'eth0' ? { ...packet, vni: 1 } : packet];
  });
  const seen = ways(frames, layout).flatMap(({ hops }) => hops.map(({ through = [] }) => through.join(' ')));
  expect(seen.toSorted()).toEqual(['br0', 'br0 vx0']);
});
