import { expect, test } from 'vitest';
import { Lab } from '../lab.ts';

function pair(): Lab {
  return new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24');
}

test('a list that one rule fills and another counts keeps as many stamps as the other needs', () => {
  const lab = pair().iptables(
    'b',
    '-A INPUT -p icmp -m recent --name L --set',
    '-A INPUT -p icmp -m recent --name L --update --seconds 600 --hitcount 40 -j DROP',
  );
  const outcomes = Array.from({ length: 41 }, () => lab.send('a', 'icmp 10.0.0.3').outcome);
  expect(outcomes.indexOf('dropped')).toBe(39);
});

test.each([
  ['another', 30, 'replied'],
  ['the same', 8, 'dropped'],
])('--rttl asks for the TTL that the list knows: %s', (_, ttl, outcome) => {
  const lab = pair().iptables(
    'b',
    '-A INPUT -p icmp -m recent --name L --rcheck --rttl -j DROP',
    '-A INPUT -p icmp -m ttl --ttl-eq 8 -m recent --name L --set',
  );
  lab.send('a', 'icmp 10.0.0.3', { ttl: 8 });
  expect(lab.send('a', 'icmp 10.0.0.3', { ttl }).outcome).toBe(outcome);
});

test('a TTL of 255 before forwarding is one too many for a list, which takes zero for any', () => {
  const lab = pair().iptables(
    'a',
    '-t mangle -A OUTPUT -p icmp -j TTL --ttl-set 9',
    '-A OUTPUT -m recent --name L --rdest --rcheck --rttl -j DROP',
    '-A OUTPUT -p icmp -m recent --name L --rdest --set',
    '-A INPUT -p udp -j REJECT',
    '-A INPUT -p tcp -j REJECT --reject-with tcp-reset',
  );
  lab.sysctl('a', 'ip_default_ttl=255').send('a', 'icmp 10.0.0.3');
  expect(lab.send('b', 'tcp 10.0.0.2:80').rules).toContain('a filter:OUTPUT[1]');
});
