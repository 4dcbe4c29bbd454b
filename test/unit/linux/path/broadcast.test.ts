import { describe, expect, test } from 'vitest';
import { ip } from '../../../../src/wire/ipv4.ts';
import { Lab } from '../lab.ts';

/** Three hosts on one bridge, each with a listener. */
function segment(): Lab {
  const lab = new Lab();
  const hosts = ['a', 'b', 'c'];
  for (const [i, host] of hosts.entries())
    lab
      .veth(`${host}/eth0`, `sw/${host}`)
      .addr(`${host}/eth0`, `10.0.0.${i + 2}/24`)
      .listen(host, 'udp/53');
  return lab.bridge('sw/br', hosts);
}

describe('a broadcast', () => {
  test('reaches every listener on the segment and the sender itself', () => {
    const sent = segment().send('a', 'udp 10.0.0.255:53');
    expect(sent.outcome).toBe('delivered');
    expect([sent.seen, ...sent.alsoSeen].sort()).toEqual([
      'a 10.0.0.2:40000 > 10.0.0.255:53 ttl 64',
      'b 10.0.0.2:40000 > 10.0.0.255:53 ttl 64',
      'c 10.0.0.2:40000 > 10.0.0.255:53 ttl 64',
    ]);
  });

  test('is told as the copy on the wire; the others are its copies', () => {
    const sent = segment().send('a', 'udp 10.0.0.255:53');
    expect(sent.path).toMatch(/^a >eth0, sw a>[bc], [bc] eth0>$/);
    expect(sent.copies).toContain('a eth0>');
  });

  test('to 255.255.255.255 stays on the segment of the device that the source chooses', () => {
    const sent = segment().send('a', 'udp 255.255.255.255:53', { src: '10.0.0.2' });
    expect(sent.alsoSeen.length + 1).toBe(3);
  });

  test('is not answered by a UDP listener', () => {
    expect(segment().send('a', 'udp 10.0.0.255:53').answeredBy).toBeNull();
  });

  test('is no echo request that anybody answers, unless the host is told to', () => {
    const lab = segment();
    expect(lab.send('a', 'icmp 10.0.0.255').outcome).toBe('dropped');
    lab.fresh().sysctl('b', 'icmp_echo_ignore_broadcasts=0');
    expect(lab.send('a', 'icmp 10.0.0.255').answeredBy).toBe('10.0.0.3');
  });

  test('is answered by nobody who may not send from the address that was meant', () => {
    const lab = segment().sysctl('b', 'icmp_echo_ignore_broadcasts=0').rule('b', 'from 10.0.0.3 prohibit pref 50');
    const sent = lab.send('a', 'icmp 10.0.0.255');
    expect([sent.outcome, sent.answeredBy]).toEqual(['delivered', null]);
    expect(sent.text).toContain('reply dropped at m/b: no route back to 10.0.0.2');
  });

  test.each([
    ['of the first way back', '10.0.0.2 nexthop dev eth0 nexthop dev eth1', '10.0.0.3'],
    ['that the route back prefers', '10.0.0.2 dev eth0 src 10.7.0.1', '10.7.0.1'],
  ])('is answered from the address %s', (_which, route, from) => {
    const lab = segment().veth('b/eth1', 'd/eth0').addr('b/eth1', '10.7.0.1/24').route('b', route).route('a', '10.7.0.0/24 dev eth0');
    const sent = lab.sysctl('b', 'icmp_echo_ignore_broadcasts=0').send('a', 'icmp 10.0.0.255');
    expect(sent.answeredBy).toBe(from);
  });

  test('of a stranger is not for a socket that is connected with somebody else', () => {
    const lab = segment();
    const peer = { addr: ip('10.0.0.2'), port: 40000 };
    for (const host of ['a', 'b', 'c']) lab.netns(host).sockets = lab.netns(host).sockets.map((socket) => ({ ...socket, peer }));
    expect(lab.send('a', 'udp 10.0.0.255:53').outcome).toBe('delivered');
    expect(lab.send('a', 'udp 10.0.0.255:53', { sport: 40001 }).outcome).toBe('dropped');
  });

  test('to a group has a TTL of one, whatever IP_TTL says', () => {
    const lab = segment().route('a', '224.0.0.0/4 dev eth0');
    expect(lab.send('a', 'udp 224.0.0.1:53', { ttl: 9 }).header('a', 'tx')?.ttl).toBe(1);
    expect(lab.send('a', 'udp 10.0.0.255:53', { ttl: 9 }).header('a', 'tx')?.ttl).toBe(9);
  });

  test('frame with a packet to one host is refused where the host is told so', () => {
    const lab = segment().neigh('a/eth0', '10.0.0.3', 'ff:ff:ff:ff:ff:ff');
    expect(lab.send('a', 'icmp 10.0.0.3').outcome).toBe('replied');
    expect(lab.sysctl('b', 'conf.all.drop_unicast_in_l2_multicast=1').send('a', 'icmp 10.0.0.3').outcome).toBe('dropped');
  });

  test('cannot be the goal of a TCP connection', () => {
    const sent = segment().send('a', 'tcp 10.0.0.255:80');
    expect([sent.outcome, sent.errno]).toEqual(['send-error', 'ENETUNREACH']);
  });

  test('of TCP that somebody makes up is taken by nobody', () => {
    const sent = segment().listen('b', 'tcp/80').send('a', 'tcp 10.0.0.255:80', { spoof: '10.0.0.9' });
    expect(sent.outcome).toBe('dropped');
    expect(sent.told('DROPPED')).toContain('b DROPPED TCP takes no broadcast');
  });

  test('that nobody listens to causes no ICMP error', () => {
    const sent = segment().send('a', 'udp 10.0.0.255:99');
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
  });

  test('from another subnet is delivered to the router and goes no further', () => {
    const lab = segment().veth('sw/r', 'r/eth0').addr('r/eth0', '10.0.0.1/24').veth('r/eth1', 'd/eth0');
    lab.addr('r/eth1', '10.9.0.1/24').addr('d/eth0', '10.9.0.2/24').route('d', 'default via 10.9.0.1').forwards('r').listen('r', 'udp/53');
    expect(lab.send('d', 'udp 10.0.0.255:53').seen).toBe('r 10.9.0.2:40000 > 10.0.0.255:53 ttl 64');
  });

  test('of TCP from another subnet is taken by no listener of the router', () => {
    const lab = segment().veth('sw/r', 'r/eth0').addr('r/eth0', '10.0.0.1/24').veth('r/eth1', 'd/eth0');
    lab.addr('r/eth1', '10.9.0.1/24').addr('d/eth0', '10.9.0.2/24').route('d', 'default via 10.9.0.1').forwards('r').listen('r', 'tcp/80');
    const sent = lab.send('d', 'tcp 10.0.0.255:80');
    expect([sent.outcome, sent.seen, sent.legs]).toEqual(['dropped', 'nowhere', ['request']]);
    expect(sent.text).toBe('dropped at m/r: a listener answers no SYN to the broadcast address 10.0.0.255');
  });
});

