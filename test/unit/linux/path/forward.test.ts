import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import { Lab } from '../lab.ts';

/** Two hosts with a router between them. */
function routed(): Lab {
  return hostRouterHost().listen('b', 'udp/53', 'tcp/80');
}

const toB = 'udp 10.0.1.2:53';

describe('a forwarded packet', () => {
  test('loses one hop of its TTL, and so does its answer', () => {
    const sent = routed().send('a', toB);
    expect(sent.path).toBe('a >eth0, r ra>rb, b eth0>');
    expect(sent.seen).toBe('b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63');
    expect(sent.pathOf('reply')).toBe('b >eth0, r rb>ra, a eth0>');
    expect(sent.header('a', 'rx', 'reply')?.ttl).toBe(63);
  });

  test('whose TTL ends is answered by the router', () => {
    const sent = routed().send('a', toB, { ttl: 1 });
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['icmp-error', 'IP_INHDR', ['11/0 from 10.0.0.1']]);
  });

  test('has its TTL lowered before FORWARD rules see it', () => {
    const lab = routed().iptables('r', '-A FORWARD -m ttl --ttl-eq 63 -j DROP');
    expect(lab.send('a', toB).rules).toEqual(['r filter:FORWARD[1]']);
  });

  test('is saved from its last TTL by a rule in PREROUTING', () => {
    const lab = routed().iptables('r', '-t mangle -A PREROUTING -j TTL --ttl-inc 1');
    expect(lab.send('a', toB, { ttl: 1 }).outcome).toBe('replied');
  });

  test('is dropped in silence while the host does not forward', () => {
    const sent = routed().sysctl('r', 'ip_forward=0').send('a', toB);
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['dropped', 'IP_INADDRERRORS', []]);
    expect(sent.text).toContain('ip_forward is 0');
  });

  test('keeps no mark when it leaves the namespace', () => {
    const lab = routed()
      .iptables('r', '-t mangle -A PREROUTING -j MARK --set-mark 7')
      .iptables('b', '-t mangle -A PREROUTING -m mark --mark 7 -j DROP');
    const sent = lab.send('a', toB);
    expect([sent.outcome, sent.header('r', 'tx')?.mark, sent.header('b', 'rx')?.mark]).toEqual(['replied', 7, 0]);
  });
});

describe('a route that refuses', () => {
  const refused = (type: string) => routed().route('r', `${type} 10.7.0.0/16`).send('a', 'udp 10.7.0.1:53');

  test.each([
    ['unreachable', '3/1'],
    ['prohibit', '3/13'],
    ['throw', '3/0'],
  ])('%s tells the sender %s', (type, error) => {
    expect(refused(type).errors).toEqual([`${error} from 10.0.0.1`]);
  });

  test('blackhole says nothing', () => {
    const sent = refused('blackhole');
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
    expect(sent.text).toContain('a blackhole swallows it');
  });

  test('no route at all tells 3/0', () => {
    const sent = routed().send('a', 'udp 10.7.0.1:53');
    expect([sent.reason, sent.errors]).toEqual(['IP_INNOROUTES', ['3/0 from 10.0.0.1']]);
    expect(sent.text).toBe('ICMP 3/0 network unreachable from 10.0.0.1: dropped at m/r: no route to 10.7.0.1');
  });

  test.each([
    ['unreachable', 'EHOSTUNREACH'],
    ['prohibit', 'EACCES'],
    ['blackhole', 'EINVAL'],
    ['throw', 'ENETUNREACH'],
  ])('%s fails the local send call with %s', (type, errno) => {
    const sent = routed().unroute('a', 'default').route('a', `${type} 10.7.0.0/16`).send('a', 'udp 10.7.0.1:53');
    expect([sent.outcome, sent.errno]).toEqual(['send-error', errno]);
  });

  test('no route at all fails the local send call with ENETUNREACH', () => {
    const sent = routed().unroute('a', 'default').send('a', 'tcp 10.7.0.1:53');
    expect([sent.outcome, sent.errno, sent.text]).toEqual([
      'send-error',
      'ENETUNREACH',
      'the send call fails with ENETUNREACH: m/a: no route to 10.7.0.1',
    ]);
  });
});

