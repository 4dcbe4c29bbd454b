import { explicitSysctls } from '../../../src/linux/sysctl.ts';
import { describe, expect, it } from 'vitest';
import { ip } from '../../../src/wire/ipv4.ts';
import { LO, ether, netnsOf, problemTexts, snapshotOf } from './files.ts';

const LINKS = { 'link.json': [LO, ether(2, 'eth0'), ether(3, 'eth1')] };

function routes(rows: unknown, more: object = {}) {
  const snapshot = snapshotOf({ ...LINKS, 'route.json': rows, ...more });
  return { problems: problemTexts(snapshot), fib: netnsOf(snapshot).fib, unmodelled: netnsOf(snapshot).unmodelled };
}

describe('ip -j route show table all', () => {
  it('leaves out what is usual: unicast, table main, protocol boot, scope global', () => {
    const { problems, fib } = routes([{ dst: 'default', gateway: '10.0.0.1', dev: 'eth0', flags: [] }]);
    expect(problems).toEqual([]);
    expect(fib).toEqual([
      {
        id: 254,
        routes: [
          {
            type: 'unicast',
            dst: 0,
            len: 0,
            tos: 0,
            metric: 0,
            scope: 'global',
            protocol: 'boot',
            src: null,
            nexthops: [{ dev: 'eth0', via: ip('10.0.0.1'), onlink: false, weight: 1, dead: false }],
            mtuBytes: null,
            mtuLocked: false,
            advmss: null,
            origin: null,
          },
        ],
      },
    ]);
  });

  it('gives tables, protocols and scopes as names or numbers', () => {
    const rows = [
      { dst: '10.1.0.0/16', dev: 'eth0', table: 'blue', protocol: 80, scope: 253, tos: '0x10' },
      { dst: '10.2.0.0/16', dev: 'eth0', table: 1000, protocol: 'bird', scope: 'link' },
      { dst: '10.3.0.0/16', dev: 'eth0', table: '1001', protocol: 4 },
    ];
    const { problems, fib } = routes(rows, { '/m/iproute2/rt_tables': '# reserved\n255 local\n0x64\tblue # comment\n' });
    expect(problems).toEqual([]);
    expect(fib.map(({ id, routes: [route] }) => [id, route?.protocol, route?.scope, route?.tos])).toEqual([
      [100, '80', 'link', 16],
      [1000, 'bird', 'link', 0],
      [1001, 'static', 'global', 0],
    ]);
    expect(routes([{ dst: '10.1.0.0/16', dev: 'eth0', table: 'red' }]).problems).toEqual([
      'snap/m/n/route.json:1:44: [0].table is "red", expected a routing table: a number or a name that the name files in iproute2/ hold',
    ]);
  });

  it('holds several next hops, those of a nexthop object, locked metrics and flags', () => {
    const { problems, fib } = routes([
      {
        dst: '10.4.0.0/16',
        metrics: [{ lock: true, mtu: 1400 }],
        nexthops: [
          { gateway: '10.0.0.1', dev: 'eth0', weight: 1, flags: ['onlink'] },
          { gateway: '10.0.1.1', dev: 'eth1', weight: 3, flags: ['dead', 'linkdown'] },
        ],
      },
      { dst: '10.5.0.0/16', nhid: 12, nh_info: { id: 12, gateway: '10.0.0.9', dev: 'eth0', scope: 'link', flags: ['onlink'] } },
      { type: 'blackhole', dst: '10.6.0.0/16' },
    ]);
    expect(problems).toEqual([]);
    const [first, second, third] = fib[0]?.routes ?? [];
    expect(first).toMatchObject({ mtuBytes: 1400, mtuLocked: true });
    expect(first?.nexthops).toEqual([
      { dev: 'eth0', via: ip('10.0.0.1'), onlink: true, weight: 1, dead: false },
      { dev: 'eth1', via: ip('10.0.1.1'), onlink: false, weight: 3, dead: true },
    ]);
    expect(second?.nexthops).toEqual([{ dev: 'eth0', via: ip('10.0.0.9'), onlink: true, weight: 1, dead: false }]);
    expect(third).toMatchObject({ type: 'blackhole', nexthops: [] });
  });

  it('prints IPv6 routes too, which are skipped', () => {
    const { problems, fib } = routes([
      { dst: 'fe80::/64', dev: 'eth0', protocol: 'kernel', metric: 256, pref: 'medium' },
      { dst: 'default', gateway: 'fe80::1', dev: 'eth0', metric: 1024, pref: 'medium' },
      { type: 'multicast', dst: 'ff00::/8', dev: 'eth0', table: 'local' },
    ]);
    expect(problems).toEqual([]);
    expect(fib).toEqual([]);
  });

  it('holds routes with parts that are not modelled: walks that need the table are told', () => {
    const { problems, unmodelled } = routes([
      { dst: '10.7.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0' },
      { dst: '10.8.0.0/16', encap: 'mpls', dst_labels: [100], gateway: '10.0.0.1', dev: 'eth0' },
      { dst: '10.9.0.0/16', nhid: 3, nh_info: { id: 3, group: [{ id: 1 }, { id: 2 }] } },
    ]);
    expect(problems).toEqual([]);
    expect(unmodelled.filter(({ reason }) => reason === 'NOT_MODELLED').map(({ part, text }) => `${part}: ${text}`)).toEqual([
      'route: route 10.7.0.0/16: an IPv6 next hop is not modelled',
      'route: route 10.8.0.0/16: a lightweight tunnel (encap) is not modelled',
      'route: route 10.9.0.0/16: the members of nexthop group 3 are in no dump',
    ]);
  });
});

