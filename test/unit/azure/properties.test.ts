import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addFrontend, addLoadBalancer, addOutboundRule, addPool, addPoolMember } from '../../../src/azure/edit-lb.ts';
import { addPeering, addSubnet, addVnet, associate } from '../../../src/azure/edit-network.ts';
import { addNsg, addNsgRule, addRouteTable, addUdr } from '../../../src/azure/edit-rules.ts';
import { emptyFabric, freezeFabric } from '../../../src/azure/empty-fabric.ts';
import type { Fabric, UdrNextHop } from '../../../src/azure/fabric.ts';
import type { NsgRule } from '../../../src/azure/nsg.ts';
import { SNAT_PORTS_PER_ADDRESS, lbOutbound } from '../../../src/azure/lb-outbound.ts';
import { lookup, prefixMap } from '../../../src/azure/prefix-map.ts';
import { type EffectiveRoute, effectiveRoutes } from '../../../src/azure/routes.ts';
import { createFabricSession, setProbeResult } from '../../../src/azure/session.ts';
import { liveBindings } from '../../../src/azure/snat.ts';
import { fabricTransmit } from '../../../src/azure/transmit.ts';
import { type Ipv4, formatIpv4, ip, ipv4 } from '../../../src/wire/ipv4.ts';
import { type Prefix, contains, prefix, prefixOf } from '../../../src/wire/prefix.ts';
import { TCP, UDP } from '../../../src/wire/proto.ts';
import { ACK, Bench, SYN_ACK, answer, end, nic, packet, twoVms, withFarVnet, withOnPrem, withPublicLb } from './fabrics.ts';

/** Addresses near the ranges that the fabrics here use, so that matches happen. */
const address: fc.Arbitrary<Ipv4> = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((low) => ipv4(ip('10.224.0.0') + low)),
  fc.integer({ min: 0, max: 0xffff }).map((low) => ipv4(ip('192.168.0.0') + low)),
  fc.integer({ min: 0, max: 0xffff }).map((low) => ipv4(ip('10.244.0.0') + low)),
  fc.integer({ min: 0, max: 0xff }).map((low) => ipv4(ip('203.0.113.0') + low)),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map(ipv4),
);
const range: fc.Arbitrary<Prefix> = fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([addr, len]) => prefixOf(addr, len));
const hop: fc.Arbitrary<UdrNextHop> = fc.constantFrom('VirtualAppliance', 'VnetLocal', 'Internet', 'None');

function routeFor(fabric: Fabric, dst: Ipv4): EffectiveRoute | undefined {
  const active = effectiveRoutes(fabric, 'net/nodes').filter((row) => row.state === 'Active');
  return lookup(prefixMap(active.map((row) => [row.prefix, row])), dst);
}

function routed(udrs: readonly (readonly [Prefix, UdrNextHop])[], learned: readonly Prefix[] = []): Fabric {
  const fabric = withOnPrem(withFarVnet(twoVms()));
  fabric.gateways[0]?.prefixes.push(...learned);
  addRouteTable(fabric, 'rt');
  associate(fabric, 'net/nodes', { routeTable: 'rt' });
  const seen = new Set<string>();
  udrs.forEach(([to, nextHopType], i) => {
    const key = `${to.addr}/${to.len}`;
    if (seen.has(key)) return;
    seen.add(key);
    addUdr(fabric, 'rt', { name: `u${i}`, to, nextHopType, nextHopIp: ip('10.224.0.5') });
  });
  return fabric;
}

const udrs = fc.array(fc.tuple(range, hop), { maxLength: 8 });

