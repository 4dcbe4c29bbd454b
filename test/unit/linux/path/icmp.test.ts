import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import { Lab } from '../lab.ts';

/** Two hosts with a router between them. */
function routed(): Lab {
  return hostRouterHost().listen('b', 'udp/53', 'tcp/80');
}

describe('an ICMP error', () => {
  test('comes from the address by which the way back leads, not from where the packet came in', () => {
    const lab = new Lab().veth('p/eth0', 'n/azv').veth('n/eth0', 'x/eth0');
    lab.addr('p/eth0', '10.224.0.45/32').addr('n/eth0', '10.224.0.4/16').route('n', '10.224.0.45 dev azv').forwards('n');
    lab
      .route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1')
      .sysctl('n', 'conf.azv.proxy_arp=1')
      .route('n', 'default via 10.224.0.1');
    // The device that it leaves by has no address, so another one's is borrowed.
    expect(lab.send('p', 'udp 8.8.8.8:53', { ttl: 1 }).errors).toEqual(['11/0 from 10.224.0.4']);
  });

  test('comes from 192.0.0.8 where the host has no address', () => {
    const lab = new Lab().veth('a/eth0', 'r/ra').veth('b/eth0', 'r/rb').addr('a/eth0', '10.0.0.2/24').forwards('r');
    lab.route('a', '10.0.1.0/24 dev eth0').route('r', '10.0.0.0/24 dev ra', '10.0.1.0/24 dev rb').sysctl('r', 'conf.ra.proxy_arp=1');
    expect(lab.send('a', 'udp 10.0.1.2:53').errors).toEqual(['3/1 from 192.0.0.8']);
  });

  test('about a closed port comes from the address that was asked', () => {
    const lab = routed().addr('b/eth0', '10.0.1.7/32').route('r', '10.0.1.7 via 10.0.1.2');
    expect(lab.send('a', 'udp 10.0.1.7:99').errors).toEqual(['3/3 from 10.0.1.7']);
  });

  test('quotes no more than makes it 576 bytes long', () => {
    const sent = routed().send('a', 'udp 10.0.1.2:99', { sizeBytes: 1400 });
    expect(sent.header('a', 'rx', 'icmp-error')?.length).toBe(576);
    expect(routed().send('a', 'udp 10.0.1.2:99', { sizeBytes: 32 }).header('a', 'rx', 'icmp-error')?.length).toBe(88);
  });

  test('is routed and filtered as any other packet', () => {
    const lab = routed().iptables('r', '-A FORWARD -p icmp -j DROP');
    const sent = lab.send('a', 'udp 10.0.1.2:99');
    expect([sent.outcome, sent.errors, sent.pathOf('icmp-error')]).toEqual(['dropped', [], 'b >eth0, r rb>']);
  });

  test('is never sent about another ICMP error', () => {
    // The error about the closed port meets a router that has no way back for it.
    const lab = routed().unroute('r', '10.0.0.0/24').route('r', 'unreachable 10.0.0.0/24');
    expect(lab.send('a', 'udp 10.0.1.2:99').legs).toEqual(['request', 'icmp-error']);
  });

  test('is not sent about what was no packet for this host', () => {
    expect(routed().send('a', 'udp 10.0.0.255:99').legs).toEqual(['request']);
  });
});

