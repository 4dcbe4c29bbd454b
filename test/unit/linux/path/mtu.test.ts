import { describe, expect, test } from 'vitest';
import type { Header } from '../../../../src/trace/trace.ts';
import { Lab } from '../lab.ts';

/** a – r – b, where the wire to b takes only 1300 bytes. */
function narrow(): Lab {
  return new Lab()
    .veth('a/eth0', 'r/ra')
    .veth('b/eth0', 'r/rb', { mtu: 1300 })
    .addr('a/eth0', '10.0.0.2/24')
    .addr('r/ra', '10.0.0.1/24')
    .addr('r/rb', '10.0.1.1/24')
    .addr('b/eth0', '10.0.1.2/24')
    .route('a', 'default via 10.0.0.1')
    .route('b', 'default via 10.0.1.1')
    .forwards('r')
    .listen('b', 'udp/53', 'tcp/80');
}

/** The same with a host x behind a, which forwards for it. */
function forwarding(): Lab {
  return narrow()
    .veth('x/eth0', 'a/ax')
    .addr('x/eth0', '10.0.5.2/24')
    .addr('a/ax', '10.0.5.1/24')
    .route('x', 'default via 10.0.5.1')
    .route('r', '10.0.5.0/24 via 10.0.0.2')
    .forwards('a');
}

const toB = 'udp 10.0.1.2:53';

/** Whether it may not be cut on its way. */
function dfOf(header: Header | null | undefined): boolean {
  if (header === null || header === undefined) throw new RangeError('no such packet');
  return header.df === true;
}

describe('a packet that does not fit', () => {
  test('with DF is refused by the router, which tells the MTU', () => {
    const sent = narrow().send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect([sent.outcome, sent.errors]).toEqual(['icmp-error', ['3/4 from 10.0.0.1']]);
    expect(sent.text).toContain('dropped at m/r: 1428 bytes with DF do not fit the MTU 1300 of rb');
  });

  test('without DF is cut into fragments of a multiple of eight bytes', () => {
    const sent = narrow().send('a', toB, { sizeBytes: 1400, df: false });
    expect(sent.outcome).toBe('replied');
    expect(sent.leg('request')?.fragments).toBe(2);
    // 1300 − 20 = 1280 bytes, which eight divides.
    expect(sent.header('b', 'rx')?.length).toBe(1300);
  });

  test('is cut further where the way is narrower still, and comes whole to the receiver', () => {
    const lab = new Lab()
      .veth('a/eth0', 'r/ra')
      .veth('r/rb', 'b/eth0')
      .mtu('r/rb', 1300)
      .mtu('b/eth0', 1300)
      .addr('a/eth0', '10.0.0.2/24')
      .addr('r/ra', '10.0.0.1/24')
      .addr('r/rb', '10.0.1.1/24')
      .addr('b/eth0', '10.0.1.2/24')
      .route('a', 'default via 10.0.0.1')
      .route('b', 'default via 10.0.1.1')
      .forwards('r')
      .listen('b', 'udp/53');
    const sent = lab.send('a', 'udp 10.0.1.2:53', { sizeBytes: 2000, df: false });
    // @source net/ipv4/ip_output.c ip_frag_next: the offset counts on, and a piece of an inner fragment has a successor.
    const cut = sent.trace.legs[0]?.hops[1];
    const pieces = [cut?.tx, ...(cut?.txFragments ?? []).map(({ header }) => header)];
    expect(pieces.map((piece) => (piece === undefined || 'op' in piece ? null : piece.fragment))).toEqual([
      { offset: 0, more: true },
      { offset: 1280, more: true },
      { offset: 1480, more: false },
    ]);
    expect([sent.outcome, sent.leg('request')?.fragments, sent.leg('reply')?.hops[0]?.tx]).toMatchObject(['replied', 3, { length: 1300 }]);
  });

  test('is not put together from fragments of two datagrams', () => {
    const lab = narrow().iptables('b', '-t raw -A PREROUTING -f -j DROP');
    expect(lab.send('a', toB, { sizeBytes: 1400, df: false }).outcome).toBe('icmp-error');
    lab.iptables('b', '-t raw -F PREROUTING', '-t raw -A PREROUTING ! -f -j DROP');
    expect(lab.send('a', toB, { sizeBytes: 1400, df: false }).outcome).toBe('dropped');
  });

  test('with DF does not even get to FORWARD rules', () => {
    const lab = narrow().iptables('r', '-A FORWARD -p udp -j DROP');
    expect(lab.send('a', toB, { sizeBytes: 1400, df: true }).errors).toEqual(['3/4 from 10.0.0.1']);
  });

  test('with DF and a last TTL is refused for its TTL', () => {
    expect(narrow().send('a', toB, { sizeBytes: 1400, df: true, ttl: 1 }).errors).toEqual(['11/0 from 10.0.0.1']);
  });

  test('the device itself with DF fails at once with EMSGSIZE', () => {
    const sent = narrow().send('a', toB, { sizeBytes: 1500, df: true });
    expect([sent.outcome, sent.errno]).toEqual(['send-error', 'EMSGSIZE']);
    expect(sent.text).toBe('the send call fails with EMSGSIZE: m/a: 1528 bytes do not fit the MTU 1500 of eth0');
  });

  test('the device itself is cut by the sender unless it wants DF', () => {
    const lab = narrow();
    expect(lab.send('a', 'udp 10.0.0.1:9', { sizeBytes: 1500, df: false }).leg('request')?.fragments).toBe(2);
    expect(lab.send('a', 'udp 10.0.0.1:9', { sizeBytes: 1500, df: 'auto' }).leg('request')?.fragments).toBe(2);
  });

  test('the far end of a veth is lost without a word on its way', () => {
    const lab = narrow().mtu('b/eth0', 1000).mtu('r/rb', 1500);
    const sent = lab.send('a', toB, { sizeBytes: 1200, df: false });
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'PKT_TOO_BIG']);
    expect(sent.text).toBe('dropped at m/r: 1228 bytes are more than the far end of rb takes');
  });

  test('the far end of a veth is ENOBUFS for the sender itself, once it knows its neighbour', () => {
    const lab = narrow().mtu('r/ra', 1000);
    lab.send('a', 'icmp 10.0.0.1');
    const sent = lab.send('a', 'icmp 10.0.0.1', { sizeBytes: 1200 });
    expect([sent.outcome, sent.errno]).toEqual(['send-error', 'ENOBUFS']);
  });

  test('by up to four bytes gets through a veth, which leaves room for a VLAN tag', () => {
    const lab = narrow().mtu('b/eth0', 1296).mtu('r/rb', 1500);
    expect(lab.send('a', toB, { sizeBytes: 1272 }).outcome).toBe('replied');
    expect(lab.send('a', toB, { sizeBytes: 1273 }).outcome).toBe('dropped');
  });
});

