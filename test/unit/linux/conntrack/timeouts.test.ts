import { expect, test } from 'vitest';
import { Lab } from '../lab.ts';

function pair(): Lab {
  return new Lab()
    .veth('a/eth0', 'b/eth0')
    .addr('a/eth0', '10.0.0.2/24')
    .addr('b/eth0', '10.0.0.3/24')
    .listen('b', 'udp/53', 'tcp/80')
    .iptables('b', '-A INPUT -m conntrack --ctstate INVALID -j DROP');
}

test.each([
  ['udp 10.0.0.3:53', 'udp_timeout'],
  ['icmp 10.0.0.3', 'icmp_timeout'],
  ['tcp 10.0.0.3:80', 'tcp_timeout_established'],
])('a connection of %s is forgotten after the seconds that nf_conntrack_%s says', (flow, name) => {
  const lab = pair().sysctl('b', `net.netfilter.nf_conntrack_${name}=7`);
  expect(lab.send('a', flow).outcome).toBe('replied');
  expect(lab.wait(6).conntrack('b')).toHaveLength(1);
  expect(lab.wait(2).conntrack('b')).toEqual([]);
});

test('a connection that was picked up in its middle is remembered for minutes, and not assured, while nobody answers', () => {
  const lab = pair().iptables('b', '-t raw -A PREROUTING -p tcp --syn -j CT --notrack', '-t raw -A OUTPUT -p tcp -j CT --notrack');
  lab.send('a', 'tcp 10.0.0.3:80');
  expect(lab.wait(299).conntrack('b')).toEqual(['tcp 10.0.0.2:40000>10.0.0.3:80 / 10.0.0.3:80>10.0.0.2:40000']);
  expect(lab.wait(2).conntrack('b')).toEqual([]);
});

test('a SYN sent again keeps no connection alive', () => {
  const lab = pair().iptables('b', '-A INPUT -p tcp -j ACCEPT', '-t raw -A OUTPUT -p tcp -j DROP');
  lab.send('a', 'tcp 10.0.0.3:80');
  lab.wait(100).send('a', 'tcp 10.0.0.3:80');
  expect(lab.wait(19).conntrack('b')).toHaveLength(1);
  expect(lab.wait(2).conntrack('b')).toEqual([]);
});
