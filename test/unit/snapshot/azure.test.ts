import { describe, expect, it } from 'vitest';
import { change, dumpsOf, open, problemsOf, walk } from './exported.ts';

const KUBENET = `
cluster: { mode: kubenet }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
services:
  - { name: edge, type: LoadBalancer, ports: [80], selector: { app: web } }
`;

const dumps = dumpsOf(KUBENET);
type Row = Record<string, unknown>;
const rows = (recipe: (row: Row) => Row) => (list: unknown) => (list as Row[]).map(recipe);

describe('the lists of az network', () => {
  it('become the fabric, and NICs belong to the link ends with their address', () => {
    const { fabric, machines } = open(dumps).world;
    expect(fabric?.nics.map(({ name, machine }) => `${name} ${machine}`)).toEqual([
      'node-0-nic node-0/root/eth0',
      'node-1-nic node-1/root/eth0',
    ]);
    expect(machines['node-0']?.netns['root']?.links.find(({ name }) => name === 'eth0')?.kind).toEqual({
      type: 'end',
      wire: null,
      nic: 'node-0-nic',
    });
    expect(walk(open(dumps), 'default/client', 'default/web:80').outcome).toBe('replied');
  });

  it('are read as other versions of az spell them, and with the NICs of scale sets', () => {
    const group = '/subscriptions/1/resourceGroups/MC_rg/providers/Microsoft';
    const instance = (row: Row, i: number): Row => ({
      ...row,
      name: 'aks-nodepool1-vmss',
      id: `${group}.Compute/virtualMachineScaleSets/aks-vmss/virtualMachines/${i}/networkInterfaces/aks-nodepool1-vmss`,
      enableIpForwarding: row['enableIPForwarding'],
      enableIPForwarding: undefined,
    });
    const nics = (JSON.parse(dumps.get('azure/nic.json') ?? '') as Row[]).map(instance);
    const files = new Map([...dumps, ['azure/nic.json', '[]'], ['azure/vmss-nic.json', JSON.stringify(nics)], ['azure/lb.json', '[]']]);
    const { fabric } = open(files).world;
    expect(fabric?.nics.map(({ name }) => name)).toEqual(['aks-vmss_0.aks-nodepool1-vmss', 'aks-vmss_1.aks-nodepool1-vmss']);
    expect(walk(open(files), 'default/client', 'default/web:80').outcome).toBe('replied');
  });

  it('give the NIC to the device that packets use where a virtual function below it has the same address', () => {
    const files = change(dumps, 'node-0/root/link.json', (list) => {
      const eth0 = (list as Row[]).find(({ ifname }) => ifname === 'eth0');
      return [
        ...(list as Row[]),
        { ...eth0, ifindex: 99, ifname: 'enP1s1', master: 'eth0', flags: ['BROADCAST', 'SLAVE', 'UP', 'LOWER_UP'] },
      ];
    });
    expect(open(files).world.fabric?.nics[0]?.machine).toBe('node-0/root/eth0');
  });

  it('leave walks UNKNOWN that meet what was not collected', () => {
    const without = (name: string): ReturnType<typeof open> => open(new Map([...dumps].filter(([file]) => file !== `azure/${name}.json`)));
    const nsg = walk(without('nsg'), 'default/client', 'default/web:80');
    expect([nsg.outcome, nsg.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
    expect(nsg.text).toContain('azure/nsg.json was not collected, and aks-agentpool-12345678-nsg is used');
    const routes = walk(without('route-table'), 'default/client', 'default/web:80');
    expect([routes.outcome, routes.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
    const lb = without('lb');
    expect(walk(lb, 'default/client', 'default/web:80').outcome).toBe('replied');
    expect([walk(lb, 'default/client', '203.0.113.10:80').outcome, walk(lb, 'internet', '198.51.100.9:80').outcome]).toEqual([
      'unknown',
      'unknown',
    ]);
    const nobody = open(
      change(
        dumps,
        'azure/nic.json',
        rows((row) => (row['name'] === 'node-1-nic' ? { ...row, macAddress: '00-0D-3A-00-00-99' } : row)),
      ),
    );
    const missing = walk(nobody, 'default/client', 'node/node-1');
    expect([missing.outcome, missing.reason]).toEqual(['unknown', 'NOT_COLLECTED']);
    expect(missing.text).toContain('node-1-nic takes the packet, and its machine was not collected');
  });

  it('are compared with effective routes, and differences are UNKNOWN for packets that they would take', () => {
    const listed = [
      { state: 'Active', source: 'Default', addressPrefix: ['10.224.0.0/12'], nextHopType: 'VnetLocal', nextHopIpAddress: [] },
      { state: 'Active', source: 'Default', addressPrefix: ['0.0.0.0/0'], nextHopType: 'Internet', nextHopIpAddress: [] },
      ...['10.244.0.0/24', '10.244.1.0/24'].map((range) => ({
        state: 'Active',
        source: 'User',
        addressPrefix: [range],
        nextHopType: 'VirtualAppliance',
      })),
      ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map((range) => ({
        state: 'Active',
        source: 'Default',
        addressPrefix: [range],
        nextHopType: 'None',
      })),
    ];
    const file = 'azure/effective-routes/node-0-nic.json';
    const same = open(new Map([...dumps, [file, JSON.stringify({ value: listed })]]));
    expect(same.world.fabric?.gaps).toBeUndefined();
    const other = listed.map((row) => (row.addressPrefix[0] === '10.244.1.0/24' ? { ...row, nextHopType: 'None' } : row));
    const differs = open(new Map([...dumps, [file, JSON.stringify({ value: other })]]));
    expect(differs.world.fabric?.gaps?.map(({ text }) => text)).toEqual([
      'azure/effective-routes/node-0-nic.json has None for 10.244.1.0/24, and the tables give VirtualAppliance',
    ]);
    expect(walk(differs, 'default/client', 'default/web:80').outcome).toBe('unknown');
    expect(walk(differs, 'default/client', 'node/node-1').outcome).toBe('replied');
  });

  it('point at what is wrong in them', () => {
    const bad = (file: string, text: string): string[] => problemsOf(new Map([...dumps, [file, text]]));
    expect(bad('azure/nsg.json', '{}')).toEqual(['snap/azure/nsg.json:1:1: the document is a mapping; expected a list']);
    expect(bad('azure/vnet.json', '[')).toEqual(['snap/azure/vnet.json:1:2: the text ends here; expected a JSON value']);
    expect(bad('azure/public-ip.json', '[{"name": "p", "id": "p"}]')).toContainEqual(
      'snap/azure/public-ip.json:1:22: [0].id is "p"; expected a resource id: /subscriptions/…/resourceGroups/…/providers/…',
    );
    const rule = { name: 'r', priority: 5000, direction: 'Inbound', access: 'Allow', protocol: 'Tcp' };
    expect(bad('azure/nsg.json', JSON.stringify([{ name: 'g', securityRules: [rule] }]))).toEqual([
      'snap/azure/nsg.json:1:54: [0].securityRules[0].priority is 5000; expected a whole number from 100 to 4096',
    ]);
    const noVnet = new Map([...dumps].filter(([file]) => file !== 'azure/vnet.json'));
    expect(problemsOf(noVnet)).toEqual([
      'snap/azure/vnet.json:1:1: there is no such file; expected the list that az network vnet list -o json prints',
    ]);
  });
});