describe('a packet that OUTPUT sends another way', () => {
  test('is cut there in spite of DF, unless its socket insists', () => {
    const rerouted = (df: boolean | 'auto') =>
      narrow()
        .mtu('a/eth0', 9000)
        .veth('a/other', 'b/other', { mtu: 1500 })
        .addr('a/other', '10.3.0.2/24')
        .addr('b/other', '10.3.0.3/24')
        .route('a', 'default via 10.3.0.3 table 100')
        .rule('a', 'fwmark 1 lookup 100')
        .route('b', '10.0.0.0/24 via 10.3.0.2')
        .iptables('a', '-t mangle -A OUTPUT -p udp -j MARK --set-mark 1')
        .send('a', toB, { sizeBytes: 2000, df });
    expect(rerouted('auto').leg('request')?.fragments).toBe(2);
    expect(rerouted(true).errno).toBe('EMSGSIZE');
  });
});

describe('a learned path MTU', () => {
  test('lets the next packet of a socket that wants DF through in fragments', () => {
    const lab = narrow();
    expect(lab.send('a', toB, { sizeBytes: 1400, df: 'auto' }).outcome).toBe('icmp-error');
    const again = lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect([again.outcome, again.leg('request')?.fragments, again.header('r', 'rx')?.length]).toEqual(['replied', 2, 1300]);
  });

  test('cuts what has no DF at the sender already', () => {
    const lab = narrow();
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect(lab.send('a', toB, { sizeBytes: 1400, df: false }).header('r', 'rx')?.length).toBe(1300);
  });

  test('does not concern a socket that probes', () => {
    const lab = narrow();
    lab.send('a', toB, { sizeBytes: 1400, df: true });
    expect(lab.send('a', toB, { sizeBytes: 1400, df: true }).errors).toEqual(['3/4 from 10.0.0.1']);
  });

  test('is what TCP announces as MSS', () => {
    const lab = narrow();
    expect(lab.send('a', 'tcp 10.0.1.2:80').trace.delivered?.mss).toBe(1460);
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect(lab.send('a', 'tcp 10.0.1.2:80', { sport: 40001 }).trace.delivered?.mss).toBe(1260);
  });

  test('is of one destination', () => {
    const lab = narrow().addr('b/eth0', '10.0.1.3/24');
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect(lab.send('a', 'udp 10.0.1.3:53', { sizeBytes: 1400, df: 'auto' }).outcome).toBe('icmp-error');
  });

  test('is forgotten after ten minutes', () => {
    const lab = narrow();
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect(lab.wait(599).send('a', toB, { sizeBytes: 1400, df: 'auto' }).outcome).toBe('replied');
    expect(lab.wait(2).send('a', toB, { sizeBytes: 1400, df: 'auto' }).outcome).toBe('icmp-error');
  });

  test.each([
    [200, 'icmp-error'],
    [400, 'replied'],
  ])('that is told again after %i seconds is forgotten later only if it was half over', (seconds, outcome) => {
    const lab = narrow();
    lab.send('a', toB, { sizeBytes: 1400, df: true });
    lab.wait(seconds).send('a', toB, { sizeBytes: 1400, df: true });
    expect(lab.wait(601 - seconds).send('a', toB, { sizeBytes: 1400, df: 'auto' }).outcome).toBe(outcome);
  });

  test.each([2, 3])('is not learned with ip_no_pmtu_disc=%i', (value) => {
    const lab = narrow().sysctl('a', `ip_no_pmtu_disc=${value}`);
    for (const to of [toB, 'icmp 10.0.1.2']) {
      lab.send('a', to, { sizeBytes: 1400, df: true });
      expect(lab.send('a', to, { sizeBytes: 1400, df: 'auto' }).outcome).toBe('icmp-error');
    }
  });

  test('is learned through NAT, for the address that was asked', () => {
    const lab = narrow().iptables('r', '-t nat -A PREROUTING -d 10.9.9.9 -j DNAT --to-destination 10.0.1.2');
    expect(lab.send('a', 'udp 10.9.9.9:53', { sizeBytes: 1400, df: 'auto' }).outcome).toBe('icmp-error');
    const again = lab.send('a', 'udp 10.9.9.9:53', { sizeBytes: 1400, df: 'auto' });
    expect([again.outcome, again.answeredBy]).toEqual(['replied', '10.9.9.9:53']);
  });
});