describe('route choice', () => {
  it('is the longest prefix of the active rows, as a plain search finds it', () => {
    fc.assert(
      fc.property(udrs, fc.array(range, { maxLength: 4 }), address, (routes, learned, dst) => {
        const fabric = routed(routes, learned);
        const rows = effectiveRoutes(fabric, 'net/nodes').filter((row) => row.state === 'Active' && contains(row.prefix, dst));
        const longest = Math.max(...rows.map((row) => row.prefix.len));
        expect(routeFor(fabric, dst)?.prefix.len).toBe(longest);
      }),
      { numRuns: 300 },
    );
  });

  it('changes only inside the prefix when a longer UDR is added', () => {
    fc.assert(
      fc.property(udrs, range, hop, address, (routes, extra, nextHopType, dst) => {
        const before = routeFor(routed(routes), dst);
        const after = routeFor(routed([...routes, [extra, nextHopType]]), dst);
        if (!contains(extra, dst)) expect(after).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('never changes for a VNet or a peered address when a gateway learns a route', () => {
    const inside = fc.oneof(
      fc.integer({ min: 0, max: 0xf_ffff }).map((low) => ipv4(ip('10.224.0.0') + low)),
      fc.integer({ min: 0, max: 0xffff }).map((low) => ipv4(ip('192.168.0.0') + low)),
    );
    const learned = fc.tuple(inside, fc.integer({ min: 0, max: 32 })).map(([addr, len]) => prefixOf(addr, len));
    fc.assert(
      fc.property(udrs, fc.array(learned, { minLength: 1, maxLength: 5 }), inside, (routes, rows, dst) => {
        expect(routeFor(routed(routes, rows), dst)).toEqual(routeFor(routed(routes), dst));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the source and destination check', () => {
  it('never lets a NIC without IP forwarding send or take an address that is not its own', () => {
    const own = new Map([
      ['a', ['10.224.0.4', '10.224.0.44']],
      ['b', ['10.224.0.5']],
    ]);
    fc.assert(
      fc.property(udrs, fc.constantFrom('a', 'b'), address, address, (routes, from, src, dst) => {
        const fabric = routed(routes);
        fabric.nics[0]?.ipconfigs.push({ name: 'two', addr: ip('10.224.0.44'), primary: false, publicIp: null });
        const p = packet('udp 10.224.0.4:1000 > 10.224.0.5:9', { src, dst });
        const result = new Bench(fabric).send(from, p);
        if (result.kind === 'drop' || result.kind === 'platform') return;
        expect(own.get(from)).toContain(formatIpv4(src));
        if (result.kind === 'deliver' && result.nic !== 'c') expect(own.get(result.nic)).toContain(formatIpv4(p.dst));
      }),
      { numRuns: 400 },
    );
  });
});

const rule: fc.Arbitrary<Omit<NsgRule, 'name' | 'priority' | 'direction'>> = fc.record({
  access: fc.constantFrom('Allow' as const, 'Deny' as const),
  protocol: fc.constantFrom('Tcp' as const, 'Udp' as const, '*' as const),
  sources: fc.array(
    fc.oneof(range, fc.constant(prefix('10.224.0.0/16'))).map((p) => ({ kind: 'prefix' as const, prefix: p })),
    {
      minLength: 1,
      maxLength: 2,
    },
  ),
  sourcePorts: fc.constant([{ from: 0, to: 65_535 }]),
  destinations: fc.array(
    fc.oneof(
      range.map((p) => ({ kind: 'prefix' as const, prefix: p })),
      fc.constant({ kind: 'prefix' as const, prefix: prefix('10.224.0.5/32') }),
      fc.constant({ kind: 'tag' as const, tag: 'VirtualNetwork' }),
      fc.constant({ kind: 'any' as const }),
    ),
    { minLength: 1, maxLength: 2 },
  ),
  destinationPorts: fc.constantFrom([{ from: 0, to: 65_535 }], [{ from: 80, to: 80 }], [{ from: 1, to: 1024 }]),
});

function ruled(rules: readonly Omit<NsgRule, 'name' | 'priority' | 'direction'>[]): Fabric {
  const fabric = twoVms();
  addNsg(fabric, 'n');
  rules.forEach((each, i) => addNsgRule(fabric, 'n', { ...each, name: `r${i}`, priority: 100 + i, direction: 'Inbound' }));
  for (const each of fabric.nics) each.nsg = 'n';
  return fabric;
}

describe('NSG rules', () => {
  const flow = fc.constantFrom(
    'tcp 10.224.0.4:1000 > 10.224.0.5:80',
    'udp 10.224.0.4:1000 > 10.224.0.5:53',
    'tcp 10.224.0.4:1000 > 10.224.0.5:8080',
  );

  it('decide as a plain search by priority does', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), flow, (rules, text) => {
        const p = packet(text);
        const first = rules.find(
          (each) =>
            (each.protocol === '*' || (each.protocol === 'Tcp' ? TCP : UDP) === p.proto) &&
            each.sources.some((match) => match.kind === 'prefix' && contains(match.prefix, p.src)) &&
            each.destinations.some((match) => match.kind !== 'prefix' || contains(match.prefix, p.dst)) &&
            each.destinationPorts.some((ports) => p.dport >= ports.from && p.dport <= ports.to),
        );
        expect(end(new Bench(ruled(rules)).send('a', text))).toBe(first?.access === 'Deny' ? 'AZURE_NSG_IN_NIC' : 'b');
      }),
      { numRuns: 500 },
    );
  });

  it('change nothing when an allow rule comes behind a deny rule that matches', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), rule, flow, (rules, extra, text) => {
        const result = end(new Bench(ruled(rules)).send('a', text));
        const after = end(new Bench(ruled([...rules, { ...extra, access: 'Allow' }])).send('a', text));
        if (result !== 'b') expect(after).toBe(result);
        else expect(after).toBe('b');
      }),
      { numRuns: 300 },
    );
  });
});

describe('peering', () => {
  const flags = fc.record({ allowVirtualNetworkAccess: fc.boolean(), allowForwardedTraffic: fc.boolean() });

  it('is symmetric in its access flags and never transitive', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3), flags), { maxLength: 12 }), (halves) => {
        const fabric = emptyFabric();
        for (let n = 0; n < 4; n++) {
          addVnet(fabric, { name: `v${n}`, prefixes: [prefix(`10.${n}.0.0/16`)] });
          addSubnet(fabric, `v${n}`, { name: 's', prefix: prefix(`10.${n}.0.0/24`) });
          nic(fabric, `n${n}`, `v${n}/s`, `10.${n}.0.4`);
        }
        const made = new Set<string>();
        for (const [from, to, settings] of halves) {
          if (from === to || made.has(`${from}>${to}`)) continue;
          made.add(`${from}>${to}`);
          addPeering(fabric, { vnet: `v${from}`, remote: `v${to}`, ...settings });
        }
        const bench = new Bench(fabric);
        const reaches = (from: number, to: number, sport: number): boolean =>
          bench.send(`n${from}`, `udp 10.${from}.0.4:${sport} > 10.${to}.0.4:9`).kind === 'deliver';
        for (let from = 0; from < 4; from++) {
          for (let to = 0; to < 4; to++) {
            expect(reaches(from, to, 1)).toBe(reaches(to, from, 2));
            if (from !== to && reaches(from, to, 3)) expect(made.has(`${from}>${to}`) && made.has(`${to}>${from}`)).toBe(true);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the MSS option', () => {
  it('arrives smaller by one delta for each traversal, and only on SYN and SYN-ACK', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 42, 50),
        fc.integer({ min: 536, max: 8960 }),
        fc.nat(4),
        fc.constantFrom(2, SYN_ACK, ACK),
        (delta, mss, times, flags) => {
          const bench = new Bench({ ...twoVms(), mssDeltaBytes: delta === 42 ? 42 : delta === 50 ? 50 : 0 });
          const p = packet('tcp 10.224.0.4:1000 > 10.224.0.5:80', { mssBytes: mss, tcpFlags: flags });
          for (let i = 0; i < times; i++) bench.send('a', p);
          expect(p.mssBytes).toBe(flags === ACK ? mss : mss - times * delta);
        },
      ),
    );
  });
});

