import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import { Lab } from '../lab.ts';
import type { Sent } from '../sent.ts';

/** Two hosts with a router between them that translates. */
function routed(...rules: readonly string[]): Lab {
  return hostRouterHost()
    .addr('b/eth0', '10.0.1.3/24')
    .listen('b', 'udp/53', 'udp/54', 'tcp/80')
    .iptables('r', ...rules.map((rule) => `-t nat -A ${rule}`));
}

const DNAT = 'PREROUTING -d 10.96.0.1/32 -j DNAT --to-destination 10.0.1.2';
const MASQUERADE = 'POSTROUTING -o rb -j MASQUERADE';
const sourcePort = (sent: Sent): number => Number(/:(\d+) >/.exec(sent.seen)?.[1]);

describe('the nat table', () => {
  test('is asked once for each connection, every later packet is translated as the first', () => {
    const lab = routed(DNAT);
    expect(lab.send('a', 'udp 10.96.0.1:53').rules).toEqual(['r nat:PREROUTING[1]']);
    const again = lab.send('a', 'udp 10.96.0.1:53');
    expect([again.outcome, again.rules, again.seen]).toEqual(['replied', [], 'b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63']);
  });

  test('maps a source as it is mapped already, for as long as that connection lasts', () => {
    const lab = routed('POSTROUTING -d 10.0.1.2 -j SNAT --to-source 10.0.1.1:7777', 'POSTROUTING -d 10.0.1.3 -j SNAT --to-source 10.0.1.1');
    expect(sourcePort(lab.send('a', 'udp 10.0.1.2:53'))).toBe(7777);
    expect(sourcePort(lab.wait(20).send('a', 'udp 10.0.1.3:53'))).toBe(7777);
    expect(sourcePort(lab.wait(200).send('a', 'udp 10.0.1.3:53'))).toBe(40_000);
  });

  test('needs no rule to translate answers back', () => {
    const sent = routed(DNAT, MASQUERADE).send('a', 'udp 10.96.0.1:53');
    expect([sent.seen, sent.answeredBy]).toEqual(['b 10.0.1.1:40000 > 10.0.1.2:53 ttl 63', '10.96.0.1:53']);
    expect(sent.told('REWRITTEN').slice(2)).toEqual([
      'r REWRITTEN translated back by its connection: dst 10.0.1.1:40000 → 10.0.0.2:40000',
      'r REWRITTEN translated back by its connection: src 10.0.1.2:53 → 10.96.0.1:53',
    ]);
  });

  test('translates what goes on in the first direction, not back', () => {
    const told = routed(DNAT).send('a', 'tcp 10.96.0.1:80').told('REWRITTEN');
    expect(told.slice(1)).toEqual([
      'r REWRITTEN translated back by its connection: src 10.0.1.2:80 → 10.96.0.1:80',
      'r REWRITTEN translated by its connection: dst 10.96.0.1:80 → 10.0.1.2:80',
    ]);
  });

  test('translates ICMP errors back, outside and inside', () => {
    const sent = routed(DNAT, MASQUERADE).send('a', 'udp 10.96.0.1:99');
    expect(sent.errors).toEqual(['3/3 from 10.96.0.1']);
  });

  test('makes an error of any router behind it look as if the address that was asked had sent it', () => {
    const lab = routed(DNAT).sysctl('b', 'ip_forward=1').unroute('b', 'default').route('b', 'default via 10.0.1.1');
    lab.iptables('r', '-t nat -R PREROUTING 1 -d 10.96.0.1/32 -j DNAT --to-destination 10.77.0.1').route('r', '10.77.0.0/16 via 10.0.1.2');
    const sent = lab.send('a', 'udp 10.96.0.1:53', { ttl: 2 });
    expect(sent.errors).toEqual(['11/0 from 10.96.0.1']);
  });

  test('keeps the translation of an entry after its rule has changed; a new port takes the new rule', () => {
    const lab = routed(DNAT);
    lab.send('a', 'udp 10.96.0.1:53');
    lab.iptables('r', '-t nat -R PREROUTING 1 -d 10.96.0.1/32 -j DNAT --to-destination 10.0.1.3');
    expect(lab.send('a', 'udp 10.96.0.1:53').seen).toBe('b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63');
    expect(lab.send('a', 'udp 10.96.0.1:53', { sport: 40001 }).seen).toBe('b 10.0.0.2:40001 > 10.0.1.3:53 ttl 63');
    expect(lab.wait(200).send('a', 'udp 10.96.0.1:53').seen).toBe('b 10.0.0.2:40000 > 10.0.1.3:53 ttl 63');
  });

  test('does not touch what is INVALID', () => {
    // The SYN goes around the router, so the SYN-ACK belongs to no connection there.
    const lab = routed('POSTROUTING -j MASQUERADE').veth('a/side', 'b/side').addr('a/side', '10.5.0.2/24').addr('b/side', '10.5.0.3/24');
    const sent = lab.route('a', '10.0.1.0/24 via 10.5.0.3').send('a', 'tcp 10.0.1.2:80', { src: '10.0.0.2' });
    expect([sent.outcome, sent.pathOf('reply'), sent.answeredBy]).toEqual(['replied', 'b >eth0, r rb>ra, a eth0>', '10.0.1.2:80']);
  });

  test('leads a service without a route of its own to its endpoint, a service without endpoints nowhere', () => {
    expect(routed(DNAT).send('a', 'tcp 10.96.0.1:80').outcome).toBe('replied');
    const lab = routed(DNAT).iptables('r', '-A FORWARD -d 10.96.0.2 -j REJECT');
    // Routing comes before FORWARD, so the REJECT is met only where a route leads on.
    expect(lab.send('a', 'tcp 10.96.0.2:80').errors).toEqual(['3/0 from 10.0.0.1']);
    expect(lab.route('r', 'default via 10.0.1.2').send('a', 'tcp 10.96.0.2:80').errors).toEqual(['3/3 from 10.0.0.1']);
  });
});

