import { describe, expect, test } from 'vitest';
import { cloneSession, newSession } from '../../../src/walk/new-session.ts';
import { runProbe } from '../../../src/walk/run-probe.ts';
import { NoSuchPlace, walk } from '../../../src/walk/walk.ts';
import { hostRouterHost } from '../linux/host-router-host.ts';
import { Lab, probeOf } from '../linux/lab.ts';

/** A client, and a service that leads to one of two endpoints. */
function service(): Lab {
  return hostRouterHost()
    .addr('b/eth0', '10.0.1.3/24')
    .listen('b', 'udp/53', 'tcp/80')
    .iptables(
      'r',
      '-t nat -A PREROUTING -d 10.96.0.1 -m statistic --mode random --probability 0.25 -j DNAT --to-destination 10.0.1.2',
      '-t nat -A PREROUTING -d 10.96.0.1 -j DNAT --to-destination 10.0.1.3',
    );
}

describe('a walk', () => {
  test('is the same, byte for byte, with the same seed', () => {
    const once = (seed: number): string =>
      JSON.stringify(
        Array.from({ length: 8 }, (_, i) => i).reduce<{ lab: Lab; all: unknown[] }>(
          ({ lab, all }, i) => ({ lab, all: [...all, lab.send('a', 'udp 10.96.0.1:53', { sport: i + 1 }).trace] }),
          { lab: service().fresh(seed), all: [] },
        ).all,
      );
    expect(once(7)).toBe(once(7));
    expect(once(7)).not.toBe(once(8));
  });

  test.each(['udp 10.96.0.1:53', 'tcp 10.96.0.1:80', 'udp 10.96.0.1:99', 'icmp 10.0.1.9', 'tcp 10.0.1.2:81', 'udp 10.7.0.1:53'])(
    'ends the same whether it is recorded or not: %s',
    (what) => {
      const lab = service();
      const ends = (['none', 'summary', 'detailed'] as const).map((record) => {
        const { outcome, reason, text, delivered, reply, icmpErrors } = runProbe(lab.world(), newSession(3), probeOf('a', what), {
          record,
        });
        return { outcome, reason, text, delivered, reply, icmpErrors };
      });
      expect(ends[0]).toEqual(ends[2]);
      expect(ends[1]).toEqual(ends[2]);
    },
  );

  test('that is not recorded writes no legs', () => {
    expect(runProbe(service().world(), newSession(), probeOf('a', 'icmp 10.0.1.2'), { record: 'none' }).legs).toEqual([]);
  });

  test('leaves its connections in the session, and a copy of that goes its own way', () => {
    const lab = service();
    lab.send('a', 'udp 10.96.0.1:53');
    const copy = cloneSession(lab.session);
    walk(lab.world(), copy, probeOf('a', 'udp 10.96.0.1:53', { sport: 2 }));
    expect(lab.conntrack('r')).toHaveLength(1);
    expect(copy.netns.get('m/r')?.conntrack.size).toBe(2);
  });

  test('reads the tables as they are when it is sent', () => {
    const lab = service();
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    lab.iptables('r', '-A FORWARD -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('dropped');
  });

  test('cannot start where nothing is', () => {
    const world = service().world();
    expect(() => runProbe(world, newSession(), probeOf('nowhere', 'icmp 10.0.0.1'))).toThrow(NoSuchPlace);
    expect(() => runProbe(world, newSession(), probeOf('__proto__', 'icmp 10.0.0.1'))).toThrow(NoSuchPlace);
    expect(() => runProbe(world, newSession(), probeOf('a/eth9', 'icmp 10.0.0.1', { src: '10.0.0.3' }))).toThrow(NoSuchPlace);
  });

  /** Seven hundred fragments that each go round sixty times. */
  function endless(): Lab {
    const lab = new Lab().veth('a/eth0', 'r/a', { mtu: 100 }).veth('r/s', 's/r', { mtu: 100 });
    lab.iptables('r', '-A OUTPUT -p icmp -s 10.0.1.1 -j DROP').iptables('s', '-A OUTPUT -p icmp -j DROP');
    lab.addr('a/eth0', '10.0.0.2/24').addr('r/a', '10.0.0.1/24').addr('r/s', '10.0.1.1/24').addr('s/r', '10.0.1.2/24');
    return lab.forwards('r', 's').route('a', 'default via 10.0.0.1').route('r', 'default via 10.0.1.2').route('s', 'default via 10.0.1.1');
  }

  test('that does not end is unknown', () => {
    const sent = endless().send('a', 'udp 10.9.0.1:53', { sizeBytes: 60_000, df: false });
    expect([sent.outcome, sent.reason, sent.text]).toEqual(['unknown', 'WALK_BUDGET', 'the walk did not end within 20000 events']);
  });

  test('that was too long leaves the next one alone', () => {
    const lab = endless();
    lab.send('a', 'udp 10.9.0.1:53', { sizeBytes: 60_000, df: false });
    expect(lab.send('a', 'icmp 10.0.0.1').outcome).toBe('replied');
  });
});

describe('all branches of a walk', () => {
  test('are one for each endpoint, with their odds', () => {
    const branches = service().sendAll('a', 'udp 10.96.0.1:53');
    const told = branches.map(({ seen, trace: { branch } }) => `${seen} ${branch?.odds}`);
    expect(told.sort()).toEqual(['b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63 0.25', 'b 10.0.0.2:40000 > 10.0.1.3:53 ttl 63 0.75']);
  });

  test('are numbered, and know how many they are', () => {
    const branches = service().sendAll('a', 'udp 10.96.0.1:53');
    expect(branches.map(({ trace: { branch } }) => `${branch?.index} of ${branch?.of}`)).toEqual(['0 of 2', '1 of 2']);
  });

  test('leave only the first one’s effects, which are those of a plain walk', () => {
    const lab = service();
    const plain = service();
    lab.sendAll('a', 'udp 10.96.0.1:53');
    plain.send('a', 'udp 10.96.0.1:53');
    expect(lab.conntrack('r')).toEqual(plain.conntrack('r'));
  });

  test('are one where nothing is left to chance', () => {
    expect(
      service()
        .sendAll('a', 'icmp 10.0.1.2')
        .map(({ trace: { branch } }) => branch),
    ).toEqual([{ index: 0, of: 1, odds: 1, choices: [] }]);
  });

  test('stop at the given number and say so', () => {
    const lab = service().iptables(
      'r',
      ...Array.from({ length: 4 }, () => '-t mangle -A FORWARD -m statistic --mode random --probability 0.5 -j TTL --ttl-dec 1'),
    );
    const branches = lab.sendAll('a', 'udp 10.96.0.1:53', {}, 5);
    expect([branches.length, branches.every(({ trace: { branch } }) => branch?.truncated === true)]).toEqual([5, true]);
  });

  test('have odds that add up to one', () => {
    const lab = service().iptables('r', '-A FORWARD -m statistic --mode random --probability 0.125 -j DROP');
    const odds = lab.sendAll('a', 'tcp 10.96.0.1:80').map(({ trace: { branch } }) => branch?.odds ?? 0);
    expect(odds.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
  });
});
