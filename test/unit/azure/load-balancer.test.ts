import { describe, expect, it } from 'vitest';
import {
  addFrontend,
  addLbRule,
  addLoadBalancer,
  addPool,
  addPoolMember,
  removePoolMember,
  setAdminState,
} from '../../../src/azure/edit-lb.ts';
import { associate } from '../../../src/azure/edit-network.ts';
import { setNicNsg } from '../../../src/azure/edit-nic.ts';
import { addRouteTable, addUdr } from '../../../src/azure/edit-rules.ts';
import { freezeFabric } from '../../../src/azure/empty-fabric.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { fabricFromExternal } from '../../../src/azure/ingress.ts';
import type { FabricPacket } from '../../../src/azure/packet.ts';
import type { LbChoice } from '../../../src/azure/result.ts';
import { cloneFabricSession, createFabricSession, isProbeHealthy, setProbeResult } from '../../../src/azure/session.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { ACK, Bench, answer, end, nic, packet, shown, twoVms, withFarVnet, withOnPrem, withPublicLb } from './fabrics.ts';

const client = (sport: number, more: Partial<FabricPacket> = {}): FabricPacket => packet(`tcp 203.0.113.10:${sport} > 20.0.0.10:80`, more);

/** Where 200 new connections end. */
function spread(bench: Bench, make = client): Map<string, number> {
  const counts = new Map<string, number>();
  for (let sport = 2000; sport < 2200; sport++) {
    const where = end(bench.external('internet', make(sport)));
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return counts;
}

describe('a public load balancer with floating IP', () => {
  it('delivers with the frontend as destination, and takes the answer straight back to the client', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    const p = client(1000);
    const backend = end(bench.external('internet', p));
    expect(['a', 'b']).toContain(backend);
    expect(shown(p)).toBe('203.0.113.10:1000 > 20.0.0.10:80');
    const reply = answer(p);
    expect(end(bench.send(backend, reply))).toBe('host internet');
    expect(shown(reply)).toBe('20.0.0.10:80 > 203.0.113.10:1000');
  });

  it('does not let a backend use the frontend as a source on its own', () => {
    expect(end(new Bench(withPublicLb(twoVms())).send('a', 'tcp 20.0.0.10:80 > 203.0.113.10:1000'))).toBe('AZURE_NIC_SRC_CHECK');
  });

  it('meets NSG rules for the frontend address', () => {
    const fabric = withPublicLb(twoVms());
    const [rule] = fabric.nsgs[0]?.rules ?? [];
    if (rule !== undefined && fabric.nsgs[0] !== undefined) {
      fabric.nsgs[0].rules = [{ ...rule, destinations: [{ kind: 'prefix', prefix: prefix('20.0.0.10/32') }] }];
    }
    expect(['a', 'b']).toContain(end(new Bench(structuredClone(fabric)).external('internet', client(1000))));
    if (fabric.nsgs[0] !== undefined) fabric.nsgs[0].rules = [];
    expect(end(new Bench(fabric).external('internet', client(1000)))).toBe('AZURE_NSG_IN_NIC');
  });

  it('is closed for backends without any NSG', () => {
    const fabric = withPublicLb(twoVms());
    for (const name of ['a', 'b']) setNicNsg(fabric, name, null);
    expect(end(new Bench(fabric).external('internet', client(1000)))).toBe('AZURE_PUBLIC_IP_CLOSED');
  });

  it('sends the answer to the firewall where a UDR says so', () => {
    const fabric = withPublicLb(twoVms());
    nic(fabric, 'fw', 'net/nodes', '10.224.0.9', { enableIPForwarding: true });
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'fw', to: prefix('0.0.0.0/0'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.9') });
    const bench = new Bench(fabric);
    const p = client(1000);
    const backend = end(bench.external('internet', p));
    expect(end(bench.send(backend, answer(p)))).toBe('fw');
  });
});

describe('a public load balancer without floating IP', () => {
  it('gives the packet the backend address and port, and the answer the frontend again', () => {
    const bench = new Bench(withPublicLb(twoVms(), false));
    const p = client(1000);
    const backend = end(bench.external('internet', p));
    expect(shown(p)).toBe(`203.0.113.10:1000 > ${backend === 'a' ? '10.224.0.4' : '10.224.0.5'}:30080`);
    const reply = answer(p);
    expect(end(bench.send(backend, reply))).toBe('host internet');
    expect(shown(reply)).toBe('20.0.0.10:80 > 203.0.113.10:1000');
  });
});

describe('the choice of a backend', () => {
  it('spreads new connections, keeps known ones, and is the same for the same seed', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    const counts = spread(bench);
    expect([...counts.keys()].toSorted()).toEqual(['a', 'b']);
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
    expect(spread(bench)).toEqual(counts);
    expect(spread(new Bench(withPublicLb(twoVms())))).toEqual(counts);
  });

  it('leaves out backends that fail their probe, and keeps established TCP connections on them', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    const p = client(1000);
    const first = end(bench.external('internet', p));
    setProbeResult(bench.session, 'lb', 'p', first, false);
    expect(end(bench.external('internet', client(1000, { tcpFlags: ACK })))).toBe(first);
    const other = first === 'a' ? 'b' : 'a';
    expect([...spread(bench).keys()]).toEqual([other]);
    expect(end(bench.external('internet', client(1000)))).toBe(other);
  });

  it('moves UDP when its backend fails the probe', () => {
    const fabric = withPublicLb(twoVms());
    addLbRule(fabric, 'lb', {
      name: 'dns',
      frontend: 'front',
      pool: 'nodes',
      protocol: 'udp',
      frontendPort: 53,
      floatingIp: true,
      probe: 'p',
    });
    if (fabric.nsgs[0] !== undefined) fabric.nsgs[0].rules = fabric.nsgs[0].rules.map((rule) => ({ ...rule, protocol: '*' }));
    const bench = new Bench(fabric);
    const query = 'udp 203.0.113.10:1000 > 20.0.0.10:53';
    const first = end(bench.external('internet', query));
    setProbeResult(bench.session, 'lb', 'p', first, false);
    expect(end(bench.external('internet', query))).toBe(first === 'a' ? 'b' : 'a');
  });

  it('drops new connections when nobody is healthy; a single-member pool also loses its established ones', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    for (const name of ['a', 'b']) setProbeResult(bench.session, 'lb', 'p', name, false);
    expect(end(bench.external('internet', client(1)))).toBe('AZURE_LB_NO_HEALTHY');
    const fabric = withPublicLb(twoVms());
    removePoolMember(fabric, 'lb', 'nodes', 'b');
    const single = new Bench(fabric);
    expect(end(single.external('internet', client(1)))).toBe('a');
    setProbeResult(single.session, 'lb', 'p', 'a', false);
    expect(end(single.external('internet', client(1, { tcpFlags: ACK })))).toBe('AZURE_LB_NO_HEALTHY');
  });

  it('obeys the administrator before the probe', () => {
    const fabric = withPublicLb(twoVms());
    setAdminState(fabric, 'lb', 'nodes', 'a', 'down');
    setAdminState(fabric, 'lb', 'nodes', 'b', 'up');
    const bench = new Bench(fabric);
    setProbeResult(bench.session, 'lb', 'p', 'b', false);
    expect([...spread(bench).keys()]).toEqual(['b']);
  });

  it('by source address sends all connections of a client to one backend', () => {
    const fabric = withPublicLb(twoVms());
    const [lb] = fabric.loadBalancers;
    if (lb !== undefined) lb.rules = lb.rules.map((rule) => ({ ...rule, distribution: 'sourceIp' }));
    expect(spread(new Bench(fabric)).size).toBe(1);
  });

  it('is offered to a caller that explores branches, with its odds', () => {
    const fabric = freezeFabric(withPublicLb(twoVms()));
    const offered: LbChoice[] = [];
    const ends = [0, 1].map((branch) =>
      end(
        fabricFromExternal(fabric, createFabricSession(), 'internet', client(1), 0, {
          steps: null,
          choose: (choice) => {
            offered.push(choice);
            return branch;
          },
        }),
      ),
    );
    expect(ends).toEqual(['a', 'b']);
    expect(offered[0]).toMatchObject({ what: 'lb-hash', at: 'fabric/lb/web', odds: [0.5, 0.5], candidates: ['a', 'b'] });
  });

  it('is not remembered by a copy of the session made before', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    const copy = cloneFabricSession(bench.session);
    bench.external('internet', client(1));
    expect(copy.lbRecords).toEqual([]);
    expect(bench.session.lbRecords).toHaveLength(1);
    setProbeResult(bench.session, 'lb', 'p', 'a', true);
    const later = cloneFabricSession(bench.session);
    setProbeResult(bench.session, 'lb', 'p', 'a', false);
    expect(isProbeHealthy(later, 'lb', 'p', 'a')).toBe(true);
  });
});