describe('a source that cannot be', () => {
  test('an address of the router itself is dropped there', () => {
    const sent = routed().send('a', toB, { spoof: '10.0.1.1' });
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'IP_LOCAL_SOURCE']);
  });

  test('an address that is not ours fails the send call', () => {
    expect(routed().send('a', toB, { src: '10.0.0.77' }).errno).toBe('EADDRNOTAVAIL');
  });

  test('a group is dropped by the router', () => {
    expect(routed().send('a', toB, { spoof: '224.0.0.9' }).reason).toBe('IP_INVALID_SOURCE');
  });

  test('a loopback address is dropped unless route_localnet allows it', () => {
    const lab = routed();
    lab.send('a', toB);
    expect(lab.send('a', toB, { spoof: '127.0.0.9' }).reason).toBe('IP_LOCALNET');
  });

  test('a loopback address is no sender that ARP answers', () => {
    expect(routed().send('a', toB, { spoof: '127.0.0.9' }).reason).toBe('NEIGH_FAILED');
  });

  test('from the wrong side is dropped with rp_filter=1', () => {
    const lab = routed().sysctl('r', 'conf.all.rp_filter=1');
    const sent = lab.send('a', toB, { spoof: '10.0.1.77' });
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'IP_RPFILTER']);
    expect(routed().send('a', toB, { spoof: '10.0.1.77' }).outcome).toBe('delivered');
  });
});

describe('a ready-made packet of a raw socket', () => {
  test('is routed by its destination alone: rules for sources, protocols and ports do not see it', () => {
    const lab = routed().rule('a', 'from 10.0.0.77 prohibit').rule('a', 'ipproto udp prohibit');
    expect(lab.send('a', toB, { spoof: '10.0.0.77' }).outcome).toBe('delivered');
    expect(lab.send('a', toB).errno).toBe('EACCES');
  });

  test('is never cut by the sender', () => {
    const sent = routed().send('a', toB, { spoof: '10.0.0.77', sizeBytes: 1500 });
    expect([sent.outcome, sent.errno]).toEqual(['send-error', 'EMSGSIZE']);
  });

  test('has nobody who waits for an answer', () => {
    const sent = routed().send('a', toB, { spoof: '10.0.0.2' });
    expect([sent.outcome, sent.answeredBy, sent.pathOf('reply')]).toEqual(['delivered', null, 'b >eth0, r rb>ra, a eth0>']);
  });
});

describe('an address that is borrowed', () => {
  test('is that of the device which came first, not of the lowest number or address', () => {
    const node = (first: string, second: string): Lab => {
      const lab = new Lab().veth('p/eth0', 'n/azv').dummy(`n/${first}`).dummy(`n/${second}`).addr('p/eth0', '10.224.0.45/32');
      lab.addr('n/x', '10.224.0.4/16').addr('n/y', '10.9.0.1/16').route('n', '10.224.0.45 dev azv', 'default dev x').forwards('n');
      return lab.route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1').sysctl('n', 'conf.azv.proxy_arp=1');
    };
    expect(node('x', 'y').send('p', 'udp 8.8.8.8:53', { ttl: 1 }).errors).toEqual(['11/0 from 10.224.0.4']);
    expect(node('y', 'x').send('p', 'udp 8.8.8.8:53', { ttl: 1 }).errors).toEqual(['11/0 from 10.9.0.1']);
  });
});