describe('a broadcast that leaves by the loopback', () => {
  const self = (): Lab => new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').listen('a', 'tcp/80', 'udp/53');

  test('is heard, and not answered', () => {
    const sent = self().send('a', 'udp 127.255.255.255:53');
    expect([sent.seen, sent.legs]).toEqual(['a 127.0.0.1:40000 > 127.255.255.255:53 ttl 64', ['request']]);
    expect(self().send('a', 'udp 255.255.255.255:53', { bindDev: 'lo' }).seen).toBe('a 10.0.0.2:40000 > 255.255.255.255:53 ttl 64');
  });

  test('cannot be the goal of a TCP connection', () => {
    expect(self().send('a', 'tcp 127.255.255.255:80').errno).toBe('ENETUNREACH');
    expect(self().send('a', 'tcp 255.255.255.255:80', { bindDev: 'lo' }).errno).toBe('ENETUNREACH');
  });

  test('is no echo request that anybody answers, unless the host is told to', () => {
    expect(self().send('a', 'icmp 127.255.255.255').reason).toBe('ICMP_ECHO_IGNORED');
    expect(self().sysctl('a', 'icmp_echo_ignore_broadcasts=0').send('a', 'icmp 127.255.255.255').answeredBy).toBe('127.0.0.1');
  });

  test('to a group is for its members alone', () => {
    const sent = self().send('a', 'udp 224.0.0.1:53', { bindDev: 'lo' });
    expect(sent.seen).toBe('a 10.0.0.2:40000 > 224.0.0.1:53 ttl 1');
    const withoutTtl = self().iptables('a', '-t mangle -A OUTPUT -j TTL --ttl-set 0');
    expect(withoutTtl.send('a', 'udp 224.0.0.1:53', { bindDev: 'lo' }).outcome).toBe('delivered');
    expect(self().send('a', 'udp 224.0.0.5:53', { bindDev: 'lo' }).outcome).toBe('dropped');
    expect(self().send('a', 'tcp 224.0.0.1:80', { bindDev: 'lo' }).errno).toBe('ENETUNREACH');
  });
});