describe('a learned path MTU on another way', () => {
  test('concerns what OUTPUT translates to that address, as from a node to a ClusterIP', () => {
    const lab = narrow().iptables('a', '-t nat -A OUTPUT -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2');
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    const sent = lab.send('a', 'udp 10.99.0.1:53', { sizeBytes: 1400, df: 'auto' });
    expect([sent.outcome, sent.leg('request')?.fragments]).toEqual(['replied', 2]);
    // A socket that probes is told by the router anew.
    expect(lab.send('a', 'udp 10.99.0.1:53', { sizeBytes: 1400, df: true }).errors).toEqual(['3/4 from 10.99.0.1']);
  });

  test.each([
    [0, '3/4 from 10.0.0.1'],
    [1, '3/4 from 10.0.5.1'],
  ])('concerns what is forwarded with ip_forward_use_pmtu alone: %i', (value, error) => {
    const lab = forwarding().sysctl('a', `ip_forward_use_pmtu=${value}`);
    lab.send('a', toB, { sizeBytes: 1400, df: 'auto' });
    expect(lab.send('x', toB, { sizeBytes: 1400, df: true }).errors).toEqual([error]);
  });
});

describe('a path MTU that is less than is believed of any way', () => {
  /** x – a – r – b, where a takes every report for one of no bytes at all. */
  function locked(): Lab {
    const lab = forwarding().sysctl('a', 'ip_no_pmtu_disc=1');
    lab.send('a', toB, { sizeBytes: 1400, df: true });
    return lab;
  }

  test('counts for what is forwarded, too', () => {
    const sent = locked().send('x', toB, { sizeBytes: 1000, df: true });
    expect([sent.errors, sent.text]).toEqual([
      ['3/4 from 10.0.5.1'],
      'ICMP 3/4 fragmentation needed from 10.0.5.1: dropped at m/a: 1028 bytes with DF do not fit the MTU 552 of eth0',
    ]);
  });

  test('takes DF from what a socket sends that does not insist on it', () => {
    const lab = locked();
    expect(dfOf(lab.send('a', toB, { df: 'auto' }).header('r', 'rx'))).toBe(false);
    expect(dfOf(lab.send('a', toB, { df: true }).header('r', 'rx'))).toBe(true);
  });

  test('is forgotten in time although it is told again', () => {
    const lab = locked();
    lab.wait(599).send('a', toB, { sizeBytes: 1400, df: true });
    expect(lab.wait(2).send('x', toB, { sizeBytes: 1000, df: true }).outcome).toBe('replied');
  });
});

