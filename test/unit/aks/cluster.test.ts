import { describe, expect, it } from 'vitest';
import { buildCluster } from '../../../src/aks/build-cluster.ts';
import { addSandbox } from '../../../src/aks/build/sandbox.ts';
import { findMode } from '../../../src/aks/modes/modes.ts';
import { probeResults } from '../../../src/aks/probe-health.ts';
import { reconcile } from '../../../src/aks/reconcile.ts';
import { pauseAgent, resumeAgent } from '../../../src/aks/agents/pause.ts';
import type { ClusterSpec } from '../../../src/aks/spec.ts';
import type { ClusterObjects } from '../../../src/kube/objects/cluster-objects.ts';
import { NO_OBJECTS } from '../../../src/kube/objects/cluster-objects.ts';
import { type Pod, newPod } from '../../../src/kube/objects/pod.ts';
import { type Service, newService } from '../../../src/kube/objects/service.ts';
import type { Host, Netns } from '../../../src/linux/netns.ts';
import { printTable } from '../../../src/linux/netfilter/print.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { formatPrefix, prefix } from '../../../src/wire/prefix.ts';
import type { Cluster } from '../../../src/world/cluster.ts';
import { freeze } from '../../../src/world/freeze.ts';
import { edit } from '../../../src/world/history.ts';
import type { World } from '../../../src/world/world.ts';

const MODES = ['kubenet', 'azure', 'overlay'] as const;

function pod(name: string, node: string, more: Partial<Pod> = {}): Pod {
  const ports = [{ name: null, port: 8080, protocol: 'TCP' as const, hostPort: null, hostIP: null }];
  return newPod({ namespace: 'default', name, nodeName: node, labels: { app: 'web' }, ports, ...more });
}

function service(more: Partial<Service> = {}): Service {
  const ports = [{ name: '', port: 80, targetPort: 8080, protocol: 'TCP' as const, nodePort: 0, appProtocol: null }];
  return newService({ namespace: 'default', name: 'web', selector: { app: 'web' }, ports, ...more });
}

function objects(pods: readonly Pod[], services: readonly Service[] = []): ClusterObjects {
  return { ...NO_OBJECTS, pods, services };
}

function world(spec: ClusterSpec): World & { cluster: Cluster } {
  const built = buildCluster(spec);
  const cluster = built.world?.cluster ?? null;
  if (built.world === null || cluster === null) throw new Error(JSON.stringify(built.problems));
  return { ...built.world, cluster };
}

const NODES = [{ name: 'node-0' }, { name: 'node-1' }];

function twoNodes(mode: string, services: readonly Service[] = []): World & { cluster: Cluster } {
  return world({ mode, nodes: NODES, objects: objects([pod('a', 'node-0'), pod('b', 'node-1')], services) });
}

function root(of: World, machine: string): Netns {
  const found = of.machines[machine]?.netns['root'];
  if (found === undefined) throw new Error(`no machine ${machine}`);
  return found;
}

function chain(netns: Netns, table: 'nat' | 'filter', name: string): string[] {
  const found = netns.iptables[table];
  return found === undefined
    ? []
    : printTable(found)
        .split('\n')
        .filter((line) => line.startsWith(`-A ${name} `));
}

