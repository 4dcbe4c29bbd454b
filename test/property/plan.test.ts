import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSandbox } from '../../src/aks/build/sandbox.ts';
import { modeOf } from '../../src/aks/modes/modes.ts';
import { formatIpv4, ip } from '../../src/wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, overlaps } from '../../src/wire/prefix.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { build, buildOrRefuse, freshSession } from './support/built.ts';
import { type Find, SEARCH_MS, expectNoFind, runs } from './support/find.ts';
import { aMinuteLater, after, drawnOperation, editIn } from './support/operations.ts';
import { type ClusterScenario, MODES, clusters } from './support/recipe.ts';

const UDRS = 400;

/** I4: in kubenet each node has one route, to its pods by its present address, and there is no other; elsewhere there is no table. */
function routesAgree({ cluster, fabric }: FrozenWorld): string[] {
  const routes = (fabric?.routeTables ?? []).flatMap((table) => table.routes);
  if (cluster?.mode !== 'kubenet') return routes.length === 0 ? [] : ['there are routes in a mode that needs none'];
  const wanted = Object.values(cluster.nodes).map(
    ({ podCidr, addr }) => `${podCidr === null ? '' : formatPrefix(podCidr)} via ${formatIpv4(addr)}`,
  );
  const found = routes.map(({ destination, nextHopIp, nextHopType }) => {
    const to = destination.kind === 'prefix' ? formatPrefix(destination.prefix) : destination.tag;
    return `${to} via ${nextHopIp === null || nextHopType !== 'VirtualAppliance' ? nextHopType : formatIpv4(nextHopIp)}`;
  });
  const same = String(found.toSorted()) === String(wanted.toSorted()) && found.length <= UDRS;
  return same ? [] : [`routes ${found.join(', ')} for nodes ${wanted.join(', ')}`];
}

/** I5: pods of nodes, services, subnets and peered networks have ranges of their own. */
function rangesAreApart({ cluster, fabric }: FrozenWorld): string[] {
  if (cluster === null || fabric === null) return [];
  const { podCidr, serviceCidr } = cluster.network;
  const nodes = Object.values(cluster.nodes).flatMap(({ podCidr: own }) => (own === null ? [] : [own]));
  const subnets = fabric.vnets.flatMap((vnet) => vnet.subnets.map(({ prefix }) => prefix));
  const found = [
    ...clashes('nodes', nodes, nodes),
    ...clashes('pods and services', podCidr === null ? [] : [podCidr], [serviceCidr]),
    ...clashes('services and subnets', [serviceCidr], subnets),
    ...clashes('pods and subnets', podCidr === null ? [] : [podCidr], subnets),
  ];
  const outside = nodes.filter((own) => podCidr === null || !contains(podCidr, own.addr));
  if (outside.length > 0) found.push(`nodes have ${outside.map(formatPrefix).join(', ')}, which is none of the pods' range`);
  for (const { vnet, remote } of fabric.peerings) {
    const [a, b] = [vnet, remote].map((name) => fabric.vnets.find((one) => one.name === name)?.prefixes ?? []);
    found.push(...clashes(`${vnet} and ${remote}`, a ?? [], b ?? []));
  }
  return found;
}

function clashes(what: string, mine: readonly Prefix[], theirs: readonly Prefix[]): string[] {
  return mine.flatMap((one, i) =>
    theirs
      .filter((other, j) => (mine !== theirs || i < j) && overlaps(one, other))
      .map((other) => `${what}: ${formatPrefix(one)} overlaps ${formatPrefix(other)}`),
  );
}

/** I11: nobody has an address twice, and no node more pods than addresses for them. */
function addressesSuffice(world: FrozenWorld): string[] {
  const { cluster, fabric } = world;
  if (cluster === null || fabric === null) return [];
  const found: string[] = [];
  const taken = new Set<string>();
  const take = (addr: string, who: string): void => {
    if (taken.has(addr)) found.push(`${who} has ${addr}, which is taken`);
    taken.add(addr);
  };
  for (const node of Object.values(cluster.nodes)) {
    const nic = fabric.nics.find(({ name }) => name === node.nic);
    const own = new Set(nic?.ipconfigs.filter(({ addr }) => addr !== node.addr).map(({ addr }) => formatIpv4(addr)));
    take(formatIpv4(node.addr), node.name);
    const pods = Object.entries(cluster.sandboxes).filter(([, sandbox]) => sandbox.node === node.name && !sandbox.hostNetwork);
    for (const [pod, sandbox] of pods) {
      for (const addr of podAddresses(world, sandbox)) {
        take(addr, pod);
        const isOwn = node.podCidr === null ? own.has(addr) : contains(node.podCidr, ip(addr));
        if (!isOwn) found.push(`${pod} has ${addr}, which is none of ${node.name}`);
      }
    }
    const capacity = node.podCidr === null ? cluster.network.maxPods - 2 : 254;
    const used = pods.filter(([, sandbox]) => podAddresses(world, sandbox).length > 0).length;
    if (used > capacity) found.push(`${node.name} has ${used} pods and ${capacity} addresses`);
  }
  return found;
}

