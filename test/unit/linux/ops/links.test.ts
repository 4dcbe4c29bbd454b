import { NO_SYSCTLS } from '../../../../src/linux/sysctl.ts';
import { enablePatches, produceWithPatches, applyPatches } from 'immer';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Link } from '../../../../src/linux/link.ts';
import type { Host, Netns } from '../../../../src/linux/netns.ts';
import { addAddress } from '../../../../src/linux/ops/addresses.ts';
import { addLink, addVethPair } from '../../../../src/linux/ops/add-link.ts';
import { setMaster, setNoMaster, setPort } from '../../../../src/linux/ops/bridge.ts';
import { createHost, createNetns } from '../../../../src/linux/ops/create-netns.ts';
import { deleteLink, deleteNetns, moveToNetns } from '../../../../src/linux/ops/delete-link.ts';
import {
  addFdb,
  addNeighbour,
  addProxyNeighbour,
  deleteFdb,
  deleteNeighbour,
  deleteProxyNeighbour,
} from '../../../../src/linux/ops/neighbours.ts';
import { addRoute } from '../../../../src/linux/ops/routes.ts';
import { setFlags, setMac, setMtu, renameLink } from '../../../../src/linux/ops/set-link.ts';
import { setSysctl } from '../../../../src/linux/ops/set-sysctl.ts';
import { setDown, setUp } from '../../../../src/linux/ops/set-up.ts';
import { addSocket } from '../../../../src/linux/ops/sockets.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { mac, ZERO_MAC } from '../../../../src/wire/mac.ts';
import { modelRoutes } from '../real/dump.ts';

const HOST_MAC = mac('aa:aa:aa:aa:aa:aa');
const POD_MAC = mac('02:00:00:00:00:01');
const BRIDGE = { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: 300_000 } as const;

let host: Host;
beforeEach(() => {
  host = createHost('node0', 'node');
  createNetns(host, 'pod');
});

function netns(name: string, of: Host = host): Netns {
  const found = of.netns[name];
  if (found === undefined) throw new RangeError(name);
  return found;
}

