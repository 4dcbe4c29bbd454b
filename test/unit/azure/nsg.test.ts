import { describe, expect, it } from 'vitest';
import { associate } from '../../../src/azure/edit-network.ts';
import { type NsgRuleInput, addNsg, addNsgRule, addRouteTable, addUdr, removeNsgRule } from '../../../src/azure/edit-rules.ts';
import { freezeFabric } from '../../../src/azure/empty-fabric.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { fabricTransmit } from '../../../src/azure/transmit.ts';
import type { AddressMatch } from '../../../src/azure/nsg.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { ICMP } from '../../../src/wire/proto.ts';
import { Bench, ACK, answer, end, packet, twoVms, withFarVnet, withOnPrem } from './fabrics.ts';

const FLOW = 'tcp 10.224.0.4:1000 > 10.224.0.5:80';
const tag = (name: string): AddressMatch[] => [{ kind: 'tag', tag: name }];
const range = (text: string): AddressMatch[] => [{ kind: 'prefix', prefix: prefix(text) }];
const port = (number: number): { from: number; to: number }[] => [{ from: number, to: number }];

/** Both VMs' NICs have NSG `nic`, the subnet has NSG `subnet`; each with some rules. */
function guarded(rules: { nic?: NsgRuleInput[]; subnet?: NsgRuleInput[] }, fabric: Fabric = twoVms()): Fabric {
  for (const name of ['nic', 'subnet'] as const) {
    addNsg(fabric, name);
    for (const rule of rules[name] ?? []) addNsgRule(fabric, name, rule);
  }
  for (const each of fabric.nics) each.nsg = 'nic';
  associate(fabric, 'net/nodes', { nsg: 'subnet' });
  return fabric;
}

const deny = (direction: 'Inbound' | 'Outbound', more: Partial<NsgRuleInput> = {}): NsgRuleInput => ({
  name: `deny-${direction}`,
  priority: 200,
  direction,
  access: 'Deny',
  ...more,
});
const allow = (direction: 'Inbound' | 'Outbound', more: Partial<NsgRuleInput> = {}): NsgRuleInput => ({
  ...deny(direction),
  name: `allow-${direction}`,
  priority: 100,
  access: 'Allow',
  ...more,
});