describe('a redirect', () => {
  /** The router that a host uses sends on to a better one of the same segment. */
  function detour(): Lab {
    const lab = new Lab();
    for (const [i, host] of ['r', 'a', 's'].entries()) lab.veth(`${host}/eth0`, `sw/${host}`).addr(`${host}/eth0`, `10.0.0.${i + 1}/24`);
    return lab
      .bridge('sw/br', ['r', 'a', 's'])
      .dummy('s/net')
      .addr('s/net', '10.9.0.1/24')
      .route('a', 'default via 10.0.0.1')
      .route('r', '10.9.0.0/24 via 10.0.0.3')
      .forwards('r')
      .listen('s', 'udp/53');
  }

  test('is sent before the packet goes on, and is no error', () => {
    const sent = detour().send('a', 'udp 10.9.0.1:53');
    expect([sent.outcome, sent.errors, sent.legs]).toEqual(['replied', [], ['request', 'redirect', 'reply']]);
  });

  test('is sent although a FORWARD rule drops the packet', () => {
    const sent = detour().iptables('r', '-A FORWARD -j DROP').send('a', 'udp 10.9.0.1:53');
    expect([sent.outcome, sent.legs]).toEqual(['dropped', ['request', 'redirect']]);
  });

  test('is not sent when send_redirects is off for all and for the device', () => {
    const lab = detour().sysctl('r', 'conf.all.send_redirects=0', 'conf.eth0.send_redirects=0');
    expect(lab.send('a', 'udp 10.9.0.1:53').legs).toEqual(['request', 'reply']);
  });

  test('takes the tokens of a fresh host for errors of want of a route', () => {
    const fresh = detour().sysctl('r', 'icmp_ratemask=0');
    expect(fresh.send('a', 'udp 10.7.0.1:53').errors).toEqual(['3/0 from 10.0.0.1']);
    const told = detour().sysctl('r', 'icmp_ratemask=0');
    told.send('a', 'udp 10.9.0.1:53');
    expect(told.send('a', 'udp 10.7.0.1:53').errors).toEqual([]);
    expect(told.wait(2).send('a', 'udp 10.7.0.1:53').errors).toEqual(['3/0 from 10.0.0.1']);
  });

  test('is not repeated at once', () => {
    const lab = detour();
    expect(lab.send('a', 'udp 10.9.0.1:53').legs).toContain('redirect');
    expect(lab.send('a', 'udp 10.9.0.1:53', { sport: 2 }).legs).not.toContain('redirect');
  });

  test('is heeded by whatever its host sends that way: translated in OUTPUT, or forwarded', () => {
    const lab = new Lab()
      .veth('a/eth0', 'sw/a')
      .veth('r1/eth0', 'sw/r1')
      .veth('r2/eth0', 'sw/r2')
      .bridge('sw/br', ['a', 'r1', 'r2'])
      .veth('r2/out', 'b/eth0')
      .veth('x/eth0', 'a/ax')
      .addr('a/eth0', '10.0.0.2/24')
      .addr('r1/eth0', '10.0.0.1/24')
      .addr('r2/eth0', '10.0.0.9/24')
      .addr('r2/out', '10.0.1.1/24')
      .addr('b/eth0', '10.0.1.2/24')
      .addr('a/ax', '10.0.5.1/24')
      .addr('x/eth0', '10.0.5.2/24')
      .route('a', 'default via 10.0.0.1')
      .route('x', 'default via 10.0.5.1')
      .route('r1', '10.0.1.0/24 via 10.0.0.9')
      .route('r2', '10.0.5.0/24 via 10.0.0.2')
      .route('b', 'default via 10.0.1.1')
      .forwards('a', 'r1', 'r2')
      .sysctl('a', 'conf.all.accept_redirects=1')
      .listen('b', 'udp/53')
      .iptables('a', '-t nat -A OUTPUT -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2');
    const byR2 = 'sw a>r2, r2 eth0>out, b eth0>';
    expect(lab.send('x', 'udp 10.0.1.2:53').path).not.toContain(byR2);
    lab.send('a', 'icmp 10.0.0.9');
    expect(lab.send('a', 'udp 10.0.1.2:53').legs).toContain('redirect');
    expect(lab.send('a', 'udp 10.99.0.1:53', { sport: 2 }).path).toBe(`a >eth0, ${byR2}`);
    expect(lab.send('x', 'udp 10.0.1.2:53', { sport: 3 }).path).toBe(`x >eth0, a ax>eth0, ${byR2}`);
  });

  test('about a translated connection is killed by NAT', () => {
    const lab = detour().iptables('r', '-t nat -A PREROUTING -d 10.5.5.5 -j DNAT --to-destination 10.9.0.1');
    const sent = lab.send('a', 'udp 10.5.5.5:53');
    expect(sent.pathOf('redirect')).toBe('');
    expect(sent.told('DROPPED')).toEqual(['r DROPPED NAT drops an ICMP redirect about a translated connection']);
  });
});

describe('a router with several ways that counts ports', () => {
  /** b – r = a, where a's address 10.9.9.9 is behind two wires of r. */
  const lab = (): Lab =>
    new Lab()
      .veth('r/r0', 'a/eth0')
      .veth('r/r1', 'a/eth1')
      .veth('b/eth0', 'r/rb')
      .addr('a/eth0', '10.0.0.2/24')
      .addr('a/eth1', '10.0.1.2/24')
      .addr('a/lo', '10.9.9.9/32')
      .addr('r/r0', '10.0.0.1/24')
      .addr('r/r1', '10.0.1.1/24')
      .addr('r/rb', '10.0.2.1/24')
      .addr('b/eth0', '10.0.2.2/24')
      .route('a', 'default via 10.0.0.1')
      .route('b', 'default via 10.0.2.1')
      .route('r', '10.9.9.9 nexthop via 10.0.0.2 nexthop via 10.0.1.2')
      .forwards('r')
      .sysctl('r', 'fib_multipath_hash_policy=1')
      .sysctl('b', 'icmp_ratelimit=0');
  const ports = Array.from({ length: 12 }, (_, i) => 41000 + i);

  test('spreads datagrams over them, but none of those that come in fragments', () => {
    const router = lab().listen('a', 'udp/53');
    const ways = (sizeBytes: number) => new Set(ports.map((sport) => router.send('b', 'udp 10.9.9.9:53', { sport, sizeBytes }).path));
    expect([ways(100).size, ways(2000).size]).toEqual([2, 1]);
  });

  test('sends all errors between two hosts by one way', () => {
    const router = lab();
    const ways = ports.map((sport) => router.send('a', 'udp 10.0.2.2:99', { sport, src: '10.9.9.9' }).pathOf('icmp-error'));
    expect(new Set(ways).size).toBe(1);
    expect(ways[0]).toMatch(/^b >eth0, r rb>r[01], a eth[01]>$/);
  });
});