describe('MASQUERADE', () => {
  test('takes the address of the device whose subnet holds the next hop', () => {
    const lab = routed(MASQUERADE).addr('r/rb', '10.8.0.1/24').addr('b/eth0', '10.8.0.2/24').route('r', '10.9.0.0/24 via 10.8.0.2');
    lab.dummy('b/net').addr('b/net', '10.9.0.1/24');
    expect(lab.send('a', 'udp 10.9.0.1:53').seen).toBe('b 10.8.0.1:40000 > 10.9.0.1:53 ttl 63');
    expect(lab.send('a', 'udp 10.0.1.2:53').seen).toBe('b 10.0.1.1:40000 > 10.0.1.2:53 ttl 63');
  });

  test('takes the first address where no subnet holds the next hop, and ignores the source of the route', () => {
    const lab = routed(MASQUERADE).addr('r/rb', '10.8.0.1/24').dummy('b/net').addr('b/net', '10.9.0.1/24');
    lab.route('r', '10.9.0.0/24 via 10.55.0.1 dev rb onlink src 10.8.0.1').neigh('r/rb', '10.55.0.1', lab.mac('b/eth0'));
    expect(lab.send('a', 'udp 10.9.0.1:53').seen).toBe('b 10.0.1.1:40000 > 10.9.0.1:53 ttl 63');
  });

  test('borrows an address for a device that has none', () => {
    const lab = new Lab().veth('p/eth0', 'n/azv').veth('n/eth0', 'x/eth0').addr('p/eth0', '10.224.0.45/32').addr('n/eth0', '10.224.0.4/16');
    lab.addr('x/eth0', '10.224.0.9/16').route('n', '10.224.0.45 dev azv').route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1');
    lab.route('n', 'default via 10.224.0.9').sysctl('n', 'conf.azv.proxy_arp=1').forwards('n').listen('p', 'udp/53');
    lab.iptables('n', '-t nat -A POSTROUTING -o azv -j MASQUERADE').route('x', '10.224.0.45 via 10.224.0.4');
    expect(lab.send('x', 'udp 10.224.0.45:53').seen).toBe('p 10.224.0.4:40000 > 10.224.0.45:53 ttl 63');
  });

  test('drops the packet where no device has an address', () => {
    const lab = routed(MASQUERADE);
    const bare = new Lab()
      .veth('a/eth0', 'r/ra')
      .veth('r/rb', 'b/eth0')
      .addr('a/eth0', '10.0.0.2/24')
      .route('r', '10.0.0.0/24 dev ra', 'default dev rb');
    bare
      .forwards('r')
      .iptables('r', `-t nat -A ${MASQUERADE}`)
      .route('a', 'default via 10.0.0.1')
      .neigh('a/eth0', '10.0.0.1', bare.mac('r/ra'));
    const sent = bare.send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.text]).toEqual([
      'dropped',
      'dropped at m/r: MASQUERADE finds no address for rb: nat:POSTROUTING[1] -o rb -j MASQUERADE',
    ]);
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });

  test('forgets a connection whose route has moved to another device', () => {
    const lab = routed('POSTROUTING -j MASQUERADE').veth('r/rc', 'b/other').addr('r/rc', '10.3.0.1/24').addr('b/other', '10.3.0.2/24');
    lab.dummy('b/net').addr('b/net', '10.9.0.1/24').route('r', '10.9.0.0/24 via 10.0.1.2');
    expect(lab.send('a', 'udp 10.9.0.1:53').outcome).toBe('replied');
    lab.unroute('r', '10.9.0.0/24').route('r', '10.9.0.0/24 via 10.3.0.2');
    expect(lab.send('a', 'udp 10.9.0.1:53').reason).toBe('NETFILTER_DROP');
    expect(lab.send('a', 'udp 10.9.0.1:53').seen).toBe('b 10.3.0.1:40000 > 10.9.0.1:53 ttl 63');
  });
});

