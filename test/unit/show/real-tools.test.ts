import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import { readSnapshot } from '../../../src/snapshot/read-snapshot.ts';
import { sessionOf } from '../../../src/snapshot/session.ts';
import { listingsAt } from '../../../src/show/listings.ts';
import { freeze } from '../../../src/world/freeze.ts';
import type { Listing } from '../../../src/show/listing.ts';
import { RealNetns, canMakeNamespaces } from '../linux/real/namespace.ts';

const TOOLS = [
  ['bridge', '-V'],
  ['iptables', '-V'],
  ['ipset', '-v'],
  ['conntrack', '-V'],
] as const;
const canCompare = canMakeNamespaces() && TOOLS.every(([tool, flag]) => spawnSync(tool, [flag]).status === 0);
if (!canCompare)
  console.warn('skipped: 10 comparisons of tables with the real tools (they need root, iproute2, iptables, ipset and conntrack)');

const COMMANDS = `
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link set lo up
ip link add br0 type bridge
ip link add eth0 type veth peer name p0
ip link add v1 type veth peer name v2
ip link set p0 master br0
ip link set eth0 mtu 1400 address 02:00:00:00:00:01
ip link set p0 address 02:00:00:00:00:02
ip link set br0 address 02:00:00:00:00:04
ip link set v1 address 02:00:00:00:00:05 up
ip link set eth0 up
ip link set p0 up
ip link set br0 up
ip addr add 10.0.0.1/24 dev eth0
ip addr add 10.0.0.9/24 dev eth0
ip addr add 192.168.5.1/24 brd + dev br0
ip addr add 10.9.9.9 peer 10.9.9.8/32 dev eth0
ip addr add 10.20.0.1/16 dev v1
ip link add vx0 address 02:00:00:00:00:03 type vxlan id 42 dstport 4789 local 10.0.0.1 dev eth0
ip link set vx0 up
bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2
bridge fdb add 02:00:00:00:00:aa dev vx0 dst 10.0.0.3
bridge fdb add 02:00:00:00:00:bb dev p0 master static
bridge fdb add 02:00:00:00:00:cc dev p0 master dynamic
ip route add default via 10.0.0.254 dev eth0
ip route add 10.1.0.0/16 via 10.0.0.254 metric 50 src 10.0.0.9
ip route add 10.1.0.0/16 via 10.0.0.253 metric 40
ip route add 10.1.0.0/24 dev eth0 scope link
ip route add 10.2.0.0/16 proto static metric 7 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3
ip route add blackhole 10.3.0.0/16
ip route add unreachable 10.4.0.0/16 metric 20
ip route add 10.5.0.0/16 via 1.2.3.4 dev eth0 onlink mtu 1300 advmss 1200
ip route add 10.6.0.0/16 via 10.0.0.2 table 100
ip route add throw 10.6.1.0/24 table 300
ip route add 169.254.1.1 dev eth0 proto static
ip route add 10.7.0.0/16 tos 0x10 via 10.0.0.2
ip rule add from 10.0.0.0/24 lookup 100
ip rule add not from 10.0.0.5 to 10.2.0.0/16 fwmark 0x10/0xff iif eth0 lookup 100 priority 500
ip rule add blackhole to 10.9.0.0/16 ipproto tcp dport 80-90 priority 600
ip rule add goto 32766 from 10.1.1.1 priority 700
ip rule add goto 5000 from 10.1.1.2 priority 701
ip rule add lookup main suppress_prefixlength 0 priority 800
ip rule add uidrange 5-6 lookup 300 pref 900
ip rule add tos 0x10 oif nosuch sport 5 lookup 100 pref 901 protocol static
ip rule add nop fwmark 7 pref 902
ip neigh add 10.0.0.254 lladdr 02:00:00:00:00:ee dev eth0 nud permanent
ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:ef dev eth0 nud stale
ip neigh replace 10.0.0.7 dev eth0 nud failed
ip neigh add proxy 10.0.0.77 dev eth0
ipset create foo hash:ip,port comment
ipset add foo 10.0.0.1,tcp:80 comment "a b"
ipset create net hash:net timeout 600
ipset add net 10.0.0.0/8 nomatch timeout 0
iptables -t nat -N KUBE-SVC-A
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 ! -o eth0 -m comment --comment "x y" -j MASQUERADE
iptables -t nat -A KUBE-SVC-A -m statistic --mode random --probability 0.5 -j RETURN
iptables -t nat -A KUBE-SVC-A -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080
iptables -P FORWARD DROP
conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 4000 --dport 80 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED
conntrack -I -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 4000 --dport 53 -t 600
`;