describe('ip -j rule show', () => {
  it('writes flags as keys without value, prefixes in two parts, marks in hexadecimal', () => {
    const snapshot = snapshotOf({
      'rule.json': [
        { priority: 32766, src: 'all', table: 'main' },
        {
          priority: 100,
          not: null,
          src: '10.0.0.0',
          srclen: 24,
          dst: '10.9.0.1',
          fwmark: '0x1',
          fwmask: '0xff',
          iif: 'eth0',
          table: '100',
        },
        {
          priority: 200,
          src: 'all',
          ipproto: 'tcp',
          dport: 80,
          sport_start: 1000,
          sport_end: 2000,
          uid_start: 0,
          uid_end: 99,
          action: 'prohibit',
        },
        { priority: 300, src: 'all', goto: 32766 },
        { priority: 400, src: 'all', goto: 'none', unresolved: null },
        { priority: 450, src: 'all', nop: null },
        { priority: 500, src: 'all', table: 'main', suppress_prefixlen: 0, suppress_ifgroup: 'default', protocol: 'static' },
        { priority: 1000, src: 'all', l3mdev: null },
      ],
    });
    expect(problemTexts(snapshot)).toEqual([]);
    const { rules, unmodelled } = netnsOf(snapshot);
    expect(rules.map(({ priority, action }) => [priority, action])).toEqual([
      [100, { type: 'table', table: 100 }],
      [200, { type: 'prohibit' }],
      [300, { type: 'goto', priority: 32766 }],
      [400, { type: 'nop' }],
      [450, { type: 'nop' }],
      [500, { type: 'table', table: 254 }],
      [32766, { type: 'table', table: 254 }],
    ]);
    expect(rules[0]).toMatchObject({
      not: true,
      from: { addr: ip('10.0.0.0'), len: 24 },
      to: { addr: ip('10.9.0.1'), len: 32 },
      fwmark: { value: 1, mask: 255 },
      iif: 'eth0',
    });
    expect(rules[1]).toMatchObject({
      ipproto: 6,
      dport: { from: 80, to: 80 },
      sport: { from: 1000, to: 2000 },
      uidrange: { from: 0, to: 99 },
    });
    expect(rules[5]).toMatchObject({ suppressPrefixlength: 0, suppressIfgroup: 0, protocol: 'static' });
    expect(unmodelled.some(({ part, reason }) => part === 'rule' && reason === 'NOT_MODELLED')).toBe(true);
  });
});

