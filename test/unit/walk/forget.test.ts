import { expect, test } from 'vitest';
import { newSession } from '../../../src/walk/new-session.ts';
import type { Probe } from '../../../src/walk/probe.ts';
import { forgetNetns, walk } from '../../../src/walk/walk.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { freeze } from '../../../src/world/freeze.ts';
import { Lab } from '../linux/lab.ts';

test('a namespace that went and came back has forgotten its connections, and a session shows those that it makes from then on', () => {
  const lab = new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').listen('b', 'udp/53');
  lab.iptables('b', '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT');
  const world = freeze({ machines: { m: lab.host }, fabric: null, cluster: null });
  const session = newSession();
  const from = { kind: 'netns', machine: 'm', netns: 'a' } as const;
  const asks = (sport: number): Probe => ({ label: 'a', from, proto: 'udp', dst: ip('10.0.0.3'), dport: 53, sport });
  const clients = (): (number | undefined)[] | undefined =>
    session.netns
      .get('m/b')
      ?.conntrack.list(0)
      .map(({ origSport }) => origSport);
  walk(world, session, asks(1111));
  expect(clients()).toEqual([1111]);
  forgetNetns(session, 'm/b');
  walk(world, session, asks(2222));
  expect(clients()).toEqual([2222]);
});