const DUMPS: readonly (readonly [file: string, command: string])[] = [
  ['link.json', 'ip -j -d link show'],
  ['addr.json', 'ip -j addr show'],
  ['route.json', 'ip -j -d route show table all'],
  ['rule.json', 'ip -j rule show'],
  ['neigh.json', 'ip -j neigh show'],
  ['proxyneigh.json', 'ip -j neigh show proxy'],
  ['fdb.json', 'bridge -j fdb show'],
  ['brlink.json', 'bridge -j -d link show'],
  ['sysctl.txt', 'sysctl -a'],
  ['iptables.txt', 'iptables-nft-save'],
  ['ipset.txt', 'ipset save'],
  ['conntrack.txt', 'conntrack -L -o extended'],
];

describe.skipIf(!canCompare)('tables in the notation of the real tools', () => {
  let real: RealNetns;
  let listings: ReadonlyMap<string, Listing>;

  beforeAll(() => {
    real = new RealNetns('podwalk-show');
    run(`set -e\n${COMMANDS}`);
    const files = new Map([
      ['snapshot.json', JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: ['root'] } }, wires: [] })],
    ]);
    for (const [file, command] of DUMPS)
      files.set(`m/root/${file}`, run(`${command} 2>/dev/null`).replaceAll(/^(?!net\.).*\n/gm, file === 'sysctl.txt' ? '' : '$&'));
    const snapshot = readSnapshot(memoryDirectory('real', files));
    expect(snapshot.problems).toEqual([]);
    const world = freeze(snapshot.world);
    listings = new Map(listingsAt(world, sessionOf(snapshot), 'm/root').map((listing) => [listing.key, listing]));
  });
  afterAll(() => real.delete());

  function run(script: string): string {
    return execFileSync('ip', ['netns', 'exec', 'podwalk-show', 'sh', '-c', script], { encoding: 'utf8' });
  }

  function rows(key: string): string[] {
    return (listings.get(key)?.rows() ?? []).map(({ text }) => text);
  }

  /** What a tool prints, as a terminal shows it. */
  function printed(command: string): string[] {
    const lines = run(`${command} 2>/dev/null | expand`)
      .split('\n')
      .map((line) => line.trimEnd());
    return lines.slice(0, -1);
  }

  it('routes of all tables', () => expect(rows('route')).toEqual(printed('ip -4 route show table all')));
  it('policy rules', () => expect(rows('rule')).toEqual(printed('ip rule')));
  it('neighbours', () => expect(rows('neigh').sort()).toEqual(printed('ip -4 neigh').sort()));
  it('proxied neighbours', () => expect(rows('proxyneigh')).toEqual(printed('ip neigh show proxy')));
  it('addresses', () => expect(rows('addr')).toEqual(printed('ip -4 -br addr')));
  it('links', () => expect(rows('link')).toEqual(printed('ip -o link').map((line) => line.replace(/ link-netnsid \d+$/, ''))));
  it('forwarding entries', () => expect(rows('fdb')).toEqual(printed('bridge fdb').filter((line) => !/^(?:33:33|01:00:5e)/.test(line))));
  it('rules of iptables', () => {
    for (const table of ['raw', 'mangle', 'nat', 'filter', 'security'])
      expect(rows(`iptables:${table}`)).toEqual(printed(`iptables -t ${table} -S`));
  });
  it('ipsets', () => expect(rows('ipset')).toEqual(printed('ipset save')));
  it('connections', () => {
    // The namespace speaks too (IGMP): only what was put in is compared, and the seconds pass.
    const ours = (lines: string[]): string[] =>
      lines
        .filter((line) => line.includes('sport=4000 '))
        .map((line) => line.replace(/ (?:5\d\d|600) /, ' 600 '))
        .sort();
    expect(ours(rows('conntrack'))).toHaveLength(2);
    expect(ours(rows('conntrack'))).toEqual(ours(printed('conntrack -L')));
  });
});