describe('what a load balancer does not carry', () => {
  it.each([
    ['tcp 203.0.113.10:1 > 20.0.0.10:81', {}, 'AZURE_LB_NO_RULE'],
    ['icmp 203.0.113.10 > 20.0.0.10', {}, 'AZURE_LB_NO_RULE'],
    ['tcp 203.0.113.10:1 > 20.0.0.10:80', { moreFragments: true }, 'AZURE_FRAGMENT_DROPPED'],
    [
      'icmp 203.0.113.10 > 20.0.0.10',
      { icmpType: 3, quoted: { src: ip('20.0.0.10'), dst: ip('203.0.113.10'), proto: 6, sport: 80, dport: 1 } },
      'unknown AZURE_ICMP_ERROR_THROUGH_NAT',
    ],
  ])('%s %o', (text, more, expected) => {
    expect(end(new Bench(withPublicLb(twoVms())).external('internet', packet(text, more)))).toBe(expected);
  });

  it('is a TCP connection that was silent for longer than the idle time: both ends get a reset with their next packet', () => {
    const bench = new Bench(withPublicLb(twoVms()));
    const p = client(1000);
    const backend = end(bench.external('internet', p));
    bench.nowMs = 239_000;
    expect(end(bench.external('internet', client(1000, { tcpFlags: ACK })))).toBe(backend);
    bench.nowMs = 239_000 + 240_001;
    expect(bench.external('internet', client(1000, { tcpFlags: ACK }))).toMatchObject({ reason: 'AZURE_IDLE_EXPIRED', resetsSender: true });
    expect(bench.send(backend, answer(p, { tcpFlags: ACK }))).toMatchObject({ reason: 'AZURE_IDLE_EXPIRED', resetsSender: true });
    expect(['a', 'b']).toContain(end(bench.external('internet', client(1000))));
  });
});