describe('SNAT', () => {
  const flows = fc.array(
    fc.record({
      nic: fc.constantFrom('a', 'b'),
      proto: fc.constantFrom('tcp', 'udp'),
      sport: fc.integer({ min: 1, max: 12 }),
      dst: fc.constantFrom('203.0.113.10', '203.0.113.11'),
      dport: fc.constantFrom(53, 443),
      waitMs: fc.constantFrom(0, 0, 0, 100_000),
    }),
    { maxLength: 60 },
  );

  it('never gives two live connections the same public tuple, nor a node more ports than its allocation, and un-translates exactly', () => {
    fc.assert(
      fc.property(flows, fc.constantFrom('lb', 'nat'), (sent, method) => {
        const fabric = twoVms();
        if (method === 'lb') outboundRule(fabric, 8, 1);
        else {
          fabric.natGateways.push({ name: 'ng', publicIps: [ip('20.0.0.9')], tcpIdleMinutes: 4 });
          associate(fabric, 'net/nodes', { natGateway: 'ng' });
        }
        const bench = new Bench(fabric);
        for (const flow of sent) {
          bench.nowMs += flow.waitMs;
          const p = packet(`${flow.proto} ${flow.nic === 'a' ? '10.224.0.4' : '10.224.0.5'}:${flow.sport} > ${flow.dst}:${flow.dport}`);
          if (bench.send(flow.nic, p).kind !== 'external') continue;
          const reply = answer(p);
          expect(end(bench.external('internet', reply))).toBe(flow.nic);
          expect(reply.dport).toBe(flow.sport);
          const live = liveBindings(bench.session, bench.nowMs);
          const tuples = live.map((held) =>
            [held.proto, held.publicIp, held.publicPort, held.dst, held.proto === TCP ? held.dports[0] : 0].join(),
          );
          expect(new Set(tuples).size).toBe(tuples.length);
          for (const name of ['a', 'b']) {
            const ports = new Set(live.filter((held) => held.nic === name).map((held) => held.publicPort));
            if (method === 'lb') expect(ports.size).toBeLessThanOrEqual(8);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never allocates more than 64,000 ports per address, and no port to two nodes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 500 }),
        (nodes, addrs, eighths) => {
          const fabric = emptyFabric();
          addVnet(fabric, { name: 'net', prefixes: [prefix('10.224.0.0/16')] });
          addSubnet(fabric, 'net', { name: 'nodes', prefix: prefix('10.224.0.0/16') });
          for (let n = 0; n < nodes; n++) nic(fabric, `n${n}`, 'net/nodes', `10.224.1.${n + 4}`);
          outboundRule(fabric, eighths * 8, addrs);
          const { loadBalancers } = freezeFabric(fabric);
          const pools = fabric.nics
            .flatMap((each) => lbOutbound(loadBalancers, each.name, TCP)?.pool ?? [])
            .filter((pool) => pool.count > 0);
          const edges = pools.flatMap((pool) => [0, pool.count - 1].map((place) => `${pool.addrAt(place)}:${pool.portAt(place)}`));
          expect(pools.reduce((sum, pool) => sum + pool.count, 0)).toBeLessThanOrEqual(SNAT_PORTS_PER_ADDRESS * addrs);
          expect(new Set(edges).size).toBe(edges.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

function outboundRule(fabric: Fabric, allocatedPorts: number, addrs: number): void {
  addLoadBalancer(fabric, 'out', false);
  const names = Array.from({ length: addrs }, (_, i) => `f${i}`);
  names.forEach((name, i) => addFrontend(fabric, 'out', { name, addr: ip(`20.0.0.${i + 1}`), subnet: null }));
  addPool(fabric, 'out', 'p');
  for (const each of fabric.nics) addPoolMember(fabric, 'out', 'p', { nic: each.name, ipconfig: 'ipconfig1' });
  addOutboundRule(fabric, 'out', { name: 'r', frontends: names, pool: 'p', allocatedPorts });
}

describe('a load balancer under changing probes', () => {
  it('sends no new connection to an unhealthy backend and keeps every established one', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('probe' as const), nic: fc.constantFrom('a', 'b', 'd'), healthy: fc.boolean() }),
        fc.record({ kind: fc.constant('open' as const), sport: fc.integer({ min: 1000, max: 1020 }) }),
      ),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const fabric = twoVms();
        nic(fabric, 'd', 'net/nodes', '10.224.0.6');
        const bench = new Bench(withPublicLb(fabric));
        const down = new Set<string>();
        const open = new Map<number, string>();
        for (const step of sequence) {
          if (step.kind === 'probe') {
            setProbeResult(bench.session, 'lb', 'p', step.nic, step.healthy);
            if (step.healthy) down.delete(step.nic);
            else down.add(step.nic);
          } else if (!open.has(step.sport)) {
            const where = end(bench.external('internet', `tcp 203.0.113.10:${step.sport} > 20.0.0.10:80`));
            expect(down).not.toContain(where);
            if (down.size === 3) expect(where).toBe('AZURE_LB_NO_HEALTHY');
            else open.set(step.sport, where);
          }
          for (const [sport, backend] of open) {
            expect(end(bench.external('internet', packet(`tcp 203.0.113.10:${sport} > 20.0.0.10:80`, { tcpFlags: ACK })))).toBe(backend);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

it('the same packets give the same results and the same trace, and a bulk walk decides alike', () => {
  fc.assert(
    fc.property(udrs, fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), address, address), { maxLength: 10 }), (routes, sent) => {
      const fabric = routed(routes);
      for (const each of fabric.nics) each.enableIPForwarding = true;
      const [one, two] = [new Bench(structuredClone(fabric)), new Bench(fabric)];
      const silent = createFabricSession(7);
      for (const [from, src, dst] of sent) {
        const make = (): ReturnType<typeof packet> => packet('udp 10.224.0.4:1000 > 10.224.0.5:9', { src, dst });
        const result = one.send(from, make());
        expect(two.send(from, make())).toEqual(result);
        expect(two.steps.map((step) => step.text)).toEqual(one.steps.map((step) => step.text));
        expect(fabricTransmit(two.fabric, silent, from, make(), 0)).toEqual(result);
      }
    }),
    { numRuns: 100 },
  );
});
