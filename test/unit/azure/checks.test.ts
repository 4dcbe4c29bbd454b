import { describe, expect, it } from 'vitest';
import { FABRIC_MAC, fabricArp } from '../../../src/azure/arp.ts';
import { addCaRow, addOverlay, addOverlayNode, addSubnet, associate, removeOverlayNode } from '../../../src/azure/edit-network.ts';
import { addIpconfig, removeIpconfig, removeNic, setIPForwarding } from '../../../src/azure/edit-nic.ts';
import { addNsg, addNsgRule, addRouteTable, addUdr } from '../../../src/azure/edit-rules.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { fabricFromPlatform } from '../../../src/azure/ingress.ts';
import { createFabricSession } from '../../../src/azure/session.ts';
import { fabricTransmit } from '../../../src/azure/transmit.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { Bench, SYN_ACK, answer, end, nic, packet, twoVms } from './fabrics.ts';

describe('a frame between two VMs', () => {
  it('arrives from the address that answers every ARP request', () => {
    const result = new Bench(twoVms()).send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:80');
    expect(result).toEqual({ kind: 'deliver', nic: 'b', machine: 'b/root/eth0', smac: FABRIC_MAC, dmac: '00:0d:3a:00:00:02' });
    expect(fabricArp()).toBe('12:34:56:78:9a:bc');
  });

  it('keeps its TTL: the fabric is no hop', () => {
    const p = packet('tcp 10.224.0.4:1 > 10.224.0.5:80');
    new Bench(twoVms()).send('a', p);
    expect(p.ttl).toBe(64);
  });

  it('loses 50 bytes of MSS on SYN and on SYN-ACK, or 42 on the other generation of hosts', () => {
    const syn = packet('tcp 10.224.0.4:1 > 10.224.0.5:80', { mssBytes: 1460 });
    const bench = new Bench(twoVms());
    bench.send('a', syn);
    expect(syn.mssBytes).toBe(1410);
    const synAck = answer(syn, { mssBytes: 1460 });
    bench.send('b', synAck);
    expect(synAck.mssBytes).toBe(1410);
    const older = packet('tcp 10.224.0.4:1 > 10.224.0.5:80', { mssBytes: 876 });
    new Bench({ ...twoVms(), mssDeltaBytes: 42 }).send('a', older);
    expect(older.mssBytes).toBe(834);
  });

  it('is dropped for an address that nobody has, although ARP was answered', () => {
    expect(end(new Bench(twoVms()).send('a', 'icmp 10.224.0.4 > 10.224.9.9'))).toBe('AZURE_NO_CA_MAPPING');
  });

  it('gets no answer from the gateway address and the other reserved ones', () => {
    const bench = new Bench(twoVms());
    for (const dst of ['10.224.0.1', '10.224.0.2', '10.224.0.3', '10.224.255.255']) {
      expect(end(bench.send('a', `icmp 10.224.0.4 > ${dst}`))).toBe('AZURE_GATEWAY_ADDRESS');
    }
  });

  it.each([
    ['gre 10.224.0.4 > 10.224.0.5', 'AZURE_PROTO_BLOCKED'],
    ['ipip 10.224.0.4 > 10.224.0.5', 'AZURE_PROTO_BLOCKED'],
    ['udp 10.224.0.4:1 > 224.0.0.251:5353', 'AZURE_MULTICAST'],
    ['udp 10.224.0.4:1 > 255.255.255.255:9', 'AZURE_MULTICAST'],
    ['udp 10.224.0.4:1 > 240.0.0.1:9', 'AZURE_MULTICAST'],
    ['udp 10.224.0.4:65330 > 10.224.0.5:9', 'AZURE_RESERVED_PORT'],
  ])('%s is not carried', (text, reason) => {
    expect(end(new Bench(twoVms()).send('a', text))).toBe(reason);
  });

  it.each([
    ['224.0.0.251', 'Azure carries no multicast'],
    ['255.255.255.255', 'Azure carries no broadcast'],
    ['240.0.0.1', 'Azure carries nothing to 240.0.0.0/4, which is reserved and nobody has'],
    ['255.255.255.254', 'Azure carries nothing to 240.0.0.0/4, which is reserved and nobody has'],
  ])('to %s is called what it is', (dst, why) => {
    expect(new Bench(twoVms()).send('a', `udp 10.224.0.4:1 > ${dst}:9`)).toMatchObject({ text: `${why}: udp 10.224.0.4:1 → ${dst}:9` });
  });

  it('may not be longer than the MTU', () => {
    expect(end(new Bench(twoVms()).send('a', packet('udp 10.224.0.4:1 > 10.224.0.5:9', { lengthBytes: 1501 })))).toBe('AZURE_MTU_EXCEEDED');
  });

  it('that is a later fragment follows the first one, and is dropped before it', () => {
    const bench = new Bench(twoVms());
    const first = packet('udp 10.224.0.4:7 > 10.224.0.5:9', { moreFragments: true });
    const later = packet('udp 10.224.0.4 > 10.224.0.5', { fragOffsetBytes: 1480 });
    expect(end(bench.send('a', { ...later }))).toBe('AZURE_FRAGMENT_DROPPED');
    expect(end(bench.send('a', first))).toBe('b');
    expect(end(bench.send('a', { ...later }))).toBe('b');
  });

  it('cannot cross a fabric that may still change', () => {
    expect(() => fabricTransmit(twoVms(), createFabricSession(), 'a', packet('udp 10.224.0.4:1 > 10.224.0.5:9'), 0)).toThrow('frozen');
  });
});

