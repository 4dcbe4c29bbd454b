import { describe, expect, it } from 'vitest';
import { ip } from '../../../src/wire/ipv4.ts';
import { LO, ether, netnsOf, problemTexts, snapshotOf } from './files.ts';

const PAIR = { linkinfo: { info_kind: 'veth' }, link_index: 2, link_netnsid: 0 };

const ENDS = [
  { ifindex: 3, ifname: 'v0', mtu: 1500, link_type: 'ether', address: '02:00:00:00:00:03', ...PAIR },
  { ifindex: 4, ifname: 'up', mtu: 1500, link_type: 'ether', address: '02:00:00:00:00:04', ...PAIR },
];
const machine = (more: object) => ({
  podwalkMachine: 1,
  kind: 'node',
  namespaces: ['root', 'pod'],
  wires: [['root/v0', 'pod/v0']],
  ...more,
});
const wiresOf = ({ world }: ReturnType<typeof snapshotOf>): string[] => {
  const links = Object.values(world.machines).flatMap(({ netns }) => Object.values(netns).flatMap((one) => one.links));
  return [...new Set(links.flatMap(({ kind }) => (kind.type === 'veth' && kind.wire !== null ? [kind.wire] : [])))].sort();
};

describe('the archives of several machines in one folder', () => {
  const files = {
    '/a/root/link.json': ENDS,
    '/a/pod/link.json': ENDS,
    '/b/root/link.json': ENDS,
    '/b/pod/link.json': ENDS,
    '/a/machine.json': machine({}),
    '/b/machine.json': machine({}),
  };

  it('are one snapshot: the list of the last one does not hide the others', () => {
    const last = { podwalkSnapshot: 1, machines: { b: { kind: 'node', namespaces: ['root', 'pod'] } }, wires: [['b/root/v0', 'b/pod/v0']] };
    const snapshot = snapshotOf({ ...files, '/snapshot.json': last });
    expect(problemTexts(snapshot)).toEqual([]);
    expect(Object.keys(snapshot.world.machines).sort()).toEqual(['a', 'b']);
    expect(wiresOf(snapshot)).toEqual(['a/pod/v0 = a/root/v0', 'b/pod/v0 = b/root/v0']);
  });

  it('are joined by wires that snapshot.json adds', () => {
    const snapshot = snapshotOf({ ...files, '/snapshot.json': { podwalkSnapshot: 1, machines: {}, wires: [['a/root/up', 'b/root/up']] } });
    expect(problemTexts(snapshot)).toEqual([]);
    expect(wiresOf(snapshot)).toEqual(['a/pod/v0 = a/root/v0', 'a/root/up = b/root/up', 'b/pod/v0 = b/root/v0']);
  });

  it('are refused with the place of what is wrong', () => {
    const none = { podwalkSnapshot: 1, machines: {} };
    const texts = problemTexts(
      snapshotOf({
        ...files,
        '/snapshot.json': none,
        '/a/machine.json': machine({ wires: [['a/root/v0', 'pod/v0']] }),
        '/b/machine.json': '{}',
      }),
    );
    expect(texts).toHaveLength(2);
    expect(texts[0]).toMatch(/^snap\/a\/machine\.json:1:\d+: .*NETNS\/DEVICE/);
    expect(texts[1]).toMatch(/^snap\/b\/machine\.json:1:1: this is no snapshot of a known version/);
  });
});

