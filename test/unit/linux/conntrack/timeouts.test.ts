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