describe('the port of a translated source', () => {
  /** Two hosts behind one address. */
  function twoHosts(rule: string): Lab {
    return routed(rule).addr('a/eth0', '10.0.0.3/24');
  }

  test('is kept while its tuple is free', () => {
    expect(sourcePort(routed(MASQUERADE).send('a', 'udp 10.0.1.2:53', { sport: 777 }))).toBe(777);
  });

  test.each([
    [80, 1, 511],
    [800, 600, 1023],
    [5000, 1024, 65_535],
  ])('%i gives way to one of the same class when another host has the tuple', (sport, low, high) => {
    for (let seed = 0; seed < 40; seed++) {
      const lab = twoHosts(MASQUERADE).fresh(seed);
      lab.send('a', 'udp 10.0.1.2:53', { sport });
      const port = sourcePort(lab.send('a', 'udp 10.0.1.2:53', { sport, src: '10.0.0.3' }));
      expect(port).not.toBe(sport);
      expect(port).toBeGreaterThanOrEqual(low);
      expect(port).toBeLessThanOrEqual(high);
    }
  });

  test('is shared with another destination: only the whole tuple must be unique', () => {
    const lab = twoHosts(MASQUERADE);
    lab.send('a', 'udp 10.0.1.2:53', { sport: 5000 });
    expect(sourcePort(lab.send('a', 'udp 10.0.1.3:53', { sport: 5000, src: '10.0.0.3' }))).toBe(5000);
  });

  test('of a mapping is used again for other destinations, although the own port would be free there', () => {
    const lab = twoHosts(MASQUERADE);
    lab.send('a', 'udp 10.0.1.2:53', { sport: 5000 });
    const mapped = sourcePort(lab.send('a', 'udp 10.0.1.2:53', { sport: 5000, src: '10.0.0.3' }));
    expect(sourcePort(lab.send('a', 'udp 10.0.1.3:53', { sport: 5000, src: '10.0.0.3' }))).toBe(mapped);
    expect(sourcePort(lab.send('a', 'udp 10.0.1.2:54', { sport: 5000, src: '10.0.0.3' }))).toBe(mapped);
  });

  test.each([
    [80, 1, 511],
    [800, 600, 1023],
    [5000, 1024, 65_535],
  ])('%i is always another one with --random-fully, of its class', (sport, low, high) => {
    const ports = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const lab = routed(`${MASQUERADE} --random-fully`).fresh(i);
      ports.add(sourcePort(lab.send('a', 'udp 10.0.1.2:53', { sport })));
    }
    expect(ports.size).toBeGreaterThan(30);
    for (const port of ports) expect(port >= low && port <= high).toBe(true);
  });

  test('is of the range that the rule gives', () => {
    const ports = Array.from({ length: 20 }, (_, i) =>
      sourcePort(
        routed('POSTROUTING -p udp -j SNAT --to-source 10.0.1.1:2000-2009')
          .fresh(i)
          .send('a', 'udp 10.0.1.2:53', { sport: 2003 + i }),
      ),
    );
    expect(ports.slice(0, 7)).toEqual([2003, 2004, 2005, 2006, 2007, 2008, 2009]);
    for (const port of ports.slice(7)) expect(port >= 2000 && port <= 2009).toBe(true);
  });

  test('of a ping is its identifier', () => {
    const lab = twoHosts(MASQUERADE);
    lab.send('a', 'icmp 10.0.1.2', { sport: 5 });
    const sent = lab.send('a', 'icmp 10.0.1.2', { sport: 5, src: '10.0.0.3' });
    expect(sent.outcome).toBe('replied');
    expect(sent.header('b', 'rx')?.sport).not.toBe(5);
    expect(sent.header('a', 'rx', 'reply')?.sport).toBe(5);
  });

  test('gives way without any rule for the source, when a service and its endpoint are asked from one port', () => {
    const lab = routed(DNAT);
    expect(lab.send('a', 'udp 10.0.1.2:53', { sport: 5555 }).seen).toBe('b 10.0.0.2:5555 > 10.0.1.2:53 ttl 63');
    const sent = lab.send('a', 'udp 10.96.0.1:53', { sport: 5555 });
    expect([sent.outcome, sent.answeredBy]).toEqual(['replied', '10.96.0.1:53']);
    expect(sourcePort(sent)).not.toBe(5555);
    expect(lab.conntrack('r')[1]).toContain('seen-reply snat dnat');
  });
});