describe('neighbours and forwarding entries', () => {
  it('keep what was learned, without IPv6', () => {
    const { neighbours } = netnsOf(
      snapshotOf({
        ...LINKS,
        'neigh.json': [
          { dst: '10.0.0.1', dev: 'eth0', lladdr: '12:34:56:78:9A:BC', state: ['REACHABLE'] },
          { dst: '10.0.0.2', dev: 'eth0', state: ['FAILED'] },
          { dst: 'fe80::1', dev: 'eth0', lladdr: '12:34:56:78:9a:bc', router: null, state: ['STALE'] },
        ],
      }),
    );
    expect(neighbours).toEqual([
      { ip: ip('10.0.0.1'), dev: 'eth0', mac: '12:34:56:78:9a:bc', state: 'reachable', origin: null },
      { ip: ip('10.0.0.2'), dev: 'eth0', mac: null, state: 'failed', origin: null },
    ]);
  });

  it('leave out the multicast filters of devices and the copies of other VLANs', () => {
    const vxlan = { linkinfo: { info_kind: 'vxlan', info_data: { id: 7, port: 4789 } } };
    const { fdb } = netnsOf(
      snapshotOf({
        'link.json': [
          ether(2, 'eth0'),
          ether(3, 'vx', vxlan),
          ether(4, 'br0', { linkinfo: { info_kind: 'bridge' } }),
          ether(5, 'v0', { master: 'br0' }),
        ],
        'fdb.json': [
          { mac: '33:33:00:00:00:01', ifname: 'eth0', flags: ['self'], state: 'permanent' },
          { mac: '66:00:00:00:00:01', ifname: 'vx', dst: '172.16.1.2', flags: ['self'], state: 'permanent' },
          { mac: '02:00:00:00:00:09', ifname: 'v0', flags: [], master: 'br0', state: '' },
          { mac: '02:00:00:00:00:09', ifname: 'v0', vlan: 1, flags: [], master: 'br0', state: 'permanent' },
          { mac: '02:00:00:00:00:0a', ifname: 'v0', flags: ['extern_learn'], master: 'br0', state: 'static' },
        ],
      }),
    );
    expect(fdb.map(({ mac, dev, master, state, externLearn }) => [mac, dev, master, state, externLearn])).toEqual([
      ['66:00:00:00:00:01', 'vx', null, 'permanent', false],
      ['02:00:00:00:00:09', 'v0', 'br0', 'learned', false],
      ['02:00:00:00:00:0a', 'v0', 'br0', 'static', true],
    ]);
  });
});

describe('ss -H -n -a -t -u', () => {
  it('shows listeners, connections, dual-stack sockets and sockets of a device', () => {
    const vxlan = { linkinfo: { info_kind: 'vxlan', info_data: { id: 7, port: 8472 } } };
    const snapshot = snapshotOf({
      'link.json': [ether(3, 'vx', vxlan)],
      'sockets.txt': [
        'udp   UNCONN 0      0            0.0.0.0:8472       0.0.0.0:*          ',
        'udp   UNCONN 0      0      127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=612,fd=12))',
        'udp   UNCONN 0      0                  *:5353             *:*          ',
        'tcp   LISTEN 0      4096            [::]:22            [::]:*          ',
        'tcp   LISTEN 0      4096       127.0.0.1:10248      0.0.0.0:*          ',
        'tcp   ESTAB  0      0        10.224.0.4:22       10.224.0.9:51000      ',
        'tcp   ESTAB  0      0   [::ffff:10.224.0.4]:443   [::ffff:10.224.0.9]:51001',
        'udp   UNCONN 0      0  [fe80::1]%eth0:546             [::]:*',
        'tcp   UNCONN 0      0         0.0.0.0:0         0.0.0.0:*',
        '',
      ].join('\n'),
    });
    expect(problemTexts(snapshot)).toEqual([]);
    const local = { addr: null, dev: null, peer: null, answers: true, owner: null };
    const peer = (text: string, port: number): object => ({ addr: ip(text), port });
    expect(netnsOf(snapshot).sockets).toEqual([
      { ...local, proto: 'udp', port: 8472, answers: false },
      { ...local, proto: 'udp', addr: ip('127.0.0.53'), port: 53, dev: 'lo', owner: 'systemd-resolve' },
      { ...local, proto: 'udp', port: 5353 },
      { ...local, proto: 'tcp', addr: ip('127.0.0.1'), port: 10248 },
      { ...local, proto: 'tcp', addr: ip('10.224.0.4'), port: 22, peer: peer('10.224.0.9', 51000) },
      { ...local, proto: 'tcp', addr: ip('10.224.0.4'), port: 443, peer: peer('10.224.0.9', 51001) },
    ]);
  });

  it('names the line that is no socket', () => {
    const snapshot = snapshotOf({ 'sockets.txt': 'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*\nnonsense\ntcp LISTEN 0 0 host:80 0.0.0.0:*\n' });
    expect(snapshot.problems.map(({ line, col, message }) => `${line}:${col} ${message}`)).toEqual([
      '2:1 this is no socket',
      '3:16 this socket has no address that can be read',
    ]);
  });
});

