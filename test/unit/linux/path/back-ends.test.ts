import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import type { Lab } from '../lab.ts';

/** Two hosts with a router between them. */
function routed(): Lab {
  return hostRouterHost().listen('b', 'udp/53', 'tcp/80');
}

describe('rules of both back ends', () => {
  test('legacy rules alone are walked', () => {
    const sent = routed().iptablesLegacy('r', '-A FORWARD -p udp -j DROP').send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.rules]).toEqual(['dropped', ['r filter:FORWARD[1]']]);
    expect(sent.text).toBe('dropped at m/r: iptables-legacy filter:FORWARD[1] -p udp -j DROP');
  });

  test('both are walked at one hook, and either may drop', () => {
    const lab = routed().iptables('r', '-A FORWARD -p tcp -j DROP').iptablesLegacy('r', '-A FORWARD -p udp -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').text).toContain('iptables-legacy filter:FORWARD[1]');
    expect(lab.send('a', 'tcp 10.0.1.2:80').text).toContain(': filter:FORWARD[1] -p tcp -j DROP');
    expect(lab.send('a', 'icmp 10.0.1.2').outcome).toBe('replied');
  });

  test('a rule says that it is of iptables-legacy', () => {
    const lab = routed().iptables('r', '-A FORWARD -j ACCEPT').iptablesLegacy('r', '-A FORWARD -j ACCEPT');
    const backEnds = lab
      .send('a', 'icmp 10.0.1.2')
      .steps.flatMap(({ step: { rule } }) => (rule === undefined ? [] : [rule.backEnd ?? 'nft']));
    expect(backEnds).toEqual(['nft', 'legacy', 'nft', 'legacy']);
  });

  test('it is unknown whether a REJECT or a DROP comes first', () => {
    const lab = routed().iptables('r', '-A FORWARD -p udp -j REJECT').iptablesLegacy('r', '-A FORWARD -p udp -j DROP');
    const sent = lab.send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', 'IPT_BACK_ENDS']);
    expect(sent.text).toBe('m/r: both back ends of iptables hold filter rules, and the order in which they are asked decides');
  });

  test('it is unknown whether a mark is set before another rule asks for it', () => {
    const lab = routed()
      .iptables('r', '-t mangle -A FORWARD -p udp -j MARK --set-mark 1')
      .iptablesLegacy('r', '-t mangle -A FORWARD -m mark --mark 1 -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('IPT_BACK_ENDS');
    expect(lab.send('a', 'tcp 10.0.1.2:80').outcome).toBe('replied');
  });

  test('only one of both translates: the order does not matter', () => {
    const lab = routed()
      .iptables('r', '-t nat -A POSTROUTING -o rb -j MASQUERADE')
      .iptablesLegacy('r', '-t nat -A POSTROUTING -o ra -j MASQUERADE');
    expect(lab.send('a', 'udp 10.0.1.2:53').seen).toBe('b 10.0.1.1:40000 > 10.0.1.2:53 ttl 63');
  });

  test('both translate alike: the order does not matter', () => {
    const lab = routed().iptables('r', '-t nat -A POSTROUTING -j MASQUERADE').iptablesLegacy('r', '-t nat -A POSTROUTING -j MASQUERADE');
    const sent = lab.send('a', 'udp 10.0.1.2:53');
    expect([sent.seen, sent.rules]).toEqual(['b 10.0.1.1:40000 > 10.0.1.2:53 ttl 63', ['r nat:POSTROUTING[1]']]);
  });

  test('it is unknown which of two different translations is bound', () => {
    const lab = routed()
      .iptables('r', '-t nat -A PREROUTING -d 10.0.9.9 -j DNAT --to-destination 10.0.1.2')
      .iptablesLegacy('r', '-t nat -A PREROUTING -d 10.0.9.9 -j DNAT --to-destination 10.0.0.1');
    expect(lab.send('a', 'icmp 10.0.9.9').reason).toBe('IPT_BACK_ENDS');
  });

  test('rules that leave something to chance are compared in every way', () => {
    const lab = routed()
      .iptables('r', '-A FORWARD -m statistic --mode random --probability 0.5 -j DROP')
      .iptablesLegacy('r', '-A FORWARD -p udp -j REJECT');
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('IPT_BACK_ENDS');
    expect(lab.send('a', 'tcp 10.0.1.2:80').outcome).not.toBe('unknown');
  });

  test('a state that rules keep is not used up by comparing', () => {
    const lab = routed()
      .iptables('r', '-A FORWARD -p udp -m limit --limit 1/hour --limit-burst 1 -j ACCEPT', '-A FORWARD -p udp -s 10.0.0.2 -j DROP')
      .iptablesLegacy('r', '-A FORWARD -j ACCEPT');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('dropped');
  });
});