describe('snapshot.json', () => {
  it('is missed where it is not there', () => {
    const problems = problemTexts(snapshotOf({ '/snapshot.json': '' }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('snap/snapshot.json:1:1: this is no snapshot of a known version');
  });

  it('cannot name a machine or a namespace that leads out of the directory', () => {
    const problemsOf = (machine: string, netns: string): number => {
      // Written by hand: an object literal cannot hold every key that a file can.
      const machines = `{ ${JSON.stringify(machine)}: { "kind": "node", "namespaces": [${JSON.stringify(netns)}] } }`;
      return snapshotOf({ '/snapshot.json': `{ "podwalkSnapshot": 1, "machines": ${machines} }` }).problems.length;
    };
    const accepted = ['..', '../x', '/etc', 'a/b', '', '.', '__proto__', 'a\u001b[31m', 'kube', 'azure'].filter(
      (name) => problemsOf(name, 'n') === 0,
    );
    expect(accepted).toEqual([]);
    expect(['..', 'a/b', '', 'iproute2'].filter((name) => problemsOf('m', name) === 0)).toEqual([]);
    expect(problemsOf('m', 'cni-1770aa7f')).toBe(0);
  });

  it('joins the two ends of a wire by one id', () => {
    const snapshot = snapshotOf({
      '/snapshot.json': {
        podwalkSnapshot: 1,
        machines: { m: { kind: 'node', namespaces: ['n', 'pod'] } },
        wires: [['m/pod/eth0', 'm/n/azv1']],
      },
      'link.json': [LO, ether(2, 'azv1', PAIR), ether(3, 'eth0')],
      '/m/pod/link.json': [LO, ether(2, 'eth0', PAIR)],
    });
    expect(snapshot.problems).toEqual([]);
    const wire = 'm/n/azv1 = m/pod/eth0';
    expect(netnsOf(snapshot).links.map(({ kind }) => kind)).toEqual([
      { type: 'loopback' },
      { type: 'veth', wire },
      { type: 'end', wire: null, nic: null },
    ]);
    expect(netnsOf(snapshot, 'pod').links[1]?.kind).toEqual({ type: 'veth', wire });
  });

  it('names the place of a wire to a link, a namespace or a machine that does not exist', () => {
    const manifest = `{ "podwalkSnapshot": 1, "machines": { "m": { "kind": "node", "namespaces": ["n"] } },
  "wires": [ ["m/n/eth0", "m/n/eth9"],
             ["m/n/eth0", "m/pod/eth0"],
             ["m/n/eth0", "constructor/n/eth0"],
             ["m/n/lo", "m/n/eth0"],
             ["m/n/eth0"],
             ["m/n/eth0", "eth0"] ] }`;
    const snapshot = snapshotOf({ '/snapshot.json': manifest, 'link.json': [LO, ether(2, 'eth0')] });
    expect(problemTexts(snapshot)).toEqual([
      'snap/snapshot.json:6:14: this is no wire, expected two link ends, each MACHINE/NETNS/DEVICE',
      'snap/snapshot.json:7:27: wires[5][1] is "eth0", expected a link end MACHINE/NETNS/DEVICE',
      'snap/snapshot.json:2:27: this wire ends at a link that does not exist, expected a link of m/n/link.json',
      'snap/snapshot.json:3:27: this wire ends in a namespace that does not exist, expected a namespace that "machines" lists',
      'snap/snapshot.json:4:27: this wire ends in a namespace that does not exist, expected a namespace that "machines" lists',
      'snap/snapshot.json:5:15: this wire ends at a loopback device, expected a veth or a network card',
    ]);
  });

  it('refuses a link end that is in two wires', () => {
    const snapshot = snapshotOf({
      '/snapshot.json': {
        podwalkSnapshot: 1,
        machines: { m: { kind: 'node', namespaces: ['n'] } },
        wires: [
          ['m/n/a', 'm/n/b'],
          ['m/n/b', 'm/n/c'],
        ],
      },
      'link.json': [LO, ether(2, 'a', PAIR), ether(3, 'b', PAIR), ether(4, 'c', PAIR)],
    });
    expect(snapshot.problems.map(({ message }) => message)).toEqual(['this link end is in two wires']);
  });
});

describe('a dump that is missing', () => {
  it('is marked as not collected, and an empty one is not', () => {
    const nothing = netnsOf(snapshotOf({}));
    expect(nothing.unmodelled.map(({ reason, part }) => `${reason} ${part}`)).toEqual(
      ['link', 'addr', 'route', 'rule', 'neigh', 'fdb', 'sysctl', 'iptables', 'ipset', 'ebtables', 'sockets', 'conntrack'].map(
        (part) => `NOT_COLLECTED ${part}`,
      ),
    );
    const empty = snapshotOf({
      'link.json': [],
      'addr.json': '',
      'route.json': '[ ]\n',
      'rule.json': [{}],
      'neigh.json': '[]',
      'fdb.json': '[]',
      'sysctl.txt': '',
      'iptables.txt': '',
      'ipset.txt': '',
      'ebtables.txt': '',
      'sockets.txt': '',
      'conntrack.txt': '',
    });
    expect(empty.problems).toEqual([]);
    expect(netnsOf(empty).unmodelled).toEqual([]);
  });

  it('leaves the wires of a namespace whose links are unknown, so that a walk gets there and says so', () => {
    const snapshot = snapshotOf({
      '/snapshot.json': {
        podwalkSnapshot: 1,
        machines: { m: { kind: 'node', namespaces: ['n', 'dark'] } },
        wires: [['m/n/eth0', 'm/dark/eth0']],
      },
      'link.json': [LO, ether(2, 'eth0')],
    });
    expect(snapshot.problems).toEqual([]);
    expect(netnsOf(snapshot, 'dark').links.map(({ name }) => name)).toEqual(['eth0']);
  });

  it('of bridge ports is no loss where link.json has their options', () => {
    const port = { master: 'br0', linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true } } };
    const bridge = { linkinfo: { info_kind: 'bridge', info_data: { ageing_time: 30000, vlan_filtering: 0, stp_state: 0 } } };
    const complete = netnsOf(snapshotOf({ 'link.json': [ether(2, 'br0', bridge), ether(3, 'v0', port)] }));
    expect(complete.links[1]?.port?.hairpin).toBe(true);
    expect(complete.unmodelled.some(({ part }) => part === 'brlink')).toBe(false);
    const silent = netnsOf(snapshotOf({ 'link.json': [ether(2, 'br0', bridge), ether(3, 'v0', { master: 'br0' })] }));
    expect(silent.unmodelled.some(({ part }) => part === 'brlink')).toBe(true);
  });
});

