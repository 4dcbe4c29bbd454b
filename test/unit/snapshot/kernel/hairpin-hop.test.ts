import { expect, it } from 'vitest';
import type { TapHeader } from '../../../../src/snapshot/kernel/answers.ts';
import { ways } from '../../../../src/snapshot/kernel/hops.ts';

it('a frame that a bridge turns round has crossed it, though no tap on the bridge shows it', () => {
  const frame: TapHeader = {
    proto: 'tcp',
    src: '10.66.0.20',
    dst: '10.66.0.21',
    ttl: 64,
    smac: '02:00:00:00:00:0c',
    dmac: '02:00:00:00:00:0e',
  };
  const outer: TapHeader = { ...frame, proto: 'udp', src: '10.80.0.3', dst: '10.80.0.2', vni: 4096, inner: frame };
  const [way] = ways(
    [
      [1, 'lab/n0', 'eth0', false, outer],
      [2, 'lab/n0', 'vxlan0', false, frame],
      [3, 'lab/n0', 'vxlan0', true, frame],
      [4, 'lab/n0', 'eth0', true, outer],
    ],
    {
      wires: new Map(),
      inner: new Set(['lab/n0/vxlan0', 'lab/n0/cni0']),
      tunnels: new Set(['lab/n0/vxlan0']),
      bridges: new Map([['lab/n0/vxlan0', 'cni0']]),
      macs: new Map(),
    },
  );
  expect(way?.hops.map(({ in: dev, through, out }) => [dev, through, out])).toEqual([['eth0', ['vxlan0', 'cni0', 'vxlan0'], 'eth0']]);
});
