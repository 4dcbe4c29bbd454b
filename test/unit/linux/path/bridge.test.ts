import { describe, expect, test } from 'vitest';
import { setFlags } from '../../../../src/linux/ops/set-link.ts';
import { mac } from '../../../../src/wire/mac.ts';
import { Lab } from '../lab.ts';

const HOSTS = ['a', 'b', 'c'];

/** Hosts a, b and c on one bridge of a switch that has no address. */
function segment(): Lab {
  const lab = new Lab();
  for (const [i, host] of HOSTS.entries())
    lab
      .veth(`${host}/eth0`, `sw/${host}`)
      .addr(`${host}/eth0`, `10.0.0.${i + 2}/24`)
      .listen(host, 'udp/53', 'tcp/80');
  return lab.bridge('sw/br', HOSTS).sysctl('sw', 'net.bridge.bridge-nf-call-iptables=0');
}

/** Neighbours of a and b fixed, so that no ARP teaches the bridge anything. */
function silent(): Lab {
  const lab = segment();
  return lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0')).neigh('b/eth0', '10.0.0.2', lab.mac('a/eth0'));
}

describe('a bridge', () => {
  test('carries frames from port to port, TTL unchanged', () => {
    const sent = segment().send('a', 'udp 10.0.0.3:53');
    expect([sent.path, sent.seen]).toEqual(['a >eth0, sw a>b, b eth0>', 'b 10.0.0.2:40000 > 10.0.0.3:53 ttl 64']);
    expect(sent.header('b', 'rx')?.smac).toBe(segment().mac('a/eth0'));
  });

  test('learns behind which port each sender is', () => {
    const lab = segment();
    lab.send('a', 'udp 10.0.0.3:53');
    expect(lab.fdb('sw/br')).toEqual([`${lab.mac('a/eth0')} a`, `${lab.mac('b/eth0')} b`]);
  });

  test('floods a frame for an address that it has not seen', () => {
    const sent = silent().send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.path]).toEqual(['replied', 'a >eth0, sw a>b, b eth0>']);
    expect(sent.copies).toContain('sw a>c');
  });

  test('does not flood what it has learned', () => {
    const lab = silent();
    lab.send('a', 'udp 10.0.0.3:53');
    expect(lab.send('a', 'udp 10.0.0.3:53').copies).toEqual([]);
  });

  test('does not flood to a port that takes no unknown frames', () => {
    expect(silent().port('sw/b', { flood: false }).send('a', 'udp 10.0.0.3:53').outcome).toBe('dropped');
    expect(segment().port('sw/b', { flood: false }).send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('does not flood broadcasts to a port that takes none', () => {
    expect(segment().port('sw/b', { bcastFlood: false }).send('a', 'udp 10.0.0.3:53').reason).toBe('NEIGH_FAILED');
  });

  test('keeps isolated ports apart, but not from the others', () => {
    const lab = segment().port('sw/a', { isolated: true }).port('sw/b', { isolated: true });
    expect(lab.send('a', 'udp 10.0.0.3:53').reason).toBe('NEIGH_FAILED');
    expect(lab.send('a', 'udp 10.0.0.4:53').outcome).toBe('replied');
  });

  test('does not learn behind a port that must not', () => {
    const lab = segment().port('sw/a', { learning: false });
    lab.send('a', 'udp 10.0.0.3:53');
    expect(lab.fdb('sw/br')).toEqual([`${lab.mac('b/eth0')} b`]);
  });

  test.each(['disabled', 'blocking', 'listening'] as const)('takes nothing in by a port that is %s', (state) => {
    expect(segment().port('sw/a', { state }).send('a', 'udp 10.0.0.3:53').reason).toBe('NEIGH_FAILED');
  });

  test('only learns by a port that is learning', () => {
    const lab = segment().port('sw/a', { state: 'learning' });
    lab.send('a', 'udp 10.0.0.3:53');
    expect(lab.fdb('sw/br')).toEqual([`${lab.mac('a/eth0')} a`]);
  });

  test('forgets in five minutes what it has not seen again', () => {
    const lab = silent();
    lab.send('a', 'udp 10.0.0.3:53');
    lab.wait(200).send('b', 'udp 10.0.0.2:53');
    expect(lab.wait(200).send('a', 'udp 10.0.0.3:53').copies).toEqual([]);
    expect(lab.wait(301).send('a', 'udp 10.0.0.3:53').copies).toContain('sw a>c');
  });

  test('follows a sender to another port, whatever the tables said', () => {
    const lab = silent();
    const learned = {
      mac: mac(lab.mac('b/eth0')),
      dev: 'c',
      master: 'br',
      state: 'learned',
      dst: null,
      vni: null,
      port: null,
      externLearn: false,
    } as const;
    lab.netns('sw').fdb = [...lab.netns('sw').fdb, learned];
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('dropped');
    lab.send('b', 'udp 10.0.0.2:53');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test.each([
    ['that is static moves with its station, and never ages', 'replied', { state: 'static' }],
    ['that is sticky stays where it is', 'dropped', { state: 'static', sticky: true }],
    ['of a controller moves with its station', 'replied', { state: 'learned', externLearn: true }],
  ] as const)('has an entry %s', (_, outcome, kind) => {
    const lab = silent();
    const entry = { mac: mac(lab.mac('b/eth0')), dev: 'c', master: 'br', dst: null, vni: null, port: null, externLearn: false, ...kind };
    lab.netns('sw').fdb = [...lab.netns('sw').fdb, entry];
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('dropped');
    lab.send('b', 'udp 10.0.0.2:53');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe(outcome);
    lab.wait(301);
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe(outcome);
  });

  test('with VLAN filtering is unknown', () => {
    const lab = segment();
    const filtering = { type: 'bridge', vlanFiltering: true, stp: false, ageingMs: 300_000 } as const;
    lab.netns('sw').links = lab.netns('sw').links.map((link) => (link.name === 'br' ? { ...link, kind: filtering } : link));
    expect(lab.send('a', 'udp 10.0.0.3:53').reason).toBe('BRIDGE_VLAN');
  });

  test('answers ARP itself for a station that it knows behind a port that suppresses neighbours', () => {
    const lab = (neighSuppress: boolean): Lab =>
      segment()
        .addr('sw/br', '10.0.0.1/24')
        .neigh('sw/br', '10.0.0.3', segment().mac('b/eth0'))
        .port('sw/b', { neighSuppress })
        .sysctl('b', 'net.ipv4.conf.all.arp_ignore=8');
    const behind = (known: boolean, neighSuppress = true): string | null => {
      const each = lab(neighSuppress);
      if (known) each.send('b', 'udp 10.0.0.4:53');
      return each.send('a', 'udp 10.0.0.3:53').reason;
    };
    expect([behind(true), behind(false), behind(true, false)]).toEqual([null, 'NEIGH_FAILED', 'NEIGH_FAILED']);
  });

  test('answers no ARP by a port with arp off', () => {
    const lab = segment().addr('sw/br', '10.0.0.1/24').port('sw/b', { neighSuppress: true });
    lab.neigh('sw/br', '10.0.0.3', lab.mac('b/eth0')).send('b', 'udp 10.0.0.4:53');
    setFlags(lab.netns('sw'), 'a', { noarp: true });
    expect([lab.send('a', 'udp 10.0.0.3:53').reason, lab.send('c', 'udp 10.0.0.3:53').outcome]).toEqual(['NEIGH_FAILED', 'replied']);
  });

  test('sends no frame back by its own port unless hairpin mode is on', () => {
    // Both hosts are behind one port of the outer bridge.
    const hub = (): Lab => {
      const lab = silent();
      return lab.neigh('a/eth0', '10.0.0.9', '02:ff:00:00:00:09');
    };
    expect(hub().send('a', 'udp 10.0.0.9:53').copies).not.toContain('a eth0>');
    const sent = hub().port('sw/a', { hairpin: true }).send('a', 'udp 10.0.0.9:53');
    expect([sent.path, ...sent.copies].join('; ')).toContain('sw a>a');
  });

  test('is a host of its own when it has an address', () => {
    const lab = segment().addr('sw/br', '10.0.0.1/24');
    const sent = lab.send('a', 'icmp 10.0.0.1');
    expect([sent.path, sent.seen]).toEqual(['a >eth0, sw a>', 'sw 10.0.0.2 > 10.0.0.1 ttl 64']);
    expect(sent.trace.legs[0]?.hops[1]?.through).toEqual(['br']);
    expect(lab.send('sw', 'udp 10.0.0.3:53').path).toBe('sw >b, b eth0>');
  });

  test('routes what is sent to its own Ethernet address', () => {
    const lab = segment().addr('sw/br', '10.0.0.1/24').veth('sw/up', 'x/eth0').addr('sw/up', '10.9.0.1/24').addr('x/eth0', '10.9.0.2/24');
    lab.route('a', 'default via 10.0.0.1').route('x', 'default via 10.9.0.1').forwards('sw').listen('x', 'udp/53');
    const sent = lab.send('a', 'udp 10.9.0.2:53');
    expect([sent.path, sent.seen]).toEqual(['a >eth0, sw a>up, x eth0>', 'x 10.0.0.2:40000 > 10.9.0.2:53 ttl 63']);
  });

  test('that is down takes nothing', () => {
    expect(segment().down('sw/br').send('a', 'udp 10.0.0.3:53').outcome).not.toBe('replied');
  });

  test('drops what is too long for the port', () => {
    const lab = segment().mtu('sw/b', 1000);
    lab.send('a', 'udp 10.0.0.3:53');
    const sent = lab.send('a', 'udp 10.0.0.3:53', { sizeBytes: 1200 });
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['dropped', 'PKT_TOO_BIG', []]);
  });
});

describe('ebtables where a frame leaves', () => {
  const leaving = (rule: string): string =>
    segment()
      .ebtables(
        'sw',
        `*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n:X RETURN\n-A POSTROUTING -j X\n-A X -p IPv4 ${rule} -j DROP`,
      )
      .send('a', 'udp 10.0.0.3:53').outcome;

  test('knows by which port it leaves, and no more by which one it came', () => {
    expect([leaving('-o b'), leaving('-o c'), leaving('-i a'), leaving('-i ! a')]).toEqual(['dropped', 'replied', 'replied', 'dropped']);
  });

  test('cannot tell of which bridge that one was, since the back ends differ', () => {
    expect([leaving('--logical-in br'), leaving('--logical-in ! br')]).toEqual(['unknown', 'dropped']);
  });
});

describe('iptables and bridged frames', () => {
  const drop = '-A FORWARD -p udp -j DROP';

  test('meet with bridge-nf-call-iptables=1', () => {
    const sent = segment().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1').iptables('sw', drop).send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.rules]).toEqual(['dropped', ['sw filter:FORWARD[1]']]);
  });

  test('do not meet with bridge-nf-call-iptables=0', () => {
    expect(segment().iptables('sw', drop).send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('meet where their own bridge says so, whatever the sysctl says for all', () => {
    const lab = new Lab();
    for (const host of ['a', 'b', 'c', 'd']) lab.veth(`${host}/eth0`, `sw/${host}`).listen(host, 'udp/53');
    lab.addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').addr('c/eth0', '10.0.1.2/24').addr('d/eth0', '10.0.1.3/24');
    lab.bridge('sw/br0', ['a', 'b'], { nfCallIptables: true }).bridge('sw/br1', ['c', 'd']);
    lab.sysctl('sw', 'net.bridge.bridge-nf-call-iptables=0').iptables('sw', drop);
    expect([lab.send('a', 'udp 10.0.0.3:53').outcome, lab.send('c', 'udp 10.0.1.3:53').outcome]).toEqual(['dropped', 'replied']);
  });

  test('know the ports as physdev, and the bridge as device', () => {
    const lab = segment().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1');
    lab.iptables('sw', '-A FORWARD -i br -o br -m physdev --physdev-in a --physdev-out b -p udp -j DROP');
    expect(lab.send('a', 'udp 10.0.0.3:53').rules).toEqual(['sw filter:FORWARD[1]']);
    expect(lab.send('c', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('REJECT answers a bridged frame from the address of the bridge', () => {
    const reject = (...rules: readonly string[]): Lab =>
      segment()
        .sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1')
        .iptables('sw', ...rules);
    expect(reject('-A FORWARD -p udp -j REJECT').addr('sw/br', '10.0.0.1/24').send('a', 'udp 10.0.0.3:53').errors).toEqual([
      '3/3 from 10.0.0.1',
    ]);
    // Without an address there is no way back for the error.
    expect(reject('-A FORWARD -p udp -j REJECT').send('a', 'udp 10.0.0.3:53').outcome).toBe('dropped');
  });

  test('REJECT resets a bridged connection in the name of the other side, past the rules of the host', () => {
    const lab = segment().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1').addr('sw/br', '10.0.0.1/24');
    lab.iptables('sw', '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', '-A OUTPUT -j DROP');
    const sent = lab.send('a', 'tcp 10.0.0.3:80');
    expect([sent.outcome, sent.pathOf('reset'), sent.rules]).toEqual(['reset', 'sw >a, a eth0>', ['sw filter:FORWARD[1]']]);
    expect(sent.header('a', 'rx', 'reset')?.smac).toBe(lab.mac('b/eth0'));
  });

  test('REJECT resets what a bridge port brought and the host would route, by that port as well', () => {
    const lab = segment().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1').addr('sw/br', '10.0.0.1/24').forwards('sw');
    lab.veth('sw/up', 'x/eth0').addr('sw/up', '10.9.0.1/24').addr('x/eth0', '10.9.0.2/24').route('a', 'default via 10.0.0.1');
    lab.iptables('sw', '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', '-A OUTPUT -j DROP');
    expect(lab.send('a', 'tcp 10.9.0.2:80').outcome).toBe('reset');
  });

  test('share one connection with what is routed', () => {
    const lab = segment().sysctl('sw', 'net.bridge.bridge-nf-call-iptables=1');
    lab.iptables('sw', '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A FORWARD -m physdev --physdev-in b -j DROP');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect(lab.conntrack('sw')).toEqual(['udp 10.0.0.2:40000>10.0.0.3:53 / 10.0.0.3:53>10.0.0.2:40000 seen-reply']);
  });
});

describe('DNAT of bridged frames', () => {
  /** A node with a bridge for its pods; the service address leads to one of them. */
  function node(call: 0 | 1): Lab {
    return segment()
      .addr('sw/br', '10.0.0.1/24')
      .route('a', 'default via 10.0.0.1')
      .forwards('sw')
      .sysctl('sw', `net.bridge.bridge-nf-call-iptables=${call}`)
      .iptables('sw', '-t nat -A PREROUTING -d 10.96.0.1 -j DNAT --to-destination 10.0.0.3');
  }

  test('to a pod of the same bridge stays bridged: TTL and source address unchanged, the answer is translated back', () => {
    const lab = node(1);
    const sent = lab.send('a', 'tcp 10.96.0.1:80');
    expect([sent.outcome, sent.seen, sent.answeredBy]).toEqual(['replied', 'b 10.0.0.2:40000 > 10.0.0.3:80 ttl 64', '10.96.0.1:80']);
    expect(sent.header('b', 'rx')?.smac).toBe(lab.mac('a/eth0'));
    expect(sent.told('BRIDGED')[0]).toBe('sw BRIDGED DNAT to 10.0.0.3 stays on br: bridged, not routed');
  });

  test('without br_netfilter is routed there and bridged past the translation on the way back', () => {
    const sent = node(0).send('a', 'tcp 10.96.0.1:80');
    expect([sent.outcome, sent.seen, sent.answeredBy]).toEqual(['delivered', 'b 10.0.0.2:40000 > 10.0.0.3:80 ttl 63', null]);
    expect(sent.header('a', 'rx', 'reply')?.src).toBe('10.0.0.3');
    expect(sent.text).toContain('reply dropped at m/a: tcp/40000 is connected with 10.96.0.1:80, not with 10.0.0.3:80');
  });
});
