import { describe, expect, test } from 'vitest';
import { Lab } from '../lab.ts';

/** Two hosts on one wire. */
function pair(): Lab {
  return new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24', '10.0.0.4/24');
}

describe('a socket', () => {
  test('on no address takes packets for all of them', () => {
    const lab = pair().listen('b', 'udp/53');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect(lab.send('a', 'udp 10.0.0.4:53').answeredBy).toBe('10.0.0.4:53');
  });

  test('on one address takes packets for that alone', () => {
    const lab = pair().listen('b', 'tcp/80 10.0.0.4');
    expect(lab.send('a', 'tcp 10.0.0.4:80').outcome).toBe('replied');
    expect(lab.send('a', 'tcp 10.0.0.3:80').outcome).toBe('reset');
  });

  test('on the loopback is out of reach for others', () => {
    const lab = pair().listen('b', 'tcp/80 127.0.0.1');
    expect(lab.send('a', 'tcp 10.0.0.3:80').outcome).toBe('reset');
    expect(lab.send('b', 'tcp 127.0.0.1:80').outcome).toBe('replied');
  });
});

describe('a closed port', () => {
  test('of UDP is answered with 3/3', () => {
    const sent = pair().send('a', 'udp 10.0.0.3:99');
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['icmp-error', 'NO_SOCKET', ['3/3 from 10.0.0.3']]);
    expect(sent.text).toBe('ICMP 3/3 port unreachable from 10.0.0.3: dropped at m/b: nobody listens on udp/99');
  });

  test('of TCP is answered with a RST', () => {
    const sent = pair().send('a', 'tcp 10.0.0.3:99');
    expect([sent.outcome, sent.reason, sent.text]).toEqual([
      'reset',
      'NO_SOCKET',
      'a RST came back: dropped at m/b: nobody listens on tcp/99',
    ]);
  });
});

describe('a host that talks to itself', () => {
  test('does so in one hop over lo, whichever of its addresses it asks', () => {
    const lab = pair().listen('b', 'udp/53');
    for (const dst of ['127.0.0.1', '127.9.9.9', '10.0.0.3', '10.0.0.4']) {
      const sent = lab.send('b', `udp ${dst}:53`);
      expect([sent.outcome, sent.path]).toEqual(['replied', 'b lo>']);
    }
  });

  test('asks from the address that it asks, or from the first of that subnet', () => {
    expect(pair().listen('b', 'udp/53').send('b', 'udp 10.0.0.3:53').seen).toBe('b 10.0.0.3:40000 > 10.0.0.3:53 ttl 64');
    expect(pair().listen('b', 'udp/53').send('b', 'udp 10.0.0.4:53').seen).toBe('b 10.0.0.3:40000 > 10.0.0.4:53 ttl 64');
  });

  test('meets the rules of OUTPUT and INPUT', () => {
    const lab = pair().listen('b', 'udp/53').iptables('b', '-A OUTPUT -o lo -j ACCEPT', '-A INPUT -i lo -j DROP');
    expect(lab.send('b', 'udp 127.0.0.1:53').rules).toEqual(['b filter:OUTPUT[1]', 'b filter:INPUT[1]']);
  });

  test('cannot while lo is down', () => {
    const lab = pair().listen('b', 'udp/53').down('b/lo');
    expect(lab.send('b', 'udp 10.0.0.3:53').outcome).not.toBe('replied');
  });
});