describe('conntrack -L -o extended', () => {
  it('shows both tuples, the state and the flags', () => {
    const snapshot = snapshotOf({
      'conntrack.txt': [
        'ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=40000 dport=80 src=10.0.0.9 dst=10.0.0.1 sport=8080 dport=40000 [ASSURED] mark=16384 zone=0 use=1',
        'ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=40000 mark=0 use=1',
        'ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1234 packets=1 bytes=84 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=1234 packets=1 bytes=84 mark=0 use=1',
        'ipv4     2 tcp      6 src=10.0.0.3 dst=10.0.0.4 sport=1 dport=2 src=10.0.0.4 dst=10.0.0.3 sport=2 dport=1 [OFFLOAD] mark=0 use=2',
        'ipv6     10 udp      17 29 src=fe80::1 dst=fe80::2 sport=1 dport=2 src=fe80::2 dst=fe80::1 sport=2 dport=1 mark=0 use=1',
        'ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=0 zone=5 use=1',
        'conntrack v1.4.6 (conntrack-tools): 6 flow entries have been shown.',
      ].join('\n'),
    });
    expect(problemTexts(snapshot)).toEqual([]);
    const records = snapshot.conntrack.get('m/n') ?? [];
    expect(
      records.map(({ proto, tcpState, seenReply, assured, mark, icmpType, timeoutSeconds }) => [
        proto,
        tcpState,
        seenReply,
        assured,
        mark,
        icmpType,
        timeoutSeconds,
      ]),
    ).toEqual([
      [6, 'ESTABLISHED', true, true, 16384, null, 431999],
      [17, null, false, false, 0, null, 29],
      [1, null, true, false, 0, 8, 29],
      [6, null, true, false, 0, null, null],
    ]);
    expect(records[0]?.reply).toEqual({ src: ip('10.0.0.9'), dst: ip('10.0.0.1'), sport: 8080, dport: 40000 });
    expect(records[2]?.orig).toEqual({ src: ip('10.0.0.1'), dst: ip('10.0.0.2'), sport: 1234, dport: 1234 });
  });
});

describe('sysctl -a', () => {
  it('counts only what differs from the defaults, and says where a line is none', () => {
    const snapshot = snapshotOf({
      'link.json': [LO, ether(2, 'eth0.5')],
      'sysctl.txt':
        'kernel.x = 1\nnet.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/5.rp_filter = 2\nnet.ipv4.icmp_ratelimit = 1000\nnet.ipv4 bad\n',
    });
    expect(explicitSysctls(netnsOf(snapshot).sysctls)).toEqual([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.conf.eth0/5.rp_filter', '2'],
    ]);
    expect(problemTexts(snapshot)).toEqual(['snap/m/n/sysctl.txt:5:1: this is no sysctl, expected net.… = value']);
  });
});

describe('uname -a', () => {
  it('gives the kernel release', () => {
    const snapshot = snapshotOf({ '/m/uname.txt': 'Linux aks-nodepool1 5.15.0-1041-azure #48-Ubuntu SMP x86_64 GNU/Linux\n' });
    expect(snapshot.world.machines['m']?.release).toBe('5.15.0-1041-azure');
  });
});
