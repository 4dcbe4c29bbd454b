import { expect, test } from 'vitest';
import { addRule } from '../../../../src/linux/ops/rules.ts';
import { Lab } from '../lab.ts';

/** Two hosts, one of which routes some users' packets by themselves. */
function pair(): Lab {
  const lab = new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24');
  addRule(lab.netns('b'), { uidrange: { from: 1000, to: 2000 }, action: { type: 'table', table: 100 } });
  return lab;
}

test.each([
  ['icmp 10.0.0.3', 'an echo reply', 'replied'],
  ['udp 10.0.0.3:9', 'an ICMP error', 'icmp-error'],
  ['tcp 10.0.0.3:9', 'a RST', 'reset'],
])('to %s, the kernel makes %s as root: rules about users are decided', (flow, _, outcome) => {
  expect(pair().send('a', flow).outcome).toBe(outcome);
});

test('a RST of a REJECT rule is routed as root', () => {
  const lab = pair().listen('b', 'tcp/80').iptables('b', '-A INPUT -p tcp -j REJECT --reject-with tcp-reset');
  expect(lab.send('a', 'tcp 10.0.0.3:80').outcome).toBe('reset');
});

test('which user a process runs as is not known', () => {
  const lab = pair().listen('b', 'udp/53');
  expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('unknown');
});
