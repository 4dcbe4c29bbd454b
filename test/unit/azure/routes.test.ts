import { describe, expect, it } from 'vitest';
import { addPrivateEndpoint, addSubnet, addVnet, associate } from '../../../src/azure/edit-network.ts';
import { addRouteTable, addUdr } from '../../../src/azure/edit-rules.ts';
import { emptyFabric } from '../../../src/azure/empty-fabric.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { effectiveRoutes } from '../../../src/azure/routes.ts';
import { formatPrefix, prefix } from '../../../src/wire/prefix.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { Bench, end, nic, packet, twoVms, withFarVnet, withOnPrem, withPublicLb } from './fabrics.ts';

function oneSubnet(range: string): Fabric {
  const fabric = emptyFabric();
  addVnet(fabric, { name: 'net', prefixes: [prefix(range)] });
  addSubnet(fabric, 'net', { name: 's', prefix: prefix(range) });
  return fabric;
}

function table(fabric: Fabric, subnet: string): string[] {
  return effectiveRoutes(fabric, subnet).map(
    (row) => `${row.source} ${row.state} ${formatPrefix(row.prefix)} ${row.nextHopType}${row.name === null ? '' : ` ${row.name}`}`,
  );
}

function withTable(fabric: Fabric): Fabric {
  addRouteTable(fabric, 'rt');
  associate(fabric, 'net/nodes', { routeTable: 'rt' });
  return fabric;
}