describe('a dump that is wrong', () => {
  it('names file, line, column and what was expected', () => {
    const snapshot = snapshotOf({
      'link.json': [LO, ether(2, 'eth0')],
      'route.json':
        '[\n{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[]},\n{"dst":"10.0.0.0/33","dev":"eth0"},\n{"dst":"10.1.0.0/24","dev":"eth7"}]',
      'neigh.json': '[{"dst":"10.0.0.1","dev":"eth0","lladdr":"xx","state":["REACHABLE"]}]',
    });
    expect(problemTexts(snapshot)).toEqual([
      'snap/m/n/route.json:3:8: [1].dst is "10.0.0.0/33", expected an IPv4 prefix or default',
      'snap/m/n/route.json:4:28: there is no device "eth7", expected a device of link.json',
      'snap/m/n/neigh.json:1:42: [0].lladdr is "xx", expected an Ethernet address',
    ]);
  });

  it('can be a rule set: the line and the word are named, and --lenient lets unknown matches pass', () => {
    const text = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -m nosuch --x 1 -j DROP\nCOMMIT\n';
    const strict = snapshotOf({ 'iptables.txt': text });
    expect(strict.problems.map(({ file, line, col }) => `${file}:${line}:${col}`)).toEqual(['snap/m/n/iptables.txt:3:22']);
    const lenient = snapshotOf({ 'iptables.txt': text }, { lenient: true });
    expect(lenient.problems).toEqual([]);
    expect(netnsOf(lenient).iptables.filter?.chains.find(({ name }) => name === 'FORWARD')?.rules).toHaveLength(1);
    const others = snapshotOf({ 'ipset.txt': 'create x nosuch:type\n', 'ebtables.txt': 'what is this\n' });
    expect(others.problems.map(({ file, line }) => `${file}:${line}`)).toEqual(['snap/m/n/ipset.txt:1', 'snap/m/n/ebtables.txt:1']);
  });

  it('is read no further than the limit on problems, however long it is', () => {
    const rows = Array.from({ length: 50_000 }, () => ({ dst: 'nowhere' }));
    const snapshot = snapshotOf({ 'route.json': rows });
    expect(snapshot.problems).toHaveLength(100);
    expect(snapshot.droppedProblems).toBe(49_900);
  });

  it('cannot reach the prototype of anything', () => {
    const text = '[{"__proto__":{"polluted":1},"ifname":"eth0","ifindex":2,"mtu":1500,"link_type":"ether","flags":[]}]';
    expect(snapshotOf({ 'link.json': text }).problems).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('links', () => {
  it('stand in ifindex order, the device that lends its address before others that could', () => {
    const links = [ether(3, 'eth1'), LO, ether(2, 'eth0'), ether(4, 'cali1', PAIR)];
    const addr = [
      { ifname: 'eth0', addr_info: [{ family: 'inet', local: '10.0.0.4', prefixlen: 24, scope: 'global' }] },
      { ifname: 'eth1', addr_info: [{ family: 'inet', local: '10.1.0.4', prefixlen: 24, scope: 'global' }] },
    ];
    const order = (more: object): string[] =>
      netnsOf(snapshotOf({ 'link.json': links, 'addr.json': addr, ...more })).links.map(({ name }) => name);
    expect(order({})).toEqual(['lo', 'eth0', 'eth1', 'cali1']);
    expect(order({ 'srcpick.json': [{ dev: 'cali1', prefsrc: '10.0.0.4' }] })).toEqual(['lo', 'eth0', 'eth1', 'cali1']);
    expect(order({ 'srcpick.json': [{ dev: 'cali1', prefsrc: '10.1.0.4' }] })).toEqual(['lo', 'eth1', 'eth0', 'cali1']);
  });

  it('whoever would lend an address lends it, and not one that has it as a second address', () => {
    const global = (local: string) => ({ family: 'inet', local, prefixlen: 24, scope: 'global' });
    const addr = [
      { ifname: 'eth0', addr_info: [global('10.0.0.4'), { ...global('10.1.0.4'), secondary: true }] },
      { ifname: 'eth1', addr_info: [global('10.1.0.4')] },
    ];
    const links = [LO, ether(2, 'eth0'), ether(3, 'eth1'), ether(4, 'cali1', PAIR)];
    const snapshot = snapshotOf({ 'link.json': links, 'addr.json': addr, 'srcpick.json': [{ dev: 'cali1', prefsrc: '10.1.0.4' }] });
    expect(netnsOf(snapshot).links.map(({ name }) => name)).toEqual(['lo', 'eth1', 'eth0', 'cali1']);
  });

  it('of a veth pair inside one namespace find each other by name', () => {
    const links = [
      ether(2, 'a', { linkinfo: { info_kind: 'veth' }, link: 'b' }),
      ether(3, 'b', { linkinfo: { info_kind: 'veth' }, link: 'a' }),
    ];
    const kinds = netnsOf(snapshotOf({ 'link.json': links })).links.map(({ kind }) => kind);
    expect(kinds).toEqual([
      { type: 'veth', wire: 'm/n/a = m/n/b' },
      { type: 'veth', wire: 'm/n/a = m/n/b' },
    ]);
  });

  it('of a driver that is not modelled keep its name', () => {
    const links = [
      ether(2, 'ipvl0', { linkinfo: { info_kind: 'ipvlan' } }),
      { ...ether(3, 'tun0'), link_type: 'none', address: undefined },
      ether(4, 'eth0.5', { link: 'eth0', linkinfo: { info_kind: 'vlan', info_data: { id: 5 } } }),
      ether(5, 'dummy0', { linkinfo: { info_kind: 'dummy' } }),
    ];
    expect(netnsOf(snapshotOf({ 'link.json': links })).links.map(({ kind }) => kind)).toEqual([
      { type: 'unknown', driver: 'ipvlan' },
      { type: 'unknown', driver: 'none' },
      { type: 'vlan', id: 5, lower: 'eth0' },
      { type: 'dummy' },
    ]);
  });

  it('of kind vxlan name what they have switched on that is not modelled', () => {
    const info_data = {
      id: 7,
      local: '172.16.0.2',
      link: 'eth0',
      port: 4789,
      port_range: { low: 0, high: 0 },
      learning: false,
      ttl: 0,
      df: 'unset',
    };
    const vxlan = (more: object): unknown =>
      netnsOf(snapshotOf({ 'link.json': [ether(3, 'vx', { linkinfo: { info_kind: 'vxlan', info_data: { ...info_data, ...more } } })] }))
        .links[0]?.kind;
    expect(vxlan({ localbypass: true })).toMatchObject({ vni: 7, local: ip('172.16.0.2'), ttl: null, tos: 0, unmodelled: [] });
    expect(vxlan({ external: true, group: '239.1.1.1', ttl: 64, tos: '0x1' })).toMatchObject({
      ttl: 64,
      tos: 'inherit',
      unmodelled: ['external', 'group'],
    });
  });
});

describe('hooks that are not modelled', () => {
  it('are named with the device they sit on', () => {
    const netns = netnsOf(
      snapshotOf({
        'tc.json': '[{"protocol":"all","pref":1,"kind":"bpf","chain":0,"dev":"eth0"}]\n[ ]\n',
        'bpf.json': [{ xdp: [], tc: [{ devname: 'lxc1', kind: 'tcx/ingress', name: 'cil_from_container' }], flow_dissector: [] }],
        'ipvs.txt': '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.244.0.5:80 -m -w 1\n',
        'xfrm.txt': 'src 10.0.0.0/8 dst 10.1.0.0/16\n\tdir out priority 0\nsrc 0.0.0.0/0 dst 0.0.0.0/0\n\tsocket in priority 0\n',
        'nft.json': {
          nftables: [
            { metainfo: { version: '1.0.9' } },
            { table: { family: 'inet', name: 'fw' } },
            { chain: { family: 'inet', table: 'fw', name: 'in', type: 'filter', hook: 'input', prio: 0, policy: 'accept' } },
            { chain: { family: 'inet', table: 'fw', name: 'helper' } },
          ],
        },
      }),
    );
    const hooks = netns.unmodelled.filter(({ reason }) => reason !== 'NOT_COLLECTED');
    expect(hooks.map(({ reason, dev, text }) => `${reason} ${dev} ${text}`)).toEqual([
      'NFT null nftables table inet fw at input is not modelled',
      'TC_FILTER eth0 a tc filter of kind bpf on eth0 is not modelled',
      'BPF lxc1 a BPF program at tc of lxc1 is not modelled',
      'IPVS null 1 IPVS services are not modelled',
      'XFRM null 1 IPsec policies are not modelled',
    ]);
  });
});