describe('REDIRECT and DNAT of a host itself', () => {
  test('REDIRECT leads to the address of the device that the packet came in by', () => {
    const lab = routed('PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353').listen('r', 'udp/5353');
    expect(lab.send('a', 'udp 10.0.1.2:53').seen).toBe('r 10.0.0.2:40000 > 10.0.0.1:5353 ttl 64');
  });

  test('REDIRECT drops what came in by a device without an address', () => {
    const lab = new Lab().veth('p/eth0', 'n/azv').addr('p/eth0', '10.224.0.45/32').dummy('n/eth0').addr('n/eth0', '10.224.0.4/16');
    lab
      .route('n', '10.224.0.45 dev azv')
      .route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1')
      .neigh('p/eth0', '169.254.1.1', lab.mac('n/azv'));
    lab.forwards('n').iptables('n', '-t nat -A PREROUTING -p udp -j REDIRECT --to-ports 5353');
    expect(lab.send('p', 'udp 8.8.8.8:53').text).toContain('REDIRECT finds no address on azv: nat:PREROUTING[1]');
  });

  test('a local process reaches a service by OUTPUT, with the source that the route to the service chose', () => {
    const lab = routed()
      .iptables('r', '-t nat -A OUTPUT -d 10.96.0.1 -j DNAT --to-destination 10.0.1.2')
      .route('r', '10.96.0.0/16 via 10.0.0.9');
    const sent = lab.send('r', 'udp 10.96.0.1:53');
    expect([sent.path, sent.seen]).toEqual(['r >rb, b eth0>', 'b 10.0.0.1:40000 > 10.0.1.2:53 ttl 64']);
  });

  test('a local process reaches no service without a route to its address', () => {
    const lab = routed().iptables('r', '-t nat -A OUTPUT -d 10.96.0.1 -j DNAT --to-destination 10.0.1.2');
    expect(lab.send('r', 'udp 10.96.0.1:53').errno).toBe('ENETUNREACH');
  });

  test('a pod that a service leads to itself sees itself as the sender, and drops it, unless it is masqueraded', () => {
    const itself = ['-t nat -A PREROUTING -d 10.96.0.1 -j DNAT --to-destination 10.0.0.2'];
    const lab = routed()
      .iptables('r', ...itself)
      .listen('a', 'udp/53');
    expect(lab.send('a', 'udp 10.96.0.1:53').reason).toBe('IP_LOCAL_SOURCE');
    lab.fresh().iptables('r', '-t nat -A POSTROUTING -s 10.0.0.2 -d 10.0.0.2 -j MASQUERADE');
    expect(lab.send('a', 'udp 10.96.0.1:53').seen).toBe('a 10.0.0.1:40000 > 10.0.0.2:53 ttl 63');
  });
});

describe('a NodePort on 127.0.0.1', () => {
  const nodePort = (...settings: readonly string[]): Sent =>
    routed()
      .iptables('r', '-t nat -A OUTPUT -p tcp -m addrtype --dst-type LOCAL --dport 30080 -j DNAT --to-destination 10.0.1.2:80')
      .iptables('r', '-t nat -A POSTROUTING -o rb -j MASQUERADE')
      .sysctl('r', ...settings)
      .send('r', 'tcp 127.0.0.1:30080');

  test('is dropped in OUTPUT without route_localnet', () => {
    const sent = nodePort();
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'NETFILTER_DROP']);
    expect(sent.text).toContain('no route after OUTPUT changed the packet (EINVAL)');
  });

  test('works with conf.all.route_localnet, from the address of the node', () => {
    expect(nodePort('conf.all.route_localnet=1').seen).toBe('b 10.0.1.1:40000 > 10.0.1.2:80 ttl 64');
  });
});
