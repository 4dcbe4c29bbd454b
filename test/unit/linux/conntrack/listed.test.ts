import { expect, test } from 'vitest';
import { entryOf, type CtRecord } from '../../../../src/linux/conntrack/record.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { UDP } from '../../../../src/wire/proto.ts';
import { hostRouterHost } from '../host-router-host.ts';
import type { Lab } from '../lab.ts';

/** A router between a and b that has two ways to b. */
function routed(...rules: readonly string[]): Lab {
  return hostRouterHost()
    .veth('b/eth1', 'r/rc')
    .addr('r/rc', '10.0.2.1/24')
    .addr('b/eth1', '10.0.2.2/24')
    .listen('b', 'udp/53')
    .iptables('r', ...rules);
}

/** What conntrack -L told of a flow from a to b. */
function listed(told: Partial<CtRecord>): CtRecord {
  const orig = { src: ip('10.0.0.2'), dst: ip('10.0.1.2'), sport: 40_000, dport: 53 };
  const reply = { src: orig.dst, dst: orig.src, sport: orig.dport, dport: orig.sport };
  const seen = { seenReply: true, assured: false, tcpState: null };
  return { proto: UDP, orig, reply, icmpType: null, ...seen, mark: 0, timeoutSeconds: 30, ...told };
}

/** The router knows the connection from a listing. */
function knowing(lab: Lab, record: CtRecord): Lab {
  lab.send('b', 'udp 10.0.0.2:9');
  lab.session.netns.get('m/r')?.conntrack.insert(entryOf(record, lab.session.clock.nowMs));
  return lab;
}

test.each([
  ['is assured', { assured: true, timeoutSeconds: 110 }, 1],
  ['was answered and then silent for longer than two seconds', { timeoutSeconds: 20 }, 1],
  ['may have begun a second ago', { timeoutSeconds: 29 }, 0],
])('a listed UDP connection that %s is remembered for so long', (_, told, entries) => {
  const lab = knowing(routed('-A FORWARD -m conntrack --ctstate INVALID -j DROP'), listed(told));
  expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  expect(lab.wait(100).conntrack('r')).toHaveLength(entries);
});

test('whether a listed connection was masqueraded where it leaves no longer, is not known', () => {
  const masqueraded = () =>
    knowing(
      routed('-t nat -A POSTROUTING -o rb -j MASQUERADE', '-t nat -A POSTROUTING -o rc -j MASQUERADE'),
      listed({ reply: { src: ip('10.0.1.2'), dst: ip('10.0.1.1'), sport: 53, dport: 40_000 } }),
    );
  expect(masqueraded().send('a', 'udp 10.0.1.2:53').seen).toBe('b 10.0.1.1:40000 > 10.0.1.2:53 ttl 63');
  const moved = masqueraded().route('r', '10.0.1.2/32 via 10.0.2.2').send('a', 'udp 10.0.1.2:53');
  expect([moved.outcome, moved.reason]).toEqual(['unknown', 'CONNTRACK_HISTORY']);
});

test('a listed UDP connection of which no time is told becomes a stream like any other', () => {
  const lab = knowing(routed('-A FORWARD -m conntrack --ctstate INVALID -j DROP'), listed({ timeoutSeconds: null }));
  lab.send('a', 'udp 10.0.1.2:53');
  lab.wait(3).send('a', 'udp 10.0.1.2:53');
  expect(lab.wait(100).conntrack('r')).toHaveLength(1);
});