function link(where: string, name: string, of: Host = host): Link {
  const found = netns(where, of).links.find((other) => other.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

function addPair(): void {
  expect(addVethPair(host, { netns: 'root', name: 'azv1', mac: HOST_MAC }, { netns: 'root', name: 'azv12', mac: POD_MAC })).toBe('ok');
}

describe('a veth pair', () => {
  beforeEach(addPair);

  test('gives the peer the lower number and the earlier place', () => {
    expect(netns('root').links.map(({ name, ifindex }) => `${ifindex} ${name}`)).toEqual(['1 lo', '2 azv12', '3 azv1']);
  });

  test('has a carrier only while both ends are up', () => {
    setUp(host, 'root', 'azv1');
    expect(link('root', 'azv1').carrier).toBe(false);
    setUp(host, 'root', 'azv12');
    expect([link('root', 'azv1').carrier, link('root', 'azv12').carrier]).toEqual([true, true]);
    setDown(host, 'root', 'azv12');
    expect(link('root', 'azv1').carrier).toBe(false);
  });

  test('is one wire wherever its ends go and whatever they are called', () => {
    setUp(host, 'root', 'azv1');
    expect(moveToNetns(host, 'root', 'azv12', 'pod')).toBe('ok');
    expect(renameLink(netns('pod'), 'azv12', 'eth0')).toBe('ok');
    setUp(host, 'pod', 'eth0');
    expect(link('pod', 'eth0')).toMatchObject({ ifindex: 2, up: true, carrier: true, mac: POD_MAC });
    expect(link('pod', 'eth0').kind).toEqual(link('root', 'azv1').kind);
  });

  test('loses addresses, routes, bridge and sysctls with a move, and takes another number where its own is taken', () => {
    createNetns(host, 'other');
    addVethPair(host, { netns: 'pod', name: 'x0', mac: HOST_MAC }, { netns: 'pod', name: 'x1', mac: POD_MAC });
    setUp(host, 'root', 'azv12');
    addAddress(netns('root'), 'azv12', { local: ip('10.0.0.1'), len: 24 });
    setSysctl(netns('root'), 'net.ipv4.conf.azv12.proxy_arp', '1');
    addNeighbour(netns('root'), { ip: ip('10.0.0.9'), mac: POD_MAC, dev: 'azv12', state: 'permanent', origin: null });
    moveToNetns(host, 'root', 'azv12', 'pod');
    expect(link('pod', 'azv12')).toMatchObject({ ifindex: 4, up: false, addresses: [] });
    expect(netns('root')).toMatchObject({ neighbours: [], sysctls: NO_SYSCTLS });
    expect(modelRoutes(netns('root')).filter((route) => route.includes('azv12'))).toEqual([]);
  });

  test('dies as one, also with the namespace of an end', () => {
    moveToNetns(host, 'root', 'azv12', 'pod');
    setUp(host, 'root', 'azv1');
    addRoute(netns('root'), { dst: ip('10.0.0.9'), len: 32, dev: 'azv1' });
    expect(deleteNetns(host, 'pod')).toBe('ok');
    expect(netns('root').links.map(({ name }) => name)).toEqual(['lo']);
    expect(modelRoutes(netns('root')).filter((route) => route.includes('azv1'))).toEqual([]);
    expect(Object.keys(host.netns)).toEqual(['root']);
  });

  test('of the same name again is another wire', () => {
    const first = link('root', 'azv1').kind;
    moveToNetns(host, 'root', 'azv12', 'pod');
    renameLink(netns('root'), 'azv1', 'old');
    addPair();
    expect(link('root', 'azv1').kind).not.toEqual(first);
  });
});

describe('a bridge', () => {
  beforeEach(() => {
    addPair();
    addLink(netns('root'), { name: 'cbr0', kind: BRIDGE, mac: mac('06:00:00:00:00:00') });
    setUp(host, 'root', 'cbr0');
  });

  test('takes the lowest address and the smallest MTU of its ports, and their carrier', () => {
    setMtu(netns('root'), 'azv1', 1400);
    setMaster(netns('root'), 'azv1', 'cbr0');
    setMaster(netns('root'), 'azv12', 'cbr0');
    expect(link('root', 'cbr0')).toMatchObject({ mac: POD_MAC, mtuBytes: 1400, carrier: false });
    setUp(host, 'root', 'azv1');
    setUp(host, 'root', 'azv12');
    expect(link('root', 'cbr0').carrier).toBe(true);
    expect(link('root', 'azv1').port?.state).toBe('forwarding');
    setNoMaster(netns('root'), 'azv12');
    expect(link('root', 'cbr0').mac).toBe(HOST_MAC);
  });

  test('keeps an address that somebody chose', () => {
    setMac(netns('root'), 'cbr0', mac('0e:00:00:00:00:01'));
    setMaster(netns('root'), 'azv12', 'cbr0');
    expect(link('root', 'cbr0').mac).toBe('0e:00:00:00:00:01');
  });

  test('owns the addresses of its ports for as long as they are ports', () => {
    setMaster(netns('root'), 'azv1', 'cbr0');
    expect(netns('root').fdb).toMatchObject([{ mac: HOST_MAC, dev: 'azv1', master: 'cbr0', state: 'permanent' }]);
    setMac(netns('root'), 'azv1', mac('02:00:00:00:00:77'));
    expect(netns('root').fdb.map((entry) => entry.mac)).toEqual(['02:00:00:00:00:77']);
    setNoMaster(netns('root'), 'azv1');
    expect(netns('root').fdb).toEqual([]);
  });

  test('frees its ports when it is deleted', () => {
    setMaster(netns('root'), 'azv1', 'cbr0');
    setPort(netns('root'), 'azv1', { hairpin: true });
    expect(link('root', 'azv1').port?.hairpin).toBe(true);
    deleteLink(host, 'root', 'cbr0');
    expect(link('root', 'azv1')).toMatchObject({ master: null, port: null });
  });

  test('refuses what the kernel refuses', () => {
    addLink(netns('root'), { name: 'br1', kind: BRIDGE, mac: mac('06:00:00:00:00:01') });
    expect(setMaster(netns('root'), 'br1', 'cbr0')).toBe('Error: Can not enslave a bridge to a bridge.');
    expect(setMaster(netns('root'), 'lo', 'cbr0')).toBe('RTNETLINK answers: Invalid argument');
    expect(setPort(netns('root'), 'azv1', { hairpin: true })).toBe('RTNETLINK answers: Operation not supported');
    expect(moveToNetns(host, 'root', 'cbr0', 'pod')).toBe('Error: The interface netns is immutable.');
    const entry = {
      mac: POD_MAC,
      dev: 'azv1',
      master: 'cbr0',
      state: 'static',
      dst: null,
      vni: null,
      port: null,
      externLearn: false,
    } as const;
    expect(addFdb(netns('root'), entry)).toBe('RTNETLINK answers: Operation not supported');
  });
});

describe('namespaces', () => {
  test('share everything until they differ', () => {
    for (const name of ['p1', 'p2']) {
      createNetns(host, name);
      setUp(host, name, 'lo');
    }
    const [a, b] = [netns('p1'), netns('p2')];
    for (const part of ['links', 'fib', 'rules', 'neighbours', 'fdb', 'sysctls', 'iptables', 'sockets'] as const)
      expect(a[part]).toBe(b[part]);
    addAddress(a, 'lo', { local: ip('10.9.9.9'), len: 32 });
    expect(link('p2', 'lo').addresses).toHaveLength(1);
    expect(modelRoutes(b)).toHaveLength(3);
  });

  test('are refused under a name that exists or that is none', () => {
    expect(createNetns(host, 'pod')).toBe('Error: Cannot create namespace file "/run/netns/pod": File exists');
    for (const name of ['', '../x', '__proto__']) expect(createNetns(host, name)).toBe('RTNETLINK answers: Invalid argument');
    expect(deleteNetns(host, 'constructor')).toContain('No such file or directory');
    expect(deleteNetns(host, 'root')).toContain('Device or resource busy');
  });

  test('give a NIC back to the first namespace when they are deleted', () => {
    addLink(netns('root'), { name: 'eth1', kind: { type: 'end', wire: null, nic: 'nic1' }, mac: POD_MAC });
    moveToNetns(host, 'root', 'eth1', 'pod');
    deleteNetns(host, 'pod');
    expect(link('root', 'eth1')).toMatchObject({ up: false, kind: { nic: 'nic1' } });
  });
});

test('neighbours, proxies and bridge entries are added once and deleted once', () => {
  addPair();
  const root = netns('root');
  expect(addProxyNeighbour(root, ip('10.0.0.9'), 'azv1')).toBe('ok');
  expect(deleteProxyNeighbour(root, ip('10.0.0.9'), 'azv1')).toBe('ok');
  expect(deleteProxyNeighbour(root, ip('10.0.0.9'), 'azv1')).toBe('RTNETLINK answers: No such file or directory');

  const neighbour = { ip: ip('10.0.0.9'), mac: POD_MAC, dev: 'azv1', state: 'permanent', origin: null } as const;
  expect([addNeighbour(root, neighbour), addNeighbour(root, neighbour)]).toEqual(['ok', 'RTNETLINK answers: File exists']);
  expect(addNeighbour(root, { ...neighbour, mac: HOST_MAC }, 'replace')).toBe('ok');
  expect(root.neighbours).toMatchObject([{ mac: HOST_MAC }]);
  expect([deleteNeighbour(root, neighbour), deleteNeighbour(root, neighbour)]).toEqual([
    'ok',
    'RTNETLINK answers: No such file or directory',
  ]);

  const vxlan = {
    type: 'vxlan',
    vni: 4096,
    port: 4789,
    local: null,
    remote: null,
    dev: null,
    learning: false,
    ttl: null,
    tos: 0,
    df: 'unset',
  } as const;
  addLink(root, {
    name: 'vx0',
    kind: { ...vxlan, ageingMs: 300_000, srcPortMin: 0, srcPortMax: 0, proxy: false, unmodelled: [] },
    mac: POD_MAC,
  });
  const entry = {
    mac: HOST_MAC,
    dev: 'vx0',
    master: null,
    state: 'permanent',
    dst: ip('10.0.0.5'),
    vni: null,
    port: null,
    externLearn: false,
  } as const;
  expect([addFdb(root, entry), addFdb(root, entry)]).toEqual(['ok', 'RTNETLINK answers: File exists']);
  expect(addFdb(root, { ...entry, dst: ip('10.0.0.6') }, 'append')).toBe('ok');
  expect(deleteFdb(root, { ...entry, dst: ip('10.0.0.5') })).toBe('ok');
  expect(root.fdb).toMatchObject([{ dst: ip('10.0.0.6') }]);
});

test('keeps the far end that a vxlan device itself names beside those that are appended', () => {
  const root = netns('root');
  const remote = ip('10.0.0.5');
  const kind = {
    type: 'vxlan',
    vni: 1,
    port: 4789,
    local: null,
    remote,
    dev: null,
    learning: true,
    ttl: null,
    tos: 0,
    df: 'unset',
  } as const;
  addLink(root, {
    name: 'vxlan0',
    kind: { ...kind, ageingMs: 300_000, srcPortMin: 0, srcPortMax: 0, proxy: false, unmodelled: [] },
    mac: POD_MAC,
  });
  const further = { mac: ZERO_MAC, dev: 'vxlan0', master: null, state: 'permanent', vni: null, port: null, externLearn: false } as const;
  expect(addFdb(root, { ...further, dst: ip('10.0.0.6') }, 'append')).toBe('ok');
  expect(addFdb(root, { ...further, dst: remote }, 'append')).toBe('RTNETLINK answers: File exists');
  expect(root.fdb.map(({ dst }) => dst)).toEqual([remote, ip('10.0.0.6')]);
});

test('flags are set one by one, and a port that is taken is refused', () => {
  addPair();
  setFlags(netns('root'), 'azv1', { multicast: false });
  setFlags(netns('root'), 'azv1', { promisc: true });
  expect(link('root', 'azv1')).toMatchObject({ multicast: false, promisc: true, noarp: false });
  const socket = { proto: 'tcp', addr: null, port: 80, dev: null, peer: null, answers: true, owner: null } as const;
  expect(addSocket(netns('root'), socket)).toBe('ok');
  expect(addSocket(netns('root'), { ...socket, addr: ip('127.0.0.1') })).toBe('bind: Address already in use');
  expect(addSocket(netns('root'), { ...socket, proto: 'udp' })).toBe('ok');
});

test('a name that is none, too long or hostile is refused', () => {
  for (const name of ['', '.', '..', 'a/b', 'a b', 'sixteen-letters-', 'a:b']) {
    expect(addLink(netns('root'), { name, kind: { type: 'dummy' }, mac: POD_MAC })).toContain('not a valid ifname');
  }
});

test('the same operations work on a draft, and undoing them restores the host exactly', () => {
  enablePatches();
  addPair();
  setUp(host, 'root', 'azv1');
  const before = structuredClone(host);
  const [after, , inverse] = produceWithPatches(host, (draft) => {
    moveToNetns(draft, 'root', 'azv12', 'pod');
    renameLink(netns('pod', draft), 'azv12', 'eth0');
    setUp(draft, 'pod', 'lo');
    setUp(draft, 'pod', 'eth0');
    addAddress(netns('pod', draft), 'eth0', { local: ip('10.0.0.9'), len: 16 });
    addRoute(netns('pod', draft), { dst: ip('169.254.1.1'), len: 32, dev: 'eth0' });
    addRoute(netns('pod', draft), { dst: ip('0.0.0.0'), len: 0, via: ip('169.254.1.1') });
    setSysctl(netns('root', draft), 'net.ipv4.ip_forward', '1');
    createNetns(draft, 'late');
    deleteLink(draft, 'root', 'azv1');
  });
  expect(Object.keys(after.netns)).toEqual(['root', 'pod', 'late']);
  expect(netns('root', after).links.map(({ name }) => name)).toEqual(['lo']);
  expect(host).toEqual(before);
  expect(applyPatches(after, inverse)).toEqual(before);
});
