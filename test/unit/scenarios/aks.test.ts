import { readSysctl } from '../../../src/linux/sysctl.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Netns } from '../../../src/linux/netns.ts';
import { type OpenScenario, openScenario } from '../../../src/scenario/open.ts';
import { formatIpv4 } from '../../../src/wire/ipv4.ts';

const MAIN = 254;
const FOLDER = path.join(import.meta.dirname, '../../../scenarios');

function open(name: string): OpenScenario {
  return openScenario(readFileSync(path.join(FOLDER, name), 'utf8'), { file: path.join(FOLDER, name) });
}

function netnsOf({ world }: OpenScenario, machine: string, netns = 'root'): Netns {
  const found = world.machines[machine]?.netns[netns];
  if (found === undefined) throw new RangeError(`${machine} has no namespace ${netns}`);
  return found;
}

/** The namespace of a pod and the machine that it runs on. */
function podOf(scenario: OpenScenario, pod: string): Netns {
  const sandbox = scenario.world.cluster?.sandboxes[pod];
  if (sandbox === undefined) throw new RangeError(`there is no pod ${pod}`);
  return netnsOf(scenario, sandbox.machine, sandbox.netns);
}

/** The main table as `destination/length gateway metric device`, sorted. */
function routesOf({ fib }: Netns): string[] {
  const routes = fib.find(({ id }) => id === MAIN)?.routes ?? [];
  return routes
    .map(({ dst, len, metric, nexthops: [hop] }) => {
      const via = hop?.via ?? null;
      return `${formatIpv4(dst)}/${len} ${via === null ? '-' : formatIpv4(via)} ${metric} ${hop?.dev ?? '-'}`;
    })
    .sort();
}

describe('the node-subnet cluster akscni', () => {
  const scenario = open('aks-azure.yaml');
  const node = netnsOf(scenario, 'aks-nodepool1-59385832-vmss000000');
  const pod = podOf(scenario, 'default/nginx');

  test('the node has the routes that route -n printed', () => {
    const printed = [
      '0.0.0.0/0 10.224.0.1 100 eth0',
      '10.224.0.0/16 - 100 eth0',
      '10.224.0.1/32 - 100 eth0',
      '10.224.0.24/32 - 0 azvc440f455693',
      '168.63.129.16/32 10.224.0.1 100 eth0',
      '169.254.169.254/32 10.224.0.1 100 eth0',
    ];
    expect(routesOf(node).filter((route) => !route.startsWith('10.224.0.11/32'))).toEqual(printed);
    expect(routesOf(node).find((route) => route.startsWith('10.224.0.11/32'))).toMatch(/^10\.224\.0\.11\/32 - 0 azv[0-9a-f]{11}$/);
  });

  test("the pod's end of the veth is on the node, with the MAC that every such end has", () => {
    const end = node.links.find(({ name }) => name === 'azvc440f455693');
    expect(end?.mac).toBe('aa:aa:aa:aa:aa:aa');
    expect(end?.addresses).toEqual([]);
    expect(end?.mtuBytes).toBe(1500);
    expect(readSysctl(node.sysctls, 'net.ipv4.conf.azvc440f455693.proxy_arp')).toBe('1');
  });

  test('the pod has its address with the length of the subnet, and one gateway whose MAC it was told', () => {
    const eth0 = pod.links.find(({ name }) => name === 'eth0');
    expect(eth0?.addresses.map(({ local, len }) => `${formatIpv4(local)}/${len}`)).toEqual(['10.224.0.24/16']);
    expect(routesOf(pod)).toEqual(['0.0.0.0/0 169.254.1.1 0 eth0', '169.254.1.1/32 - 0 eth0']);
    expect(pod.neighbours.map(({ ip, mac, state }) => [formatIpv4(ip), mac, state])).toEqual([
      ['169.254.1.1', 'aa:aa:aa:aa:aa:aa', 'probe'],
    ]);
  });

  test('the NIC holds 28 addresses besides its own', () => {
    const nic = scenario.world.fabric?.nics.find(({ name }) => name.startsWith('aks-nodepool1-59385832-vmss000000'));
    expect(nic?.ipconfigs.length).toBe(29);
  });
});

test.each([
  ['aks-azure-traffic.yaml', 'default/nginx', 'default/nginx2:80', 1410],
  ['aks-kubenet.yaml', 'default/client', 'default/nginx:80', 1418],
])('%s: 1460 arrives as less in both directions', (name, from, to, mss) => {
  const { legs, delivered } = open(name).trace({ from, to });
  const answer = legs.find(({ kind }) => kind === 'reply')?.hops;
  expect(delivered?.mss).toBe(mss);
  expect(answer?.at(0)?.tx).toMatchObject({ mss: 1460 });
  expect(answer?.at(-1)?.rx).toMatchObject({ mss });
});

test.each([
  ['aks-azure.yaml', false, []],
  ['aks-kubenet.yaml', true, ['aks-agentpool-12544801-routetable']],
  ['aks-overlay.yaml', true, []],
])('%s: IP forwarding of the NICs and route tables are as az printed them', (name, forwarding, tables) => {
  const { world } = open(name);
  const nodes = new Set(Object.values(world.cluster?.nodes ?? {}).map(({ nic }) => nic));
  const nics = world.fabric?.nics.filter((nic) => nodes.has(nic.name)) ?? [];
  expect(new Set(nics.map(({ enableIPForwarding }) => enableIPForwarding))).toEqual(new Set([forwarding]));
  expect(world.fabric?.routeTables.map((table) => table.name)).toEqual(tables);
});

test('the kubenet route table has one route for each node, to its address', () => {
  const { world } = open('aks-kubenet.yaml');
  const routes = world.fabric?.routeTables[0]?.routes ?? [];
  expect(routes.map(({ name, nextHopIp }) => [name, nextHopIp === null ? null : formatIpv4(nextHopIp)])).toEqual(
    Object.values(world.cluster?.nodes ?? {}).map(({ name, addr }) => [name, formatIpv4(addr)]),
  );
});