describe('the rate of ICMP errors', () => {
  const bursts = (lab: Lab, what: string, count: number): number => {
    let errors = 0;
    for (let i = 0; i < count; i++) errors += lab.send('a', what, { sport: 1000 + i }).errors.length;
    return errors;
  };

  test('3/3 of one host: six at once, then one a second', () => {
    const lab = routed();
    expect(bursts(lab, 'udp 10.0.1.2:99', 20)).toBe(6);
    expect(bursts(lab.wait(1), 'udp 10.0.1.2:99', 5)).toBe(1);
    expect(bursts(lab.wait(3), 'udp 10.0.1.2:99', 5)).toBe(3);
  });

  test('3/3 that is left out says why', () => {
    const lab = routed();
    bursts(lab, 'udp 10.0.1.2:99', 6);
    const sent = lab.send('a', 'udp 10.0.1.2:99', { sport: 9 });
    expect(sent.told('MATCHED')).toEqual(['b MATCHED no ICMP 3/3 port unreachable is sent: net.ipv4.icmp_ratelimit']);
  });

  test('is not limited for a type that icmp_ratemask leaves out', () => {
    expect(bursts(routed().sysctl('b', 'icmp_ratemask=0'), 'udp 10.0.1.2:99', 20)).toBe(20);
  });

  test('3/0 of a router: five at once, then one a second', () => {
    const lab = routed().sysctl('r', 'icmp_ratemask=0');
    expect(bursts(lab, 'udp 10.7.0.1:99', 20)).toBe(5);
    expect(bursts(lab.wait(1), 'udp 10.7.0.1:99', 5)).toBe(1);
  });

  test('is counted for each host that gets the errors', () => {
    const lab = routed().addr('a/eth0', '10.0.0.3/24');
    expect(bursts(lab, 'udp 10.0.1.2:99', 10)).toBe(6);
    expect(lab.send('a', 'udp 10.0.1.2:99', { src: '10.0.0.3' }).errors).toHaveLength(1);
  });

  test('does not concern echo replies, unless icmp_ratemask names them', () => {
    const replies = (lab: Lab): number => {
      const outcomes = Array.from({ length: 20 }, (_, i) => lab.send('a', 'icmp 10.0.1.2', { sport: i }).outcome);
      return outcomes.filter((outcome) => outcome === 'replied').length;
    };
    expect(replies(routed())).toBe(20);
    const lab = routed().sysctl('b', 'icmp_ratemask=1');
    expect(replies(lab)).toBe(6);
    expect(lab.send('a', 'icmp 10.0.1.2').text).toContain('no echo reply is sent: net.ipv4.icmp_ratelimit');
  });

  test('does not concern fragmentation needed, without which no path MTU is found', () => {
    const lab = routed().mtu('r/rb', 1300).mtu('b/eth0', 1300);
    const errors = Array.from(
      { length: 20 },
      (_, i) => lab.send('a', 'udp 10.0.1.2:53', { df: true, sizeBytes: 1400, sport: 1000 + i }).errors,
    );
    expect(errors.flat()).toEqual(errors.map(() => '3/4 from 10.0.0.1'));
  });
});

describe('echo', () => {
  test('is answered by every address of a host', () => {
    const lab = routed();
    expect(lab.send('a', 'icmp 10.0.0.1').answeredBy).toBe('10.0.0.1');
    expect(lab.send('a', 'icmp 10.0.1.1').answeredBy).toBe('10.0.1.1');
    expect(lab.send('a', 'icmp 127.0.0.1').answeredBy).toBe('127.0.0.1');
    expect(lab.send('a', 'icmp 10.0.0.2').answeredBy).toBe('10.0.0.2');
  });

  test('is not answered with icmp_echo_ignore_all', () => {
    const sent = routed().sysctl('b', 'icmp_echo_ignore_all=1').send('a', 'icmp 10.0.1.2');
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'ICMP_ECHO_IGNORED']);
  });

  test('keeps its identifier', () => {
    const sent = routed().send('a', 'icmp 10.0.1.2', { sport: 77 });
    expect([sent.header('b', 'rx')?.sport, sent.header('a', 'rx', 'reply')?.sport]).toEqual([77, 77]);
  });

  test('the answer to which a rule refuses causes no error: the kernel is busy with the answer', () => {
    const sent = routed().iptables('b', '-A OUTPUT -p icmp -j REJECT').send('a', 'icmp 10.0.1.2');
    expect([sent.outcome, sent.legs]).toEqual(['delivered', ['request', 'reply']]);
    expect(sent.text).toBe(
      'delivered to m/b as 10.0.0.2 -> 10.0.1.2; reply dropped at m/b: filter:OUTPUT[1] -p icmp -j REJECT --reject-with icmp-port-unreachable',
    );
  });

  test('without a way back is delivered and lost', () => {
    const sent = routed().unroute('b', 'default').send('a', 'icmp 10.0.1.2');
    expect([sent.outcome, sent.text]).toEqual([
      'delivered',
      'delivered to m/b as 10.0.0.2 -> 10.0.1.2; reply dropped at m/b: no route back to 10.0.0.2: no route to 10.0.0.2',
    ]);
  });
});