describe('network security groups', () => {
  it('judge outbound at the NIC, then the subnet; inbound at the subnet, then the NIC; also within one subnet', () => {
    const ends = (rules: Parameters<typeof guarded>[0]): string => end(new Bench(guarded(rules)).send('a', FLOW));
    expect(ends({})).toBe('b');
    expect(ends({ nic: [deny('Outbound')], subnet: [deny('Outbound')] })).toBe('AZURE_NSG_OUT_NIC');
    expect(ends({ subnet: [deny('Outbound')] })).toBe('AZURE_NSG_OUT_SUBNET');
    expect(ends({ nic: [deny('Inbound')], subnet: [deny('Inbound')] })).toBe('AZURE_NSG_IN_SUBNET');
    expect(ends({ nic: [deny('Inbound')] })).toBe('AZURE_NSG_IN_NIC');
  });

  it('take the first rule by priority, and the default rules last', () => {
    const bench = new Bench(guarded({ nic: [deny('Inbound'), allow('Inbound', { destinationPorts: port(80) })] }));
    expect(end(bench.send('a', FLOW))).toBe('b');
    expect(bench.steps.map((step) => step.stage)).toEqual([
      'azure:nsg-out-nic',
      'azure:nsg-out-subnet',
      'azure:source-check',
      'azure:route',
      'azure:ca-map',
      'azure:nsg-in-subnet',
      'azure:nsg-in-nic',
      'azure:destination-check',
    ]);
    expect(end(bench.send('a', 'tcp 10.224.0.4:1000 > 10.224.0.5:81'))).toBe('AZURE_NSG_IN_NIC');
  });

  it('name the rule that decided and the rules that nearly did', () => {
    const bench = new Bench(guarded({ nic: [deny('Inbound'), allow('Inbound', { destinationPorts: port(80) })] }));
    bench.send('a', 'tcp 10.224.0.4:1000 > 10.224.0.5:81');
    const step = bench.steps.at(-1);
    const rule = typeof step?.azureRule === 'function' ? step.azureRule() : step?.azureRule;
    expect(rule).toMatchObject({ nsg: 'nic', rule: 'deny-Inbound', priority: 200, access: 'Deny' });
    const considered = typeof step?.considered === 'function' ? step.considered() : step?.considered;
    expect(considered).toEqual([{ what: '100 allow-Inbound Inbound * *:* → *:80 Allow', why: 'ports are 1000 → 81, not * → 80' }]);
  });

  it('let the answer of an admitted connection through, both NSGs denying', () => {
    const fabric = guarded({
      nic: [deny('Outbound', { sources: range('10.224.0.5/32') }), deny('Inbound', { destinations: range('10.224.0.4/32') })],
    });
    const bench = new Bench(fabric);
    const p = packet(FLOW);
    expect(end(bench.send('a', p))).toBe('b');
    expect(end(bench.send('b', answer(p)))).toBe('a');
    expect(end(bench.send('b', 'tcp 10.224.0.5:80 > 10.224.0.4:1001'))).toBe('AZURE_NSG_OUT_NIC');
  });

  it('keep an admitted connection when a deny rule comes, until it was silent for four minutes', () => {
    const fabric = guarded({});
    const bench = new Bench(structuredClone(fabric));
    bench.send('a', FLOW);
    addNsgRule(fabric, 'nic', deny('Outbound'));
    const after = freezeFabric(fabric);
    const later = (nowMs: number): string => end(fabricTransmit(after, bench.session, 'a', packet(FLOW, { tcpFlags: ACK }), nowMs));
    expect(later(60_000)).toBe('b');
    expect(later(300_000)).toBe('b');
    expect(later(300_000 + 240_001)).toBe('AZURE_NSG_OUT_NIC');
  });

  it('match port ranges, protocols and address ranges', () => {
    const bench = new Bench(
      guarded({
        nic: [
          allow('Inbound', { protocol: 'Udp', destinationPorts: [{ from: 50, to: 60 }], sources: range('10.224.0.0/24') }),
          deny('Inbound'),
        ],
      }),
    );
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.224.0.5:53'))).toBe('b');
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.224.0.5:61'))).toBe('AZURE_NSG_IN_NIC');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:53'))).toBe('AZURE_NSG_IN_NIC');
    expect(end(bench.send('a', 'icmp 10.224.0.4 > 10.224.0.5'))).toBe('AZURE_NSG_IN_NIC');
  });

  it('let ICMP errors about an admitted connection through', () => {
    const fabric = guarded({ nic: [deny('Inbound', { destinations: range('10.224.0.4/32') })] });
    const bench = new Bench(fabric);
    const p = packet('udp 10.224.0.4:1000 > 10.224.0.5:9');
    bench.send('a', p);
    const error = (dport: number): string =>
      end(
        bench.send(
          'b',
          packet('icmp 10.224.0.5 > 10.224.0.4', {
            proto: ICMP,
            icmpType: 3,
            quoted: { src: p.src, dst: p.dst, proto: p.proto, sport: 1000, dport },
          }),
        ),
      );
    expect(error(9)).toBe('a');
    expect(error(10)).toBe('AZURE_NSG_IN_NIC');
  });

  it('let the answer to a ping through', () => {
    const bench = new Bench(guarded({ nic: [deny('Inbound', { destinations: range('10.224.0.4/32') })] }));
    const ping = packet('icmp 10.224.0.4 > 10.224.0.5', { sport: 77 });
    bench.send('a', ping);
    expect(end(bench.send('b', packet('icmp 10.224.0.5 > 10.224.0.4', { sport: 77, icmpType: 0 })))).toBe('a');
    expect(end(bench.send('b', packet('icmp 10.224.0.5 > 10.224.0.4', { sport: 78, icmpType: 0 })))).toBe('AZURE_NSG_IN_NIC');
  });

  it('refuse connections above the limit of the NIC', () => {
    const fabric = guarded({});
    fabric.limits.flowsPerNic = 2;
    const bench = new Bench(fabric);
    for (const sport of [1, 2]) expect(end(bench.send('a', `udp 10.224.0.4:${sport} > 10.224.0.5:9`))).toBe('b');
    expect(end(bench.send('a', 'udp 10.224.0.4:3 > 10.224.0.5:9'))).toBe('AZURE_FLOW_LIMIT');
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.224.0.5:9'))).toBe('b');
    bench.nowMs = 300_000;
    expect(end(bench.send('a', 'udp 10.224.0.4:3 > 10.224.0.5:9'))).toBe('b');
  });

  it('change for new connections when a rule is removed', () => {
    const fabric = guarded({ nic: [deny('Inbound')] });
    removeNsgRule(fabric, 'nic', 'deny-Inbound');
    expect(end(new Bench(fabric).send('a', FLOW))).toBe('b');
  });
});

