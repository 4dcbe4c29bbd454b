import { expect, test } from 'vitest';
import type { TapFrame } from '../../../../src/snapshot/kernel/answers.ts';
import { portsOfAll } from '../../../../src/snapshot/kernel/tunnel-ports.ts';

const MACS = { smac: '02:00:00:00:00:01', dmac: '02:00:00:00:00:02', ttl: 64 };

function tunnelled(port: number, inner: string): TapFrame {
  const outer = { proto: 'udp', src: '10.80.0.2', dst: '10.80.0.3', sport: 0, dport: 4789, vni: 1, port, ...MACS };
  return [0, 'lab/n0', 'eth0', true, { ...outer, inner: { proto: inner, src: '10.66.0.1', dst: '10.66.0.2', ...MACS } }];
}

function seen(...frames: readonly TapFrame[]): Parameters<typeof portsOfAll>[0][number] {
  return { frames, conntrack: {}, born: {} };
}

test('the port of a flow that nobody sees during one probe is what it is during another', () => {
  const [first, second, third] = portsOfAll([
    seen(tunnelled(40_001, 'arp')),
    seen(tunnelled(40_002, 'icmp')),
    seen(tunnelled(40_003, 'arp')),
  ]);
  expect(first?.get('lab/n0 arp')).toEqual([40_001]);
  expect(second?.get('lab/n0 arp')).toEqual([40_001, 40_003]);
  expect(third?.get('lab/n0 arp')).toEqual([40_003]);
  expect(first?.get('icmp 10.66.0.1 10.66.0.2')).toEqual([40_002]);
});

test('the port of what a rule dropped is told by the trace of nftables', () => {
  const [ports] = portsOfAll([{ ...seen(tunnelled(40_001, 'arp')), tunnels: { 'lab/n0': [40_001, 40_007] } }]);
  expect(ports?.get('lab/n0 *')).toEqual([40_007]);
});
