import { describe, expect, test } from 'vitest';
import type { Part } from '../../../src/linux/netns.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { hostRouterHost } from '../linux/host-router-host.ts';
import { Lab } from '../linux/lab.ts';

/** Two hosts with a router between them. */
function routed(): Lab {
  return hostRouterHost().listen('b', 'udp/53', 'tcp/80');
}

/** Three hosts on one bridge. */
function bridged(): Lab {
  const lab = new Lab();
  for (const [i, host] of ['a', 'b', 'c'].entries()) lab.veth(`${host}/eth0`, `sw/${host}`).addr(`${host}/eth0`, `10.0.0.${i + 2}/24`);
  return lab.bridge('sw/br', ['a', 'b', 'c']).listen('b', 'udp/53');
}

const missing = (part: Part) => ({ reason: 'NOT_COLLECTED', part, text: `${part} was not collected` }) as const;

describe('a part of a namespace that was not collected', () => {
  test.each(['link', 'addr', 'route', 'rule', 'sysctl', 'iptables', 'neigh'] as const)('%s: makes a walk through it unknown', (part) => {
    const sent = routed().unmodelled('r', missing(part)).send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
    expect(sent.text).toContain(`${part} was not collected`);
  });

  test.each(['fdb', 'brlink', 'ebtables', 'ipset', 'sockets', 'conntrack'] as const)(
    '%s: does not matter to a walk that needs none',
    (part) => {
      expect(routed().unmodelled('r', missing(part)).send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    },
  );

  test.each(['fdb', 'brlink', 'ebtables', 'sysctl'] as const)('%s: makes a bridged walk unknown', (part) => {
    const sent = bridged().unmodelled('sw', missing(part)).send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
  });

  test.each(['addr', 'route', 'rule', 'iptables'] as const)('%s: does not matter to a frame that is only bridged', (part) => {
    const lab = bridged().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=0').unmodelled('sw', missing(part));
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('sockets: who listens is unknown, but an echo is answered by any host', () => {
    const lab = routed().unmodelled('b', missing('sockets'));
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('unknown');
    expect(lab.send('a', 'tcp 10.0.1.2:81').outcome).toBe('unknown');
    expect(lab.send('a', 'icmp 10.0.1.2').outcome).toBe('replied');
  });

  test('sockets: a sender hears the answer to its own socket all the same', () => {
    expect(routed().unmodelled('a', missing('sockets')).send('a', 'tcp 10.0.1.2:80').outcome).toBe('replied');
  });

  test('conntrack: matters where rules use it, unless the walk starts cold', () => {
    const lab = routed().unmodelled('r', missing('conntrack')).iptables('r', '-A FORWARD -m conntrack --ctstate INVALID -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('NOT_COLLECTED');
    lab.fresh();
    lab.session = { ...lab.session, cold: true };
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });

  test('ipset: matters to the rule that asks a set', () => {
    const lab = routed().unmodelled('r', missing('ipset')).iptables('r', '-A FORWARD -p tcp -m set --match-set pods src -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    expect(lab.send('a', 'tcp 10.0.1.2:80').reason).toBe('NOT_COLLECTED');
  });

  test('a neighbour whose namespace is unknown does not matter while another host answers ARP', () => {
    expect(bridged().unmodelled('c', missing('addr')).send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('nobody answers ARP, but the one who might is unknown', () => {
    const sent = bridged().unmodelled('b', missing('addr')).send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
    expect(sent.text).toBe('m/a: nobody answered ARP for 10.0.0.3 on eth0, and who could is not known: m/b: addr was not collected');
    expect(sent.errors).toEqual([]);
  });
});

describe('what packets meet and is not modelled', () => {
  test.each(['NFT', 'IPVS', 'XFRM', 'BPF'] as const)('%s in a namespace makes the walks through it unknown', (reason) => {
    const sent = routed().unmodelled('r', { reason }).send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', reason]);
  });

  test('an nftables table that only watches INPUT does not concern forwarded packets', () => {
    const lab = routed().unmodelled('r', { reason: 'NFT', meets: ['INPUT'] });
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    expect(lab.send('a', 'icmp 10.0.0.1').reason).toBe('NFT');
  });

  test('an nftables table of bridges concerns bridged frames alone', () => {
    const lab = bridged().unmodelled('sw', { reason: 'NFT', meets: ['BRIDGE'] });
    expect(lab.send('a', 'udp 10.0.0.3:53').reason).toBe('NFT');
    expect(
      routed()
        .unmodelled('r', { reason: 'NFT', meets: ['BRIDGE'] })
        .send('a', 'udp 10.0.1.2:53').outcome,
    ).toBe('replied');
  });

  test('an nftables table of ARP makes the answer of its host unknown', () => {
    expect(
      routed()
        .unmodelled('r', { reason: 'NFT', meets: ['ARP'] })
        .send('a', 'udp 10.0.1.2:53').reason,
    ).toBe('NFT');
  });

  test.each(['ra', 'rb'])('a tc filter on %s takes packets both ways', (dev) => {
    const sent = routed().unmodelled('r', { reason: 'TC_FILTER', dev }).send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['unknown', 'TC_FILTER']);
  });

  test('a tc filter on a bridge port takes bridged frames', () => {
    expect(bridged().unmodelled('sw', { reason: 'TC_FILTER', dev: 'b' }).send('a', 'udp 10.0.0.3:53').reason).toBe('TC_FILTER');
  });

  test('a device with a filter that the packet does not meet does not matter', () => {
    const lab = routed().dummy('r/other').unmodelled('r', { reason: 'TC_FILTER', dev: 'other' });
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });

  test('a route that is not modelled matters to the destinations that it covers', () => {
    const prefix = { addr: ip('10.0.1.0'), len: 24 };
    const lab = routed().unmodelled('r', { reason: 'NOT_MODELLED', part: 'route', prefix });
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('NOT_MODELLED');
    expect(lab.send('a', 'icmp 10.0.0.1').outcome).toBe('replied');
  });

  test('a route that is not modelled matters to what OUTPUT sends there as well, and to what is answered', () => {
    const unknown = (at: string, what: string, rules: readonly (readonly [string, string])[]) => {
      const lab = routed().unmodelled(at, { reason: 'NOT_MODELLED', part: 'route', prefix: { addr: ip('10.0.0.0'), len: 8 } });
      lab.sysctl('r', 'conf.all.arp_filter=1').unroute('r', '10.0.0.0/24').route('r', '10.0.0.0/8 dev ra');
      for (const [netns, rule] of rules) lab.iptables(netns, rule);
      const { outcome, reason } = lab.send('a', what);
      return [outcome, reason];
    };
    const expected = ['unknown', 'NOT_MODELLED'];
    // Another prefix leads there, until OUTPUT changes the address.
    expect(unknown('a', 'udp 99.0.0.1:53', [['a', '-t nat -A OUTPUT -d 99.0.0.1 -j DNAT --to-destination 10.0.1.2']])).toEqual(expected);
    expect(unknown('b', 'udp 10.0.1.2:99', [])).toEqual(expected);
    expect(unknown('b', 'tcp 10.0.1.2:80', [['b', '-A INPUT -p tcp -j REJECT --reject-with tcp-reset']])).toEqual(expected);
    expect(unknown('r', 'icmp 10.0.0.1', [])).toEqual(expected);
  });

  test('a policy rule that is not modelled matters to what OUTPUT sends another way', () => {
    const lab = routed().unmodelled('a', { reason: 'NOT_MODELLED', part: 'rule' });
    lab.iptables('a', '-t nat -A OUTPUT -d 10.0.0.2 -j DNAT --to-destination 10.0.1.2');
    expect(lab.send('a', 'udp 10.0.0.2:53').reason).toBe('NOT_MODELLED');
  });

  test.each([
    ['icmp_msgs_per_sec=10', 'udp 10.0.1.2:99', 'udp 10.0.1.2:53'],
    ['icmp_msgs_burst=10', 'udp 10.0.1.2:99', 'icmp 10.0.1.2'],
    ['fib_multipath_use_neigh=1', 'udp 10.9.0.1:53', 'udp 10.0.1.2:53'],
    ['fib_multipath_hash_policy=3', 'udp 10.9.0.1:53', 'udp 10.0.1.2:53'],
  ])('%s, which is not modelled, matters to the packets that ask it', (sysctl, what, other) => {
    const lab = routed().route('a', '10.9.0.0/24 nexthop via 10.0.0.1 nexthop via 10.0.0.7').sysctl('a', sysctl).sysctl('b', sysctl);
    const sent = lab.send('a', what);
    expect([sent.outcome, sent.reason, sent.text]).toEqual(['unknown', 'NOT_MODELLED', expect.stringContaining('is not modelled')]);
    expect(lab.send('a', other).outcome).toBe('replied');
  });

  test('a route that is not modelled gives way to a longer prefix', () => {
    const lab = routed().unmodelled('r', { reason: 'NOT_MODELLED', part: 'route', prefix: { addr: ip('10.0.0.0'), len: 16 } });
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });

  test('a policy rule that is not modelled matters to everything but the addresses of the host', () => {
    const lab = routed().unmodelled('b', { reason: 'NOT_MODELLED', part: 'rule' });
    expect(lab.send('b', 'udp 127.0.0.1:53').outcome).toBe('replied');
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('NOT_MODELLED');
  });
});
