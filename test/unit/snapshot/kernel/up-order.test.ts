import { expect, it } from 'vitest';
import { upOrder } from '../../../../src/snapshot/kernel/plan/up-order.ts';
import { Lab } from '../../linux/lab.ts';

it('brings two devices of one subnet up as their routes follow one another, and all else as it is listed', () => {
  const lab = new Lab();
  for (const [dev, addr] of [
    ['eth2', '10.0.0.4/24'],
    ['eth0', '10.0.0.3/24'],
    ['eth1', '10.0.1.2/24'],
  ] as const)
    lab.veth(`a/${dev}`, `b/${dev}`).addr(`a/${dev}`, addr);
  expect(upOrder(lab.netns('a'))).toEqual(['lo', 'eth2', 'eth0', 'eth1']);
  const turned = lab.netns('a').links.toReversed();
  expect(upOrder({ ...lab.netns('a'), links: turned })).toEqual(['eth1', 'eth2', 'eth0', 'lo']);
});