describe('a cluster', () => {
  it.each([
    ['kubenet', true, 42],
    ['azure', false, 50],
    ['overlay', true, 50],
  ])('in mode %s has the NIC flag, the MSS and the route table of its kind', (mode, forwarding, mss) => {
    const { fabric, cluster } = twoNodes(mode);
    expect(fabric?.nics.map((nic) => nic.enableIPForwarding)).toEqual([forwarding, forwarding]);
    expect(fabric?.mssDeltaBytes).toBe(mss);
    const subnet = fabric?.vnets[0]?.subnets[0];
    expect(subnet?.routeTable).toBe(mode === 'kubenet' ? 'aks-agentpool-12345678-routetable' : null);
    expect(fabric?.overlays.flatMap((domain) => domain.nodes.map((node) => formatPrefix(node.prefixes[0]!)))).toEqual(
      mode === 'overlay' ? ['10.244.0.0/24', '10.244.1.0/24'] : [],
    );
    expect(fabric?.nics.map((nic) => nic.ipconfigs.length)).toEqual(mode === 'azure' ? [29, 29] : [1, 1]);
    expect(cluster.objects.nodes.map((node) => node.internalIPs)).toEqual(
      mode === 'azure' ? [['10.224.0.4'], ['10.224.0.33']] : [['10.224.0.4'], ['10.224.0.5']],
    );
  });

  it('in mode kubenet has one route for each node, called like the node', () => {
    const { fabric } = twoNodes('kubenet');
    expect(
      fabric?.routeTables[0]?.routes.map(({ name, destination, nextHopType, nextHopIp }) => [
        name,
        destination.kind === 'prefix' ? formatPrefix(destination.prefix) : '',
        nextHopType,
        nextHopIp === null ? '' : formatIpv4(nextHopIp),
      ]),
    ).toEqual([
      ['node-0', '10.244.0.0/24', 'VirtualAppliance', '10.224.0.4'],
      ['node-1', '10.244.1.0/24', 'VirtualAppliance', '10.224.0.5'],
    ]);
  });

  it.each(MODES)('in mode %s puts the addresses that pods got into their objects and into endpoint slices', (mode) => {
    const { cluster } = twoNodes(mode, [service()]);
    const ips = cluster.objects.pods.map((one) => one.podIPs[0]);
    expect(ips.every((text) => text !== undefined)).toBe(true);
    expect(cluster.objects.endpointSlices.flatMap((slice) => slice.endpoints.map((endpoint) => endpoint.addresses[0]))).toEqual(ips);
    expect(Object.values(cluster.sandboxes).map((sandbox) => formatIpv4(sandbox.attachment!.addr))).toEqual(ips);
  });

  it.each([
    ['kubenet', ['-d 10.244.0.0/16']],
    ['azure', ['-d 10.224.0.0/12']],
    ['overlay', ['-d 10.244.0.0/16']],
  ])('in mode %s does not masquerade what stays inside', (mode, kept) => {
    const rules = chain(root(twoNodes(mode), 'node-0'), 'nat', 'IP-MASQ-AGENT');
    expect(rules.filter((line) => line.endsWith('RETURN')).map((line) => /-d \S+/.exec(line)?.[0])).toEqual(kept);
    expect(rules.at(-1)).toContain('MASQUERADE');
  });

  it.each(MODES)('in mode %s keeps pods from the WireServer, below the rules of kube-proxy', (mode) => {
    const forward = chain(root(twoNodes(mode), 'node-0'), 'filter', 'FORWARD');
    expect(forward.slice(-2)).toEqual([
      '-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 32526 -j DROP',
      '-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP',
    ]);
    expect(forward[1]).toContain('KUBE-FORWARD');
  });

  it('gives a LoadBalancer service a frontend, a rule with floating IP, a probe and a security rule', () => {
    const { fabric, cluster } = twoNodes('azure', [service({ type: 'LoadBalancer' })]);
    const lb = fabric?.loadBalancers.find((one) => one.name === 'kubernetes');
    const vip = cluster.objects.services[0]?.ingress[0]?.ip.text;
    expect(vip).toBe('198.51.100.2');
    const frontend = lb?.frontends.find((one) => formatIpv4(one.addr) === vip);
    expect(lb?.rules).toMatchObject([
      { frontend: frontend?.name, frontendPort: 80, backendPort: 80, floatingIp: true, idleMinutes: 4, tcpReset: true },
    ]);
    expect(lb?.probes).toMatchObject([{ protocol: 'tcp', port: cluster.objects.services[0]?.ports[0]?.nodePort }]);
    expect(lb?.pools.map((pool) => [pool.name, pool.members.length])).toEqual([
      ['aksOutboundBackendPool', 2],
      ['kubernetes', 2],
    ]);
    expect(fabric?.nsgs[0]?.rules).toMatchObject([
      { priority: 500, access: 'Allow', destinations: [{ prefix: { addr: ip('198.51.100.2'), len: 32 } }] },
    ]);
  });

  it('takes the address of an internal frontend from the subnet, and opens nothing for it', () => {
    const annotations = { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' };
    const { fabric, cluster } = twoNodes('overlay', [service({ type: 'LoadBalancer', annotations })]);
    expect(cluster.objects.services[0]?.ingress[0]?.ip.text).toBe('10.224.0.6');
    expect(fabric?.loadBalancers.find((one) => one.name === 'kubernetes-internal')?.frontends[0]?.subnet).toBe(
      'aks-vnet-12345678/aks-subnet',
    );
    expect(fabric?.nsgs[0]?.rules).toEqual([]);
  });

  it('answers health checks only where an endpoint is, when traffic stays local', () => {
    const local = service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    const of = world({ mode: 'azure', nodes: NODES, objects: objects([pod('a', 'node-0')], [local]) });
    expect(probeResults(freeze(of)).map(({ nic, healthy }) => [nic, healthy])).toEqual([
      ['node-0-nic', true],
      ['node-1-nic', false],
    ]);
    const port = of.cluster.objects.services[0]?.healthCheckNodePort;
    for (const { name } of NODES) expect(root(of, name).sockets.map((socket) => socket.port)).toContain(port);
  });

  it('fails the probe of a service whose target port nobody listens on', () => {
    const wrong = service({
      type: 'LoadBalancer',
      ports: [{ name: '', port: 80, targetPort: 9999, protocol: 'TCP', nodePort: 0, appProtocol: null }],
    });
    expect(probeResults(freeze(twoNodes('azure', [wrong]))).map((result) => result.healthy)).toEqual([false, false]);
  });

  it('opens what containers declare and what the description adds', () => {
    const spec: ClusterSpec = {
      mode: 'overlay',
      nodes: NODES,
      objects: objects([pod('a', 'node-0')]),
      listens: [{ pod: 'default/a', proto: 'udp', port: 53 }],
    };
    const { machines, cluster } = world(spec);
    const netns = machines['node-0']?.netns[cluster.sandboxes['default/a']!.netns];
    expect(netns?.sockets.map(({ proto, port }) => `${proto}/${port}`)).toEqual(['tcp/8080', 'udp/53']);
  });

  it('runs pods on the host network in the first namespace of their node', () => {
    const { cluster, machines } = world({ mode: 'azure', nodes: NODES, objects: objects([pod('agent', 'node-1', { hostNetwork: true })]) });
    expect(cluster.sandboxes['default/agent']).toMatchObject({ machine: 'node-1', netns: 'root', hostNetwork: true, attachment: null });
    expect(cluster.objects.pods[0]?.podIPs).toEqual(['10.224.0.33']);
    expect(machines['node-1']?.netns['root']?.sockets.map((socket) => socket.port)).toContain(8080);
  });

  it('leaves a pod without an address when the node has none left, and says what kubelet says', () => {
    const pods = Array.from({ length: 10 }, (_, i) => pod(`p${i}`, 'node-0'));
    const { world: of, notices } = buildCluster({ mode: 'azure', maxPods: 10, nodes: [{ name: 'node-0' }], objects: objects(pods) });
    expect(notices).toHaveLength(2);
    expect(notices[0]?.message).toMatch(/^Failed to create pod sandbox: .*: Failed to allocate address: No available addresses$/);
    expect(of?.cluster?.objects.pods.filter((one) => one.phase === 'Pending')).toHaveLength(2);
    expect(Object.keys(of?.machines['node-0']?.netns ?? {})).toHaveLength(9);
  });

  it('puts a pod with a given address on the node whose range it is from', () => {
    const { cluster } = world({
      mode: 'kubenet',
      nodes: NODES,
      objects: objects([pod('a', 'x', { nodeName: null, podIPs: ['10.244.1.7'] })]),
    });
    expect(cluster.sandboxes['default/a']?.node).toBe('node-1');
  });

  it.each<[string, ClusterSpec, string]>([
    ['an unknown mode', { mode: 'magic', nodes: [{}] }, 'there is no such network mode'],
    [
      'a pod on a node that does not exist',
      { mode: 'azure', nodes: [{}], objects: objects([pod('a', 'nowhere')]) },
      'is on node nowhere, which does not exist',
    ],
    [
      'two pods of one name',
      { mode: 'azure', nodes: NODES, objects: objects([pod('a', 'node-0'), pod('a', 'node-1')]) },
      'there are two pods default/a',
    ],
    [
      'two pods with one address',
      {
        mode: 'overlay',
        nodes: NODES,
        objects: objects([pod('a', 'node-0', { podIPs: ['10.244.0.9'] }), pod('b', 'node-0', { podIPs: ['10.244.0.9'] })]),
      },
      'have the same address 10.244.0.9',
    ],
    [
      'two machines of one name',
      { mode: 'azure', nodes: NODES, outside: [{ kind: 'vm', name: 'node-0', listens: [] }] },
      'two machines are called node-0',
    ],
    [
      'a VM in a subnet that does not exist',
      { mode: 'azure', nodes: NODES, outside: [{ kind: 'vm', name: 'vm', subnet: 'a/b', listens: [] }] },
      'there is no subnet a/b',
    ],
  ])('refuses %s', (_, spec, text) => {
    const { world: none, problems } = buildCluster(spec);
    expect(none).toBeNull();
    expect(problems.map((problem) => problem.message).join('\n')).toContain(text);
  });

  it('stands beside hosts that are no nodes', () => {
    const { machines, fabric } = world({
      mode: 'azure',
      nodes: NODES,
      vnets: [{ name: 'hub', prefixes: [prefix('10.1.0.0/16')], subnets: [{ name: 'default', prefix: prefix('10.1.0.0/24') }] }],
      peerings: [{ vnet: 'aks-vnet-12345678', remote: 'hub' }],
      outside: [
        { kind: 'vm', name: 'beside', listens: [{ proto: 'tcp', port: 80 }] },
        { kind: 'vm', name: 'nva', subnet: 'hub/default', forwards: true, listens: [] },
        { kind: 'onprem', name: 'dc', addrs: [ip('192.168.7.5')], listens: [] },
      ],
    });
    expect(Object.values(machines).map((host) => [host.name, host.kind])).toEqual([
      ['node-0', 'node'],
      ['node-1', 'node'],
      ['beside', 'vm'],
      ['nva', 'router'],
      ['dc', 'onprem'],
      ['internet', 'internet'],
    ]);
    expect(fabric?.nics.find((nic) => nic.name === 'beside-nic')?.ipconfigs.map((config) => formatIpv4(config.addr))).toEqual([
      '10.224.0.62',
    ]);
    expect(fabric?.nics.find((nic) => nic.name === 'nva-nic')?.enableIPForwarding).toBe(true);
    expect(fabric?.gateways.map((gateway) => [gateway.vnet, gateway.prefixes.map(formatPrefix)])).toEqual([
      ['aks-vnet-12345678', ['192.168.7.0/24']],
    ]);
    expect(fabric?.peerings.map((half) => half.state)).toEqual(['Connected', 'Connected']);
  });
});

describe('building many pods at once', () => {
  it.each(['azure', 'overlay'])('gives the same machine as one pod after the other: %s', (mode) => {
    const pods = Array.from({ length: 12 }, (_, i) =>
      pod(`p${i}`, 'node-0', i % 3 === 0 ? { ports: [{ name: null, port: 80, protocol: 'TCP', hostPort: 9000 + i, hostIP: null }] } : {}),
    );
    const at = (machine: World): Host => machine.machines['node-0']!;
    const bulk = at(world({ mode, nodes: [{ name: 'node-0' }], objects: objects(pods) }));
    const one = world({ mode, nodes: [{ name: 'node-0' }] });
    const network = findMode(mode)!;
    for (const each of pods) addSandbox(one, one.cluster, network, each, []);
    const { iptables: bulkTables, ...bulkRoot } = bulk.netns['root']!;
    const { iptables: tables, ...oneRoot } = at(one).netns['root']!;
    expect(bulkRoot).toEqual(oneRoot);
    expect(printTable(bulkTables.nat!)).toBe(printTable(tables.nat!));
    // The namespaces differ in one thing: when they were made, and so what conf.all and conf.default said by then.
    for (const [name, netns] of Object.entries(bulk.netns)) if (name !== 'root') expect(netns).toEqual(at(one).netns[name]);
  });

  it('shares the tables of nodes that have nothing of their own', () => {
    const nodes = Array.from({ length: 5 }, (_, i) => ({ name: `node-${i}` }));
    const pods = nodes.map(({ name }, i) => pod(`p${i}`, name));
    const of = world({ mode: 'overlay', nodes, objects: objects(pods, [service()]) });
    expect(new Set(nodes.map(({ name }) => root(of, name).iptables)).size).toBe(1);
  });
});

describe('agents', () => {
  function without(of: World, name: string): World {
    return edit(freeze(of), 'tamper', (draft) => {
      const netns = draft.machines['node-0']!.netns['root']!;
      const nat = netns.iptables.nat!;
      netns.iptables = { ...netns.iptables, nat: { name: 'nat', chains: nat.chains.filter((one) => one.name !== name) } };
    }).world;
  }

  it('repair their own rules when their time has come, and not before', () => {
    const broken = without(twoNodes('azure'), 'IP-MASQ-AGENT');
    const later = (toMs: number) =>
      edit(freeze(broken), 'later', (draft) => void reconcile(draft, { kind: 'clock', fromMs: 0, toMs })).world;
    expect(chain(root(later(59_000), 'node-0'), 'nat', 'IP-MASQ-AGENT')).toEqual([]);
    expect(chain(root(later(60_000), 'node-0'), 'nat', 'IP-MASQ-AGENT')).toHaveLength(2);
  });

  it('repair nothing while they are paused', () => {
    const built = without(twoNodes('kubenet'), 'IP-MASQ-AGENT');
    const paused = edit(freeze(built), 'pause', (draft) => {
      pauseAgent(draft.cluster!, 'ip-masq-agent', 'node-0');
      reconcile(draft, { kind: 'clock', fromMs: 0, toMs: 120_000 });
    }).world;
    expect(chain(root(paused, 'node-0'), 'nat', 'IP-MASQ-AGENT')).toEqual([]);
    const resumed = edit(freeze(paused), 'resume', (draft) => {
      resumeAgent(draft.cluster!, 'ip-masq-agent', 'node-0');
      reconcile(draft, { kind: 'clock', fromMs: 120_000, toMs: 180_000 });
    }).world;
    expect(chain(root(resumed, 'node-0'), 'nat', 'IP-MASQ-AGENT')).toHaveLength(2);
  });

  it('of Azure put a deleted route back within half a minute', () => {
    const lost = edit(freeze(twoNodes('kubenet')), 'lose', (draft) => void draft.fabric!.routeTables[0]!.routes.pop()).world;
    const at = (toMs: number) => edit(freeze(lost), 'later', (draft) => void reconcile(draft, { kind: 'clock', fromMs: 0, toMs })).world;
    expect(at(29_000).fabric?.routeTables[0]?.routes).toHaveLength(1);
    expect(at(30_000).fabric?.routeTables[0]?.routes).toHaveLength(2);
  });

  it('of kube-proxy start over when somebody flushed the tables', () => {
    const flushed = edit(freeze(twoNodes('azure', [service()])), 'flush', (draft) => {
      draft.machines['node-1']!.netns['root']!.iptables = {};
    }).world;
    const healed = edit(freeze(flushed), 'later', (draft) => void reconcile(draft, { kind: 'clock', fromMs: 0, toMs: 30_000 })).world;
    expect(chain(root(healed, 'node-1'), 'nat', 'KUBE-SERVICES')).toHaveLength(2);
  });

  it('write the rules of a service that is changed, leave those of others, and forget its UDP entries', () => {
    const dns = service({ name: 'dns', ports: [{ name: '', port: 53, targetPort: 53, protocol: 'UDP', nodePort: 0, appProtocol: null }] });
    const before = freeze(twoNodes('azure', [service(), dns]));
    let forgotten: unknown = null;
    const { world: after } = edit(before, 'unready', (draft) => {
      const cluster = draft.cluster!;
      cluster.objects = { ...cluster.objects, services: cluster.objects.services.filter((one) => one.name !== 'dns') };
      forgotten = reconcile(draft, { kind: 'objects' }).forget;
    });
    const chains = (of: World) => root(of, 'node-0').iptables.nat?.chains ?? [];
    const kept = chains(before).filter((one) => one.name.startsWith('KUBE-S') && one.name !== 'KUBE-SERVICES');
    const still = kept.filter((one) => chains(after).includes(one));
    expect(chains(after).filter((one) => one.name.startsWith('KUBE-SVC-'))).toHaveLength(1);
    expect(still.map((one) => one.name.slice(0, 9))).toEqual(['KUBE-SEP-', 'KUBE-SEP-', 'KUBE-SVC-']);
    expect(forgotten).toMatchObject([
      { kind: 'udp-entries', machine: 'node-0' },
      { kind: 'udp-entries', machine: 'node-1' },
    ]);
    expect(root(after, 'node-0').iptables).toBe(root(after, 'node-1').iptables);
  });
});

describe('a healthy cluster', () => {
  it.each(MODES)('stays the identical World when time goes by: %s', (mode) => {
    const before = freeze(twoNodes(mode, [service()]));
    const { world: after, patches } = edit(
      before,
      'an hour',
      (draft) => void reconcile(draft, { kind: 'clock', fromMs: 0, toMs: 3_600_000 }),
    );
    expect(patches.map((patch) => patch.path.join('/'))).toEqual([]);
    expect(after).toBe(before);
  });
});