function podAddresses({ machines }: FrozenWorld, { machine, netns }: { readonly machine: string; readonly netns: string }): string[] {
  const links = machines[machine]?.netns[netns]?.links ?? [];
  return links.filter(({ name }) => name === 'eth0').flatMap(({ addresses }) => addresses.map(({ local }) => formatIpv4(local)));
}

/** What ADD made is all there, as CHECK sees it. */
function sandboxesAreWhole(world: FrozenWorld): string[] {
  const { cluster } = world;
  if (cluster === null) return [];
  return cluster.objects.pods.flatMap((pod) => {
    const complaint = checkSandbox(world, cluster, modeOf(cluster), pod);
    return complaint === null || cluster.sandboxes[`${pod.namespace}/${pod.name}`]?.error === complaint
      ? []
      : [`${pod.name}: ${complaint}`];
  });
}

const INVARIANTS: readonly [name: string, holds: (world: FrozenWorld) => string[]][] = [
  ['I4: routes agree with nodes', routesAgree],
  ['I5: ranges are apart', rangesAreApart],
  ['I11: addresses suffice, and nobody has one twice', addressesSuffice],
  ['CHECK is content with every pod', sandboxesAreWhole],
];

/** Ranges that meet often. */
const range = fc
  .tuple(fc.constantFrom('10.0', '10.1', '10.224', '10.244', '172.16', '192.168'), fc.nat(3), fc.integer({ min: 12, max: 29 }))
  .map(([start, third, len]) => `${start}.${third * 64}.0/${len}`);

const carelessPlan: fc.Arbitrary<ClusterScenario> = fc
  .record({
    mode: fc.constantFrom(...MODES),
    nodes: fc.integer({ min: 1, max: 6 }),
    vnet: range,
    subnet: range,
    podCidr: range,
    serviceCidr: range,
    maxPods: fc.constantFrom(10, 30, 110),
    peer: fc.option(fc.tuple(range, range)),
    sensible: fc.boolean(),
  })
  .map(({ mode, nodes, vnet, subnet, podCidr, serviceCidr, maxPods, peer, sensible }) => ({
    cluster: { mode, nodes, maxPods, vnet: { name: 'vnet', prefixes: [vnet] }, subnet: sensible ? vnet : subnet, podCidr, serviceCidr },
    pods: [{ name: 'pod', node: 0, listens: ['tcp/80'] }],
    ...(peer === null
      ? {}
      : {
          azure: {
            vnets: [{ name: 'peer', prefixes: [peer[0]], subnets: [{ name: 'main', prefix: sensible ? peer[0] : peer[1] }] }],
            peerings: [{ vnet: 'vnet', remote: 'peer' }],
          },
        }),
  }));

function broken(world: FrozenWorld): Find[] {
  return INVARIANTS.flatMap(([name, holds]) => holds(world).map((sentence) => ({ sentence: `${name}: ${sentence}` })));
}

describe('the plan of a cluster', () => {
  it('is refused in words, or keeps ranges, routes and addresses apart, whatever ranges are asked for', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'address plans are refused or sound',
      carelessPlan,
      (scenario) => scenario,
      (scenario) => {
        const world = buildOrRefuse(scenario);
        return world === null ? [] : broken(world);
      },
      400,
    );
  });

  it('is not always refused', () => {
    const built = fc.sample(carelessPlan, { numRuns: runs(200) }).filter((scenario) => buildOrRefuse(scenario) !== null);
    expect(built.length).toBeGreaterThan(2);
  });

  it('stays sound through any edits by kubectl and az', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'edits keep the plan sound',
      fc.tuple(clusters, fc.array(drawnOperation, { maxLength: 12 })),
      ([scenario]) => scenario,
      ([scenario, edits]) => {
        let world = build(scenario);
        const session = freshSession(world);
        const steps = edits.flatMap((one) => {
          const step = editIn(world, one);
          if (step === null) return [];
          world = after(world, step, session);
          return [step];
        });
        return broken(aMinuteLater(world, session)).map((find) => ({ ...find, steps }));
      },
      80,
    );
  });
});