describe('the source and destination check', () => {
  it('stops a foreign source while IP forwarding is off', () => {
    const bench = new Bench(twoVms());
    expect(end(bench.send('a', 'udp 10.244.0.7:1 > 10.224.0.5:9'))).toBe('AZURE_NIC_SRC_CHECK');
    expect(bench.steps.at(-1)?.text).toContain('10.244.0.7');
  });

  it('takes secondary ipconfigs for own addresses, until they are removed', () => {
    const fabric = twoVms();
    addIpconfig(fabric, 'a', { name: 'pod1', addr: ip('10.224.0.44') });
    addIpconfig(fabric, 'b', { name: 'pod2', addr: ip('10.224.0.55') });
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.224.0.44:1 > 10.224.0.55:9'))).toBe('b');
    removeIpconfig(fabric, 'a', 'pod1');
    expect(end(new Bench(fabric).send('a', 'udp 10.224.0.44:1 > 10.224.0.55:9'))).toBe('AZURE_NIC_SRC_CHECK');
  });

  it('stops a foreign destination at the NIC that a UDR leads to', () => {
    const fabric = twoVms();
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'pods', to: prefix('10.244.1.0/24'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.5') });
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.224.0.4:1 > 10.244.1.9:9'))).toBe('AZURE_NIC_DST_CHECK');
    setIPForwarding(fabric, 'b', true);
    expect(end(new Bench(fabric).send('a', 'udp 10.224.0.4:1 > 10.244.1.9:9'))).toBe('b');
  });
});

function overlay(): Fabric {
  const fabric = twoVms();
  addOverlay(fabric, 'pods', [prefix('10.244.0.0/16')]);
  addOverlayNode(fabric, 'pods', 'a', [prefix('10.244.0.0/24')]);
  addOverlayNode(fabric, 'pods', 'b', [prefix('10.244.1.0/24')]);
  for (const each of fabric.nics) each.enableIPForwarding = true;
  nic(fabric, 'vm', 'net/nodes', '10.224.0.9');
  return fabric;
}

describe('an overlay domain', () => {
  it('carries pods and nodes to the pods of another node, first and last address of its range included', () => {
    const bench = new Bench(overlay());
    for (const src of ['10.244.0.7', '10.224.0.4']) {
      for (const dst of ['10.244.1.0', '10.244.1.9', '10.244.1.255']) expect(end(bench.send('a', `udp ${src}:1 > ${dst}:9`))).toBe('b');
    }
  });

  it('has no way to an address without a node, or whose node is gone', () => {
    const fabric = overlay();
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.244.0.7:1 > 10.244.2.9:9'))).toBe('AZURE_NO_CA_MAPPING');
    removeOverlayNode(fabric, 'pods', 'b');
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.244.0.7:1 > 10.244.1.9:9'))).toBe('AZURE_NO_CA_MAPPING');
    removeNic(fabric, 'b');
    expect(end(new Bench(fabric).send('a', 'udp 10.244.0.7:1 > 10.244.1.9:9'))).toBe('AZURE_NO_CA_MAPPING');
  });

  it('is closed to machines that are no members', () => {
    expect(end(new Bench(overlay()).send('vm', 'udp 10.224.0.9:1 > 10.244.1.9:9'))).toBe('AZURE_ROUTE_NONE');
  });

  it('is not asked where a UDR would lead, and wins over an on-premises range of the same addresses', () => {
    const fabric = overlay();
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'hole', to: prefix('10.244.0.0/16'), nextHopType: 'None' });
    expect(end(new Bench(fabric).send('a', 'udp 10.244.0.7:1 > 10.244.1.9:9'))).toBe('b');
  });

  it('passes the default NSG rules, and a deny rule over the pod range stops it', () => {
    const fabric = overlay();
    addNsg(fabric, 'n');
    for (const each of fabric.nics) each.nsg = 'n';
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.244.0.7:1 > 10.244.1.9:9'))).toBe('b');
    addNsgRule(fabric, 'n', {
      name: 'no-pods',
      priority: 200,
      direction: 'Inbound',
      access: 'Deny',
      destinations: [{ kind: 'prefix', prefix: prefix('10.244.0.0/16') }],
    });
    expect(end(new Bench(fabric).send('a', 'udp 10.244.0.7:1 > 10.244.1.9:9'))).toBe('AZURE_NSG_IN_NIC');
  });
});

