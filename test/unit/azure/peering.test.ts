import { describe, expect, it } from 'vitest';
import { addPeering, addSubnet, addVnet, associate, removePeering } from '../../../src/azure/edit-network.ts';
import { addRouteTable, addUdr } from '../../../src/azure/edit-rules.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { Bench, end, nic, twoVms, withFarVnet } from './fabrics.ts';

const THERE = 'tcp 10.224.0.4:1000 > 192.168.1.4:80';
const BACK = 'tcp 192.168.1.4:80 > 10.224.0.4:1000';

describe('peering', () => {
  it('connects two VNets when both halves exist', () => {
    const bench = new Bench(withFarVnet(twoVms()));
    expect(end(bench.send('a', THERE))).toBe('c');
    expect(end(bench.send('c', BACK))).toBe('a');
  });

  it('does nothing while one half is missing, and says so', () => {
    const fabric = withFarVnet(twoVms(), false);
    expect(end(new Bench(structuredClone(fabric)).send('a', THERE))).toBe('AZURE_ROUTE_NONE');
    addPeering(fabric, { vnet: 'net', remote: 'far' });
    const bench = new Bench(fabric);
    expect(end(bench.send('a', THERE))).toBe('AZURE_PEERING_DOWN');
    expect(bench.steps.at(-1)?.text).toContain('net → far Initiated, far → net missing');
  });

  it('is down for both when one half was removed', () => {
    const fabric = withFarVnet(twoVms());
    removePeering(fabric, 'far', 'net');
    expect(fabric.peerings[0]?.state).toBe('Disconnected');
    const bench = new Bench(fabric);
    expect(end(bench.send('a', THERE))).toBe('AZURE_PEERING_DOWN');
    expect(end(bench.send('c', BACK))).toBe('AZURE_PEERING_DOWN');
  });

  it('whose other half was never connected leaves that half Initiated, and can be completed again', () => {
    const fabric = withFarVnet(twoVms(), false);
    fabric.peerings.push(addPeering(structuredClone(fabric), { vnet: 'net', remote: 'far' }));
    fabric.peerings.push(addPeering(structuredClone(withFarVnet(twoVms(), false)), { vnet: 'far', remote: 'net' }));
    removePeering(fabric, 'far', 'net');
    expect(fabric.peerings.map(({ vnet, state }) => `${vnet} ${state}`)).toEqual(['net Initiated']);
    addPeering(fabric, { vnet: 'far', remote: 'net' });
    expect(fabric.peerings.map(({ state }) => state)).toEqual(['Connected', 'Connected']);
  });

  it('with access off on either half stops both directions', () => {
    for (const half of [0, 1]) {
      const fabric = withFarVnet(twoVms());
      const off = fabric.peerings[half];
      if (off !== undefined) off.allowVirtualNetworkAccess = false;
      const bench = new Bench(fabric);
      expect(end(bench.send('a', THERE))).toBe('AZURE_PEERING_DOWN');
      expect(end(bench.send('c', BACK))).toBe('AZURE_PEERING_DOWN');
    }
  });

  /** Spokes `net` and `far` meet in `hub` with appliance `fw`; each has a route to the other by it. */
  function hubAndSpokes(): Fabric {
    const fabric = withFarVnet(twoVms(), false);
    addVnet(fabric, { name: 'hub', prefixes: [prefix('10.100.0.0/16')] });
    addSubnet(fabric, 'hub', { name: 'fw', prefix: prefix('10.100.0.0/24') });
    nic(fabric, 'fw', 'hub/fw', '10.100.0.4', { enableIPForwarding: true });
    for (const spoke of ['net', 'far']) {
      addPeering(fabric, { vnet: spoke, remote: 'hub' });
      addPeering(fabric, { vnet: 'hub', remote: spoke });
    }
    return fabric;
  }

  function routedByHub(fabric: Fabric): Fabric {
    addRouteTable(fabric, 'rt');
    associate(fabric, 'net/nodes', { routeTable: 'rt' });
    associate(fabric, 'far/vms', { routeTable: 'rt' });
    addUdr(fabric, 'rt', { name: 'all', to: prefix('0.0.0.0/0'), nextHopType: 'VirtualAppliance', nextHopIp: ip('10.100.0.4') });
    return fabric;
  }

  it('is not transitive', () => {
    expect(end(new Bench(hubAndSpokes()).send('a', THERE))).toBe('AZURE_ROUTE_NONE');
  });

  it('lets a UDR lead to an appliance in a peer, which forwards only where the receiving half allows forwarded traffic', () => {
    const fabric = routedByHub(hubAndSpokes());
    const bench = new Bench(structuredClone(fabric));
    expect(end(bench.send('a', THERE))).toBe('fw');
    expect(end(bench.send('fw', THERE))).toBe('AZURE_PEERING_FORWARDED');
    for (const half of fabric.peerings) half.allowForwardedTraffic = half.remote === 'hub';
    const allowed = new Bench(fabric);
    expect(end(allowed.send('a', THERE))).toBe('fw');
    expect(end(allowed.send('fw', THERE))).toBe('c');
    expect(end(allowed.send('c', BACK))).toBe('fw');
    expect(end(allowed.send('fw', BACK))).toBe('a');
  });
});