describe('the source of a packet', () => {
  test('is the first address of the device', () => {
    expect(pair().listen('a', 'udp/53').send('b', 'udp 10.0.0.2:53').seen).toBe('a 10.0.0.3:40000 > 10.0.0.2:53 ttl 64');
  });

  test('is the one of the subnet that holds the next hop', () => {
    const lab = pair().addr('b/eth0', '10.8.0.1/24').addr('a/eth0', '10.8.0.2/24').listen('a', 'udp/53');
    expect(lab.send('b', 'udp 10.8.0.2:53').seen).toBe('a 10.8.0.1:40000 > 10.8.0.2:53 ttl 64');
  });

  test('is what the route says', () => {
    const lab = pair().listen('a', 'udp/53').route('b', '10.0.0.2/32 dev eth0 src 10.0.0.4');
    expect(lab.send('b', 'udp 10.0.0.2:53').seen).toBe('a 10.0.0.4:40000 > 10.0.0.2:53 ttl 64');
  });

  test('is what the socket is bound to', () => {
    const lab = pair().listen('a', 'udp/53');
    expect(lab.send('b', 'udp 10.0.0.2:53', { src: '10.0.0.4' }).seen).toBe('a 10.0.0.4:40000 > 10.0.0.2:53 ttl 64');
  });

  test('of a socket that is bound to a device is an address of that device', () => {
    const lab = pair().listen('a', 'udp/53').dummy('b/other').addr('b/other', '10.7.0.1/24').route('b', '10.7.0.0/16 dev other');
    lab.route('a', '10.7.0.0/16 dev eth0').addr('a/eth0', '10.7.5.1/32');
    expect(lab.send('b', 'udp 10.7.5.1:53', { bindDev: 'eth0' }).seen).toBe('a 10.0.0.3:40000 > 10.7.5.1:53 ttl 64');
  });

  test('of a socket that is bound to a device does not keep it from addresses of that device', () => {
    const lab = pair().listen('b', 'udp/53', 'tcp/80');
    expect(lab.send('b', 'udp 10.0.0.3:53', { bindDev: 'eth0' }).outcome).toBe('replied');
    expect(lab.send('b', 'tcp 10.0.0.4:80', { bindDev: 'eth0' }).outcome).toBe('replied');
  });

  test('cannot be a device that does not exist', () => {
    expect(pair().send('b', 'udp 10.0.0.2:53', { bindDev: 'nope' }).errno).toBe('ENODEV');
  });
});

describe('a link', () => {
  test('that is down takes nothing with it: its routes are gone', () => {
    expect(pair().down('a/eth0').send('a', 'udp 10.0.0.3:53').errno).toBe('ENETUNREACH');
  });

  test('whose far end is down loses packets', () => {
    const sent = pair().down('b/eth0').send('a', 'udp 10.0.0.3:53');
    expect(sent.outcome).not.toBe('replied');
    expect(sent.outcome).not.toBe('unknown');
  });

  test('that is a dummy swallows everything', () => {
    const sent = new Lab().dummy('a/d').addr('a/d', '10.0.0.2/24').send('a', 'udp 10.0.0.3:53');
    expect(sent.text).toContain('d is a dummy device: whatever it sends is gone');
  });
});

describe('a link end that leads out of the model', () => {
  const lab = (): Lab =>
    new Lab().outside('a/eth0').addr('a/eth0', '10.0.0.2/24').route('a', 'default via 10.0.0.1').listen('a', 'udp/53', 'tcp/80');

  test('is where a packet exits', () => {
    const sent = lab().send('a', 'udp 8.8.8.8:53');
    expect([sent.outcome, sent.text]).toEqual(['exits', 'leaves the model by m/a/eth0']);
    expect(sent.header('a', 'tx')?.dmac).toBeNull();
  });

  test('uses a neighbour that was collected', () => {
    const sent = lab().neigh('a/eth0', '10.0.0.1', '02:ff:00:00:00:01', 'stale').send('a', 'udp 8.8.8.8:53');
    expect(sent.header('a', 'tx')?.dmac).toBe('02:ff:00:00:00:01');
  });

  test.each(['udp 10.0.0.2:53', 'tcp 10.0.0.2:80', 'icmp 10.0.0.2'])(
    'can be where a probe comes in, and its answer goes out again: %s',
    (what) => {
      expect(lab().send('a/eth0', what, { src: '203.0.113.10' }).outcome).toBe('replied');
    },
  );

  test('gets errors and resets back, too', () => {
    expect(lab().send('a/eth0', 'udp 10.0.0.2:99', { src: '203.0.113.10' }).errors).toEqual(['3/3 from 10.0.0.2']);
    expect(lab().send('a/eth0', 'tcp 10.0.0.2:99', { src: '203.0.113.10' }).outcome).toBe('reset');
  });
});

describe('tcp_reflect_tos', () => {
  test.each([
    [0, undefined],
    [1, 0x20],
  ])('%i answers a SYN with its TOS, but not with its ECN bits: %s', (value, tos) => {
    const lab = new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').listen('b', 'tcp/80');
    const sent = lab.sysctl('b', `tcp_reflect_tos=${value}`).send('a', 'tcp 10.0.0.3:80', { tos: 0x21 });
    expect([sent.outcome, sent.header('b', 'tx', 'reply')?.tos]).toEqual(['replied', tos]);
  });
});
