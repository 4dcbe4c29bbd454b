import { expect, it } from 'vitest';
import { canBeEdited, commandOf, type Edit, worldsOf } from '../../../../src/snapshot/kernel/edits.ts';
import { randomCase } from '../../../../src/snapshot/random/case.ts';
import { ip } from '../../../../src/wire/ipv4.ts';

it('a change between probes is a command of the machine', () => {
  const at = { before: 1, netns: 'r0' };
  const changes: Edit[] = [
    { ...at, kind: 'iptables', args: ['-t', 'nat', '-F', 'OUTPUT'] },
    { ...at, kind: 'sysctl', name: 'net.ipv4.ip_forward', value: '0' },
    { ...at, kind: 'route', how: 'add blackhole', dst: ip('10.0.0.2'), len: 32 },
    { ...at, kind: 'route', how: 'del', dst: ip('0.0.0.0'), len: 0 },
  ];
  expect(changes.map((change) => commandOf(change).join(' '))).toEqual([
    'iptables -t nat -F OUTPUT',
    'sysctl -q -w net.ipv4.ip_forward=0',
    'ip route add blackhole 10.0.0.2/32',
    'ip route del 0.0.0.0/0',
  ]);
});

it('the probes before a change find the world as it was', () => {
  const changed = Array.from({ length: 100 }, (_, seed) => randomCase(seed)).filter(({ edits }) => edits.length > 0);
  expect(changed.length).toBeGreaterThan(5);
  for (const one of changed) {
    const worlds = worldsOf(one);
    const first = one.edits[0]?.before ?? 0;
    expect(worlds.slice(0, first).every((world) => world === one.world)).toBe(true);
    expect(worlds[first]).not.toBe(one.world);
    expect(canBeEdited(one)).toBe(true);
    expect(canBeEdited({ ...one, edits: [{ kind: 'iptables', before: 0, netns: 'nowhere', args: ['-F'] }] })).toBe(false);
  }
});