describe('system routes', () => {
  it('lead to the VNet, to the internet, and nowhere for the private ranges', () => {
    expect(table(oneSubnet('10.0.0.0/16'), 'net/s')).toEqual([
      'Default Active 10.0.0.0/16 VnetLocal',
      'Default Active 0.0.0.0/0 Internet',
      'Default Active 10.0.0.0/8 None',
      'Default Active 172.16.0.0/12 None',
      'Default Active 192.168.0.0/16 None',
      'Default Active 100.64.0.0/10 None',
    ]);
  });

  it('lose the None row that the VNet equals or contains', () => {
    expect(table(oneSubnet('10.0.0.0/8'), 'net/s')).not.toContain('Default Active 10.0.0.0/8 None');
    expect(table(oneSubnet('172.0.0.0/8'), 'net/s')).not.toContain('Default Active 172.16.0.0/12 None');
  });

  it('lose all None rows to a UDR for 0.0.0.0/0, so that unknown private ranges go to the firewall', () => {
    const fabric = withTable(twoVms());
    nic(fabric, 'fw', 'net/nodes', '10.224.0.9', { enableIPForwarding: true });
    addUdr(fabric, 'rt', { name: 'fw', to: prefix('0.0.0.0/0'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.9') });
    expect(table(fabric, 'net/nodes').filter((row) => row.includes('None'))).toEqual([]);
    expect(table(fabric, 'net/nodes')).toContain('Default Invalid 0.0.0.0/0 Internet');
    expect(end(new Bench(fabric).send('a', 'udp 10.224.0.4:1 > 10.50.0.1:53'))).toBe('fw');
  });

  it('drop what goes to a private range that nobody claims, at the sender', () => {
    const bench = new Bench(twoVms());
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.50.0.1:53'))).toBe('AZURE_ROUTE_NONE');
    expect(bench.steps.at(-1)?.text).toContain('10.0.0.0/8');
  });
});

describe('user-defined routes', () => {
  it('beat BGP, which beats the system, on one prefix', () => {
    const fabric = withOnPrem(withTable(twoVms()));
    fabric.gateways[0]?.prefixes.push(prefix('0.0.0.0/0'));
    expect(table(fabric, 'net/nodes')).toContain('VirtualNetworkGateway Active 0.0.0.0/0 VirtualNetworkGateway vpn');
    expect(table(fabric, 'net/nodes')).toContain('Default Invalid 0.0.0.0/0 Internet');
    addUdr(fabric, 'rt', { name: 'out', to: prefix('0.0.0.0/0'), nextHopType: 'Internet' });
    expect(table(fabric, 'net/nodes')).toContain('VirtualNetworkGateway Invalid 0.0.0.0/0 VirtualNetworkGateway vpn');
    expect(table(fabric, 'net/nodes')).toContain('User Active 0.0.0.0/0 Internet out');
  });

  it('send a pod range to a node, whatever address is inside', () => {
    const fabric = withTable(twoVms());
    addUdr(fabric, 'rt', { name: 'b-pods', to: prefix('10.244.1.0/24'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.5') });
    for (const each of fabric.nics) each.enableIPForwarding = true;
    const bench = new Bench(fabric);
    const p = packet('tcp 10.244.0.7:1000 > 10.244.1.9:80');
    expect(end(bench.send('a', p))).toBe('b');
    expect(p.dst).toBe(ip('10.244.1.9'));
    expect(end(bench.send('a', 'tcp 10.244.0.7:1000 > 10.244.2.9:80'))).toBe('AZURE_ROUTE_NONE');
  });

  it('drop where the next hop belongs to nobody', () => {
    const fabric = withTable(twoVms());
    addUdr(fabric, 'rt', { name: 'gone', to: prefix('10.244.1.0/24'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.99') });
    expect(end(new Bench(fabric).send('a', 'tcp 10.224.0.4:1 > 10.244.1.9:80'))).toBe('AZURE_NO_UDR_TARGET');
  });

  it('of type None drop, of type VnetLocal look in the VNet, of type Internet leave', () => {
    const fabric = withTable(twoVms());
    addUdr(fabric, 'rt', { name: 'hole', to: prefix('10.224.0.5/32'), nextHopType: 'None' });
    addUdr(fabric, 'rt', { name: 'near', to: prefix('203.0.113.0/24'), nextHopType: 'VnetLocal' });
    const bench = new Bench(fabric);
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 10.224.0.5:53'))).toBe('AZURE_ROUTE_NONE');
    expect(end(bench.send('a', 'udp 10.224.0.4:1 > 203.0.113.10:53'))).toBe('AZURE_NO_CA_MAPPING');
  });

  it('to a gateway need a VPN gateway, not ExpressRoute', () => {
    const fabric = withTable(twoVms());
    addUdr(fabric, 'rt', { name: 'onprem', to: prefix('172.21.0.0/16'), nextHopType: 'VirtualNetworkGateway' });
    expect(end(new Bench(structuredClone(fabric)).send('a', 'udp 10.224.0.4:1 > 172.21.0.1:53'))).toBe('AZURE_NO_GATEWAY');
    expect(end(new Bench(withOnPrem(fabric)).send('a', 'udp 10.224.0.4:1 > 172.21.0.1:53'))).toBe('host nobody (onprem)');
  });

  it('bring nothing from on-premises to public addresses, whether or not the fabric has them', () => {
    const bench = new Bench(withPublicLb(withOnPrem(twoVms())));
    for (const dst of ['20.0.0.10', '203.0.113.10']) {
      expect(end(bench.external('office', `tcp 172.20.0.10:1000 > ${dst}:80`))).toBe('AZURE_NO_OUTBOUND');
      expect(bench.steps.filter(({ stage }) => stage.startsWith('azure:nsg'))).toEqual([]);
    }
  });

  it('by a service tag lose to an explicit prefix and to a more specific tag', () => {
    const fabric = withTable(twoVms());
    fabric.serviceTags = ['Storage', 'Storage.WestEurope', 'AzureCloud'].map((name) => ({ name, prefixes: [prefix('20.60.0.0/24')] }));
    addUdr(fabric, 'rt', { name: 'cloud', to: 'AzureCloud', nextHopType: 'None' });
    addUdr(fabric, 'rt', { name: 'top', to: 'Storage', nextHopType: 'None' });
    addUdr(fabric, 'rt', { name: 'regional', to: 'Storage.WestEurope', nextHopType: 'None' });
    expect(table(fabric, 'net/nodes').filter((row) => row.startsWith('User Active'))).toEqual(['User Active 20.60.0.0/24 None regional']);
    addUdr(fabric, 'rt', { name: 'plain', to: prefix('20.60.0.0/24'), nextHopType: 'Internet' });
    expect(table(fabric, 'net/nodes').filter((row) => row.startsWith('User Active'))).toEqual(['User Active 20.60.0.0/24 Internet plain']);
  });

  it('by a tag without known prefixes make public destinations unknown, and leave private ones alone', () => {
    const fabric = withTable(twoVms());
    addUdr(fabric, 'rt', { name: 'cloud', to: 'AzureCloud', nextHopType: 'None' });
    const bench = new Bench(fabric);
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 203.0.113.10:80'))).toBe('unknown AZURE_SERVICE_TAG');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:80'))).toBe('b');
  });
});

describe('gateway routes', () => {
  it('disappear from a subnet whose table disables propagation', () => {
    const fabric = withOnPrem(withTable(twoVms()));
    expect(end(new Bench(structuredClone(fabric)).send('a', 'tcp 10.224.0.4:1 > 172.20.0.10:80'))).toBe('host office');
    const [rt] = fabric.routeTables;
    if (rt !== undefined) rt.disableBgpRoutePropagation = true;
    expect(end(new Bench(fabric).send('a', 'tcp 10.224.0.4:1 > 172.20.0.10:80'))).toBe('AZURE_ROUTE_NONE');
  });

  it('never take traffic from the VNet or a peer, however specific they are', () => {
    const fabric = withOnPrem(withFarVnet(twoVms()));
    fabric.gateways[0]?.prefixes.push(prefix('10.224.0.5/32'), prefix('192.168.1.0/24'));
    const bench = new Bench(fabric);
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 10.224.0.5:80'))).toBe('b');
    expect(end(bench.send('a', 'tcp 10.224.0.4:1 > 192.168.1.4:80'))).toBe('c');
    expect(table(bench.fabric, 'net/nodes')).toContain('VirtualNetworkGateway Invalid 10.224.0.5/32 VirtualNetworkGateway vpn');
  });

  it('reach a spoke only where the hub lends its gateway', () => {
    const fabric = withOnPrem(withFarVnet(twoVms()));
    expect(end(new Bench(structuredClone(fabric)).send('c', 'tcp 192.168.1.4:1 > 172.20.0.10:80'))).toBe('AZURE_ROUTE_NONE');
    expect(end(new Bench(structuredClone(fabric)).external('office', 'tcp 172.20.0.10:1 > 192.168.1.4:80'))).toBe('AZURE_PEERING_DOWN');
    for (const half of fabric.peerings) {
      half.allowGatewayTransit = half.vnet === 'net';
      half.useRemoteGateways = half.vnet === 'far';
    }
    const bench = new Bench(fabric);
    expect(end(bench.send('c', 'tcp 192.168.1.4:1 > 172.20.0.10:80'))).toBe('host office');
    expect(end(bench.external('office', 'tcp 172.20.0.10:1 > 192.168.1.4:80'))).toBe('c');
  });

  it('bring on-premises packets to a VM, and not to addresses that no NIC has', () => {
    const bench = new Bench(withOnPrem(twoVms()));
    expect(end(bench.external('office', 'tcp 172.20.0.10:1 > 10.224.0.5:80'))).toBe('b');
    expect(end(bench.external('office', 'tcp 172.20.0.10:1 > 10.224.0.77:80'))).toBe('AZURE_NO_CA_MAPPING');
    expect(end(bench.external('office', 'tcp 172.20.0.10:1 > 10.244.0.7:80'))).toBe('AZURE_ROUTE_NONE');
    expect(end(bench.external('office', 'tcp 10.9.9.9:1 > 10.224.0.5:80'))).toBe('AZURE_NO_GATEWAY');
  });
});

describe('endpoints', () => {
  function withEndpoint(routeTablePolicy: boolean): Fabric {
    const fabric = withTable(twoVms());
    addSubnet(fabric, 'net', {
      name: 'pe',
      prefix: prefix('10.226.0.0/24'),
      privateEndpointPolicies: { nsg: false, routeTable: routeTablePolicy },
    });
    fabric.externalHosts.push({ name: 'storage', kind: 'internet', addrs: [ip('20.60.0.1'), ip('10.226.0.4')], machine: null });
    addPrivateEndpoint(fabric, { name: 'pe1', subnet: 'net/pe', addr: ip('10.226.0.4'), host: 'storage' });
    nic(fabric, 'fw', 'net/nodes', '10.224.0.9', { enableIPForwarding: true });
    addUdr(fabric, 'rt', { name: 'fw', to: prefix('0.0.0.0/0'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.9') });
    return fabric;
  }

  it('of a private link are reached directly in spite of a 0.0.0.0/0 UDR, and answer', () => {
    const bench = new Bench(withEndpoint(false));
    expect(end(bench.send('a', 'tcp 10.224.0.4:5000 > 10.226.0.4:443'))).toBe('host storage');
    expect(end(bench.external('storage', 'tcp 10.226.0.4:443 > 10.224.0.4:5000'))).toBe('a');
  });

  it('of a private link follow a long enough UDR where their subnet has network policies', () => {
    const fabric = withEndpoint(true);
    addUdr(fabric, 'rt', { name: 'pe-fw', to: prefix('10.226.0.0/24'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.224.0.9') });
    expect(end(new Bench(fabric).send('a', 'tcp 10.224.0.4:5000 > 10.226.0.4:443'))).toBe('fw');
    const untouched = withEndpoint(true);
    expect(end(new Bench(untouched).send('a', 'tcp 10.224.0.4:5000 > 10.226.0.4:443'))).toBe('host storage');
  });

  it('of a service keep the private source, and only in their subnet', () => {
    const fabric = withEndpoint(false);
    fabric.serviceTags.push({ name: 'Microsoft.Storage', prefixes: [prefix('20.60.0.0/24')] });
    fabric.vnets[0]?.subnets[0]?.serviceEndpoints.push('Microsoft.Storage');
    const bench = new Bench(fabric);
    const p = packet('tcp 10.224.0.4:5000 > 20.60.0.1:443');
    expect(end(bench.send('a', p))).toBe('host storage');
    expect(p.src).toBe(ip('10.224.0.4'));
    expect(end(bench.external('storage', 'tcp 20.60.0.1:443 > 10.224.0.4:5000'))).toBe('a');
  });
});