describe('rows of the address map (a pod subnet)', () => {
  function podSubnet(): Fabric {
    const fabric = twoVms();
    addSubnet(fabric, 'net', { name: 'pods', prefix: prefix('10.230.0.0/16') });
    addCaRow(fabric, { prefix: prefix('10.230.0.16/28'), nic: 'a', subnet: 'net/pods' });
    addCaRow(fabric, { prefix: prefix('10.230.0.32/28'), nic: 'b', subnet: 'net/pods' });
    return fabric;
  }

  it('lead blocks of addresses to a node and count as its own', () => {
    const bench = new Bench(podSubnet());
    expect(end(bench.send('a', 'udp 10.230.0.16:1 > 10.230.0.47:9'))).toBe('b');
    expect(end(bench.send('a', 'udp 10.230.0.33:1 > 10.224.0.5:9'))).toBe('AZURE_NIC_SRC_CHECK');
  });

  it('bring the route table and the NSG of the pod subnet', () => {
    const fabric = podSubnet();
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/pods', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'hole', to: prefix('10.224.0.5/32'), nextHopType: 'None' });
    const bench = new Bench(structuredClone(fabric));
    expect(end(bench.send('a', 'udp 10.230.0.16:1 > 10.224.0.5:9'))).toBe('AZURE_ROUTE_NONE');
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.224.0.5:9'))).toBe('b');
    addNsg(fabric, 'closed');
    addNsgRule(fabric, 'closed', { name: 'deny', priority: 100, direction: 'Inbound', access: 'Deny' });
    associate(fabric, 'net/pods', { nsg: 'closed' });
    expect(end(new Bench(fabric).send('a', 'udp 10.224.0.4:1 > 10.230.0.33:9'))).toBe('AZURE_NSG_IN_SUBNET');
  });
});

describe('platform addresses', () => {
  it('answer DNS, WireServer and instance metadata whatever the routes and the NSGs say', () => {
    const fabric = twoVms();
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'hole', to: prefix('0.0.0.0/0'), nextHopType: 'None' });
    addNsg(fabric, 'n');
    addNsgRule(fabric, 'n', { name: 'deny', priority: 100, direction: 'Outbound', access: 'Deny' });
    associate(fabric, 'net/nodes', { nsg: 'n' });
    const bench = new Bench(fabric);
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 168.63.129.16:53'))).toBe('platform dns');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 168.63.129.16:53'))).toBe('platform dns');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 168.63.129.16:32526'))).toBe('platform wireserver');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 169.254.169.254:80'))).toBe('platform imds');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 20.118.99.224:1688'))).toBe('platform kms');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 169.254.169.254:443'))).toBe('AZURE_PLATFORM_PORT_CLOSED');
  });

  it('can be blocked by their own tags only', () => {
    const fabric = twoVms();
    addNsg(fabric, 'n');
    addNsgRule(fabric, 'n', {
      name: 'no-imds',
      priority: 100,
      direction: 'Outbound',
      access: 'Deny',
      destinations: [{ kind: 'tag', tag: 'AzurePlatformIMDS' }],
    });
    for (const each of fabric.nics) each.nsg = 'n';
    const bench = new Bench(fabric);
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 169.254.169.254:80'))).toBe('AZURE_NSG_OUT_NIC');
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 168.63.129.16:53'))).toBe('platform dns');
  });

  it('leave a pod without masquerade waiting', () => {
    expect(end(new Bench(overlay()).send('a', 'tcp 10.244.0.7:1 > 169.254.169.254:80'))).toBe('AZURE_PLATFORM_FOREIGN_SOURCE');
  });

  it('answer through the NSG that let the question out', () => {
    const fabric = twoVms();
    addNsg(fabric, 'n');
    addNsgRule(fabric, 'n', { name: 'deny', priority: 100, direction: 'Inbound', access: 'Deny' });
    for (const each of fabric.nics) each.nsg = 'n';
    const bench = new Bench(fabric);
    const query = packet('udp 10.224.0.4:4000 > 168.63.129.16:53');
    bench.send('a', query);
    expect(end(fabricFromPlatform(bench.fabric, bench.session, 'a', answer(query), 0))).toBe('a');
  });

  it('probe a backend unless an NSG denies 168.63.129.16, and take the answer', () => {
    const fabric = twoVms();
    addNsg(fabric, 'n');
    for (const each of fabric.nics) each.nsg = 'n';
    const probe = packet('tcp 168.63.129.16:50000 > 10.224.0.4:30080');
    const bench = new Bench(structuredClone(fabric));
    expect(end(fabricFromPlatform(bench.fabric, bench.session, 'a', probe, 0))).toBe('a');
    expect(end(bench.send('a', answer(probe, { tcpFlags: SYN_ACK })))).toBe('platform probe');
    addNsgRule(fabric, 'n', {
      name: 'no-probes',
      priority: 100,
      direction: 'Inbound',
      access: 'Deny',
      sources: [{ kind: 'tag', tag: 'AzureLoadBalancer' }],
    });
    const blocked = new Bench(fabric);
    expect(end(fabricFromPlatform(blocked.fabric, blocked.session, 'a', probe, 0))).toBe('AZURE_NSG_IN_NIC');
  });
});
