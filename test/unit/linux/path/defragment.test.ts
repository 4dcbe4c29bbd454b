import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import { Lab } from '../lab.ts';

/** A way through a router that loses every fragment but the first; the receiver has the end of a long datagram to wait for. */
function lossy(...rules: readonly string[]): Lab {
  return hostRouterHost()
    .listen('b', 'udp/53')
    .iptables('r', '-t mangle -A FORWARD -s 10.0.0.2 -f -j DROP')
    .iptables('b', ...rules);
}

const TRACKS = '-A INPUT -m conntrack --ctstate INVALID -j DROP';
const long = { sizeBytes: 3000 };

describe('a fragment whose others are lost', () => {
  test('is given up after thirty seconds, and its sender is told', () => {
    const lab = lossy();
    const sent = lab.send('a', 'udp 10.0.1.2:53', long);
    expect([sent.outcome, sent.errors]).toEqual(['icmp-error', ['11/1 from 10.0.1.2']]);
    expect(sent.told('DROPPED').at(-1)).toBe('b DROPPED the rest of the datagram did not come within 30 seconds');
    expect(lab.session.clock.nowMs).toBe(30_000);
  });

  test('is named as lost because of the others, not for its own sake', () => {
    const sent = lossy().send('a', 'udp 10.0.1.2:53', long);
    expect(sent.text).toContain('mangle:FORWARD[1] -s 10.0.0.2/32 -f -j DROP');
  });

  test('waits as long as net.ipv4.ipfrag_time says', () => {
    const lab = lossy().sysctl('b', 'ipfrag_time=5');
    lab.send('a', 'udp 10.0.1.2:53', long);
    expect(lab.session.clock.nowMs).toBe(5_000);
  });

  test('is answered where conntrack waited for it, too, for it is this host that it is for', () => {
    expect(lossy(TRACKS).send('a', 'udp 10.0.1.2:53', long).errors).toEqual(['11/1 from 10.0.1.2']);
  });

  test('goes unanswered where conntrack waited for it on the way through', () => {
    const lab = new Lab()
      .veth('a/eth0', 'r/ra')
      .veth('r/rb', 's/sa')
      .veth('s/sb', 'b/eth0')
      .addr('a/eth0', '10.0.0.2/24')
      .addr('r/ra', '10.0.0.1/24')
      .addr('r/rb', '10.0.1.1/24')
      .addr('s/sa', '10.0.1.2/24')
      .addr('s/sb', '10.0.2.1/24')
      .addr('b/eth0', '10.0.2.2/24')
      .route('a', 'default via 10.0.0.1')
      .route('r', 'default via 10.0.1.2')
      .route('s', 'default via 10.0.1.1')
      .route('b', 'default via 10.0.2.1')
      .forwards('r', 's')
      .iptables('r', '-t mangle -A FORWARD -f -j DROP')
      .iptables('s', TRACKS);
    const sent = lab.send('a', 'udp 10.0.2.2:53', long);
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
    expect(sent.told('DROPPED').at(-1)).toBe('s DROPPED the rest of the datagram did not come within 30 seconds');
  });

  test('without the first one nobody is told', () => {
    const lab = lossy().iptables('r', '-t mangle -F FORWARD', '-t mangle -A FORWARD -s 10.0.0.2 ! -f -j DROP');
    const sent = lab.send('a', 'udp 10.0.1.2:53', long);
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
    expect(sent.told('DROPPED').at(-1)).toBe('b DROPPED the rest of the datagram did not come within 30 seconds');
  });
});