/** Internal load balancer `ilb` at 10.224.9.9, port 80 to 8080, over b. */
function withIlb(fabric: Fabric, floatingIp = false): Fabric {
  addLoadBalancer(fabric, 'ilb', true);
  addFrontend(fabric, 'ilb', { name: 'front', addr: ip('10.224.9.9'), subnet: 'net/nodes' });
  addPool(fabric, 'ilb', 'pool');
  addPoolMember(fabric, 'ilb', 'pool', { nic: 'b', ipconfig: 'ipconfig1' });
  addLbRule(fabric, 'ilb', {
    name: 'web',
    frontend: 'front',
    pool: 'pool',
    protocol: 'tcp',
    frontendPort: 80,
    backendPort: 8080,
    floatingIp,
  });
  return fabric;
}

describe('an internal load balancer', () => {
  it('is reached from the VNet, a peer and on-premises, without SNAT, and answers by its frontend', () => {
    const bench = new Bench(withIlb(withOnPrem(withFarVnet(twoVms()))));
    for (const [from, text] of [
      ['a', 'tcp 10.224.0.4:1000 > 10.224.9.9:80'],
      ['c', 'tcp 192.168.1.4:1000 > 10.224.9.9:80'],
    ] as const) {
      const p = packet(text);
      expect(end(bench.send(from, p))).toBe('b');
      expect(shown(p)).toBe(`${text.split(' ')[1] ?? ''} > 10.224.0.5:8080`);
      const reply = answer(p);
      expect(end(bench.send('b', reply))).toBe(from);
      expect(shown(reply)).toBe(`10.224.9.9:80 > ${text.split(' ')[1] ?? ''}`);
    }
    const p = packet('tcp 172.20.0.10:1000 > 10.224.9.9:80');
    expect(end(bench.external('office', p))).toBe('b');
    expect(end(bench.send('b', answer(p)))).toBe('host office');
  });

  it('hands a backend that calls it its own packet back, which cannot work', () => {
    const p = packet('tcp 10.224.0.5:1000 > 10.224.9.9:80');
    expect(end(new Bench(withIlb(twoVms())).send('b', p))).toBe('b');
    expect(shown(p)).toBe('10.224.0.5:1000 > 10.224.0.5:8080');
  });

  it('with a rule for all ports can be the next hop of a UDR; both directions reach the same appliance', () => {
    const fabric = withFarVnet(twoVms());
    for (const [name, addr] of [
      ['nva1', '10.224.8.1'],
      ['nva2', '10.224.8.2'],
    ] as const) {
      nic(fabric, name, 'net/nodes', addr, { enableIPForwarding: true });
    }
    addLoadBalancer(fabric, 'ha', true);
    addFrontend(fabric, 'ha', { name: 'f', addr: ip('10.224.8.9'), subnet: 'net/nodes' });
    addPool(fabric, 'ha', 'p');
    for (const name of ['nva1', 'nva2']) addPoolMember(fabric, 'ha', 'p', { nic: name, ipconfig: 'ipconfig1' });
    addLbRule(fabric, 'ha', { name: 'all', frontend: 'f', pool: 'p', protocol: 'all', frontendPort: 0, backendPort: 0 });
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    associate(fabric, 'far/vms', { routeTable: 'rt' });
    for (const to of ['192.168.1.0/24', '10.224.0.0/16']) {
      addUdr(fabric, 'rt', { name: to, to: prefix(to), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.8.9') });
    }
    const bench = new Bench(fabric);
    const used = new Set<string>();
    for (let sport = 1000; sport < 1050; sport++) {
      const p = packet(`tcp 10.224.0.4:${sport} > 192.168.1.4:80`);
      const there = end(bench.send('a', p));
      expect(shown(p)).toBe(`10.224.0.4:${sport} > 192.168.1.4:80`);
      expect(end(bench.send('c', answer(p)))).toBe(there);
      used.add(there);
    }
    expect([...used].toSorted()).toEqual(['nva1', 'nva2']);
  });
});

it('an inbound NAT rule leads one port to one machine', () => {
  const fabric = withPublicLb(twoVms());
  fabric.loadBalancers[0]?.inboundNatRules.push({
    name: 'ssh-b',
    frontend: 'front',
    protocol: 'tcp',
    frontendPort: 50_022,
    backendPort: 22,
    nic: 'b',
    ipconfig: 'ipconfig1',
    floatingIp: false,
    idleMinutes: 4,
  });
  const bench = new Bench(fabric);
  const p = packet('tcp 203.0.113.10:1000 > 20.0.0.10:50022');
  expect(end(bench.external('internet', p))).toBe('b');
  expect(shown(p)).toBe('203.0.113.10:1000 > 10.224.0.5:22');
  const reply = answer(p);
  expect(end(bench.send('b', reply))).toBe('host internet');
  expect(shown(reply)).toBe('20.0.0.10:50022 > 203.0.113.10:1000');
  expect(end(bench.external('internet', p.dport === 22 ? packet('tcp 203.0.113.10:1000 > 20.0.0.10:50022', { tcpFlags: ACK }) : p))).toBe(
    'b',
  );
  expect(bench.session.lbRecords).toHaveLength(1);
});