describe('DF', () => {
  const locked = '10.0.1.0/24 via 10.0.0.1 mtu lock 1400';

  test('is not in what a socket sends by a way of a locked MTU, unless it insists', () => {
    const lab = narrow().route('a', locked);
    const sent = lab.send('a', toB, { sizeBytes: 1372, df: 'auto' });
    expect([sent.outcome, dfOf(sent.header('r', 'rx'))]).toEqual(['replied', false]);
    expect(lab.send('a', toB, { sizeBytes: 1372, df: true }).errors).toEqual(['3/4 from 10.0.0.1']);
  });

  test.each([
    ['by a way of a locked MTU', (lab: Lab) => lab.route('a', locked)],
    ['of a host that discovers no path MTU', (lab: Lab) => lab.sysctl('a', 'ip_no_pmtu_disc=3')],
  ])('is not in the segments of a TCP socket %s', (_where, change) => {
    const sent = change(narrow()).send('a', 'tcp 10.0.1.2:80');
    expect([dfOf(sent.header('r', 'rx')), dfOf(sent.header('a', 'rx', 'reply')), dfOf(sent.header('r', 'rx', 'ack'))]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('is in every SYN-ACK, which is too short to be cut', () => {
    const sent = narrow().sysctl('b', 'ip_no_pmtu_disc=1').send('a', 'tcp 10.0.1.2:80');
    expect(dfOf(sent.header('a', 'rx', 'reply'))).toBe(true);
  });
});

describe('the MTU of a route', () => {
  test('counts for what has no DF, and not for a socket that probes', () => {
    const lab = narrow().route('a', '10.0.1.0/24 via 10.0.0.1 mtu 1200');
    expect(lab.send('a', toB, { sizeBytes: 1250, df: false }).leg('request')?.fragments).toBe(2);
    expect(lab.send('a', toB, { sizeBytes: 1250, df: true }).leg('request')?.fragments).toBeUndefined();
  });

  test('is what TCP announces as MSS, down to 256 bytes', () => {
    const mss = (route: string) =>
      narrow().route('a', `10.0.1.0/24 via 10.0.0.1 ${route}`).send('a', 'tcp 10.0.1.2:80').trace.delivered?.mss;
    expect(mss('mtu 1200')).toBe(1160);
    expect(mss('mtu 100')).toBe(256);
    expect(mss('mtu 1200 advmss 900')).toBe(900);
  });
});

describe('the MSS of a connection', () => {
  test('follows the MTU of the device of each side', () => {
    const sent = narrow().send('a', 'tcp 10.0.1.2:80');
    expect(sent.header('b', 'rx')?.mss).toBe(1460);
    expect(sent.header('a', 'rx', 'reply')?.mss).toBe(1260);
  });

  test('is clamped by TCPMSS to what the way takes', () => {
    const lab = narrow().iptables('r', '-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu');
    expect(lab.send('a', 'tcp 10.0.1.2:80').trace.delivered?.mss).toBe(1260);
  });

  test('is set by TCPMSS, but never raised', () => {
    const set = (mss: number) =>
      narrow().iptables('r', `-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${mss}`).send('a', 'tcp 10.0.1.2:80');
    expect(set(1000).trace.delivered?.mss).toBe(1000);
    expect(set(9000).trace.delivered?.mss).toBe(1460);
  });
});