describe('service tags in rules', () => {
  const onlyTag = (name: string): NsgRuleInput[] => [allow('Outbound', { destinations: tag(name) }), deny('Outbound')];
  const reaches = (fabric: Fabric, src: string, dst: string): boolean =>
    end(new Bench(fabric).send('a', `tcp ${src}:1 > ${dst}:80`)) !== 'AZURE_NSG_OUT_NIC';

  it('VirtualNetwork holds the VNet, connected peers and on-premises ranges', () => {
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }), '10.224.0.4', '10.224.0.5')).toBe(true);
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }), '10.224.0.4', '192.168.1.4')).toBe(false);
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }, withFarVnet(twoVms())), '10.224.0.4', '192.168.1.4')).toBe(true);
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }, withOnPrem(twoVms())), '10.224.0.4', '172.20.0.10')).toBe(true);
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }), '10.224.0.4', '203.0.113.10')).toBe(false);
  });

  it('VirtualNetwork leaves out a peer that is denied access', () => {
    const fabric = withFarVnet(twoVms());
    for (const half of fabric.peerings) half.allowVirtualNetworkAccess = false;
    expect(reaches(guarded({ nic: onlyTag('VirtualNetwork') }, fabric), '10.224.0.4', '192.168.1.4')).toBe(false);
  });

  it('VirtualNetwork also holds what UDRs name: a pod range, and with 0.0.0.0/0 everything', () => {
    const withUdr = (to: string): Fabric => {
      const fabric = twoVms();
      addRouteTable(fabric, 'rt');
      associate(fabric, 'net/nodes', { routeTable: 'rt' });
      addUdr(fabric, 'rt', { name: 'u', to: prefix(to), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.5') });
      return guarded({ nic: onlyTag('VirtualNetwork') }, fabric);
    };
    expect(reaches(withUdr('10.244.1.0/24'), '10.224.0.4', '10.244.1.9')).toBe(true);
    expect(reaches(withUdr('10.244.1.0/24'), '10.224.0.4', '203.0.113.10')).toBe(false);
    expect(reaches(withUdr('0.0.0.0/0'), '10.224.0.4', '203.0.113.10')).toBe(true);
  });

  it('Internet stays what it was when a UDR for 0.0.0.0/0 widens VirtualNetwork', () => {
    const fabric = twoVms();
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'u', to: prefix('0.0.0.0/0'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.5') });
    expect(reaches(guarded({ nic: onlyTag('Internet') }, fabric), '10.224.0.4', '203.0.113.10')).toBe(true);
  });

  it('Internet holds what is outside of the VirtualNetwork', () => {
    expect(reaches(guarded({ nic: onlyTag('Internet') }), '10.224.0.4', '203.0.113.10')).toBe(true);
    expect(reaches(guarded({ nic: onlyTag('Internet') }), '10.224.0.4', '10.224.0.5')).toBe(false);
  });

  it('that nobody defined make the walk unknown only where the rule would decide', () => {
    const bench = new Bench(guarded({ nic: [deny('Outbound', { destinations: tag('Sql'), destinationPorts: port(1433) })] }));
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:80'))).toBe('b');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:1433'))).toBe('unknown AZURE_SERVICE_TAG');
    const known = guarded({ nic: [deny('Outbound', { destinations: tag('Sql') })] });
    known.serviceTags.push({ name: 'Sql', prefixes: [prefix('40.0.0.0/8')] });
    expect(end(new Bench(known).send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:1433'))).toBe('b');
  });

  it('application security groups are named as unknown', () => {
    const bench = new Bench(guarded({ nic: [deny('Inbound', { sources: [{ kind: 'asg', asg: 'web' }] })] }));
    expect(end(bench.send('a', FLOW))).toBe('unknown AZURE_APPLICATION_SECURITY_GROUP');
  });
});
