import fc from 'fast-check';
import type { PeeringEntry, VnetEntry } from '../../../src/scenario/schema/azure.ts';
import type { ClusterSection } from '../../../src/scenario/schema/cluster.ts';
import type { OutsideSection } from '../../../src/scenario/schema/outside.ts';
import type { Scenario } from '../../../src/scenario/schema/scenario.ts';
import type { PodEntry, ServiceEntry } from '../../../src/scenario/schema/workload.ts';

export const MODES = ['kubenet', 'azure', 'overlay'] as const;
export type Mode = (typeof MODES)[number];

/** A random cluster as a scenario, so that a failing case is a file that anybody can run. */
export interface ClusterScenario extends Scenario {
  readonly cluster: DrawnCluster;
}

interface DrawnCluster extends ClusterSection {
  readonly mode: Mode;
  readonly nodes: number;
}

/** What the pods of an application listen on, by TCP and by UDP. */
export function appPort(app: number): number {
  return 8001 + app;
}

const APPS = 3;
const NAMESPACES = ['default', 'shop'] as const;

const podRecipe = fc.record({
  node: fc.nat(3),
  app: fc.nat(APPS - 1),
  namespace: oneIn(5),
  hostNetwork: oneIn(6),
  notReady: oneIn(8),
  hostPort: oneIn(8),
});

const serviceRecipe = fc.record({
  app: fc.nat(APPS - 1),
  namespace: oneIn(5),
  type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  udp: oneIn(3),
  externalLocal: fc.boolean(),
  internalLocal: oneIn(4),
  internal: oneIn(4),
  affinity: oneIn(6),
  externalIp: oneIn(6),
  sourceRanges: oneIn(8),
});

const recipe = fc.record({
  mode: fc.constantFrom(...MODES),
  nodes: fc.integer({ min: 1, max: 4 }),
  /** 0 is what `az aks create` takes; others have address spaces and sizes of their own. */
  plan: fc.nat(40),
  subnetBits: fc.integer({ min: 22, max: 25 }),
  podBits: fc.integer({ min: 16, max: 22 }),
  serviceBits: fc.integer({ min: 16, max: 25 }),
  maxPods: fc.integer({ min: 10, max: 14 }),
  oldKernel: oneIn(4),
  pods: fc.array(podRecipe, { minLength: 1, maxLength: 7 }),
  services: fc.array(serviceRecipe, { maxLength: 4 }),
  vms: fc.subarray(['near', 'far', 'peer', 'beyond'] as const),
  office: fc.boolean(),
});

type Recipe = typeof recipe extends fc.Arbitrary<infer T> ? T : never;

/** True once in `n` times; shrinks to false. */
function oneIn(n: number): fc.Arbitrary<boolean> {
  return fc.nat(n - 1).map((number) => number === n - 1 && n > 1);
}

/** A cluster in which nothing is broken, and what surrounds it. */
export const clusters: fc.Arbitrary<ClusterScenario> = recipe.map(scenarioOf);

/** The same, in one mode. */
export function clustersIn(mode: Mode): fc.Arbitrary<ClusterScenario> {
  return recipe.map((drawn) => scenarioOf({ ...drawn, mode }));
}

function scenarioOf(drawn: Recipe): ClusterScenario {
  const { office } = drawn;
  const pods = podEntries(drawn);
  const outside: OutsideSection = {
    ...(drawn.vms.length === 0
      ? {}
      : { vms: drawn.vms.map((where) => ({ name: `vm-${where}`, ...subnetOf(where), listens: ['tcp/80', 'udp/53'] })) }),
    ...(office ? { onprem: [{ name: 'office', ips: ['198.18.7.10'], listens: ['tcp/80', 'udp/53'] }] } : {}),
  };
  return {
    name: 'a random cluster',
    cluster: { mode: drawn.mode, nodes: drawn.nodes, maxPods: drawn.maxPods, ...addressSpaces(drawn), ...kernel(drawn) },
    pods,
    ...(drawn.services.length === 0 ? {} : { services: drawn.services.map(serviceEntry) }),
    ...(Object.keys(outside).length === 0 ? {} : { outside }),
    ...azureOf(drawn),
  };
}

function kernel({ oldKernel }: Recipe): Pick<ClusterSection, 'kernel'> {
  return oldKernel ? { kernel: { brPromiscConntrack: 'old' } } : {};
}

/** The second byte tells ranges apart: networks, pods and services can not meet. */
function addressSpaces({ mode, plan, subnetBits, podBits, serviceBits, vms }: Recipe): Omit<ClusterSection, 'mode' | 'nodes'> {
  const subnets = vms.includes('far') ? [{ name: 'vms', prefix: plan === 0 ? '10.225.0.0/24' : `10.${plan}.64.0/26` }] : [];
  if (plan === 0) return { vnet: { name: 'vnet', ...(subnets.length === 0 ? {} : { subnets }) } };
  return {
    vnet: { name: 'vnet', prefixes: [`10.${plan}.0.0/17`], ...(subnets.length === 0 ? {} : { subnets }) },
    subnet: `10.${plan}.${(plan * 4) % 60}.0/${subnetBits}`,
    serviceCidr: `10.${plan + 100}.0.0/${serviceBits}`,
    ...(mode === 'azure' ? {} : { podCidr: `10.${plan + 50}.0.0/${podBits}` }),
  };
}

function subnetOf(where: 'near' | 'far' | 'peer' | 'beyond'): { subnet?: string } {
  switch (where) {
    case 'near':
      return {};
    case 'far':
      return { subnet: 'vnet/vms' };
    case 'peer':
    case 'beyond':
      return { subnet: `${where}/main` };
  }
}

/** Network `peer` is peered with the cluster's, network `beyond` with `peer` alone. */
function azureOf({ vms }: Recipe): Pick<Scenario, 'azure'> {
  const vnets: VnetEntry[] = [];
  const peerings: PeeringEntry[] = [];
  if (vms.includes('peer') || vms.includes('beyond')) {
    vnets.push({ name: 'peer', prefixes: ['10.200.0.0/16'], subnets: [{ name: 'main', prefix: '10.200.1.0/24' }] });
    peerings.push({ vnet: 'vnet', remote: 'peer' });
  }
  if (vms.includes('beyond')) {
    vnets.push({ name: 'beyond', prefixes: ['10.201.0.0/16'], subnets: [{ name: 'main', prefix: '10.201.1.0/24' }] });
    peerings.push({ vnet: 'peer', remote: 'beyond' });
  }
  return vnets.length === 0 ? {} : { azure: { vnets, peerings } };
}

/** Two pods on the network of one node can not listen on the same port, so that only the first stays there. */
function podEntries({ pods, nodes }: Recipe): PodEntry[] {
  const onHost = new Set<string>();
  return pods.map((pod, index) => {
    const node = pod.node % nodes;
    const place = `${node} ${pod.app}`;
    const hostNetwork = pod.hostNetwork && !onHost.has(place);
    if (hostNetwork) onHost.add(place);
    const port = appPort(pod.app);
    return {
      name: `pod-${index}`,
      ...(pod.namespace ? { namespace: NAMESPACES[1] } : {}),
      node,
      labels: { app: `app-${pod.app}` },
      listens: [`tcp/${port}`, `udp/${port}`],
      ...(hostNetwork ? { hostNetwork } : {}),
      ...(pod.notReady ? { ready: false } : {}),
      ...(pod.hostPort && !hostNetwork ? { hostPorts: [{ hostPort: 9000 + index, port }] } : {}),
    };
  });
}

function serviceEntry(drawn: Recipe['services'][number], index: number): ServiceEntry {
  const { type } = drawn;
  return {
    name: `svc-${index}`,
    ...(drawn.namespace ? { namespace: NAMESPACES[1] } : {}),
    ...(type === 'ClusterIP' ? {} : { type }),
    ports: [
      {
        port: 81 + index,
        targetPort: appPort(drawn.app),
        ...(type === 'ClusterIP' ? {} : { nodePort: 30_100 + index }),
        ...(drawn.udp ? { proto: 'udp' as const } : {}),
      },
    ],
    selector: { app: `app-${drawn.app}` },
    ...(drawn.externalLocal && (type !== 'ClusterIP' || drawn.externalIp) ? { externalTrafficPolicy: 'Local' as const } : {}),
    ...(drawn.internalLocal ? { internalTrafficPolicy: 'Local' as const } : {}),
    ...(drawn.internal && type === 'LoadBalancer' ? { internal: true } : {}),
    ...(drawn.affinity ? { sessionAffinity: 'ClientIP' as const } : {}),
    ...(drawn.externalIp ? { externalIPs: [`198.51.100.${10 + index}`] } : {}),
    ...(drawn.sourceRanges && type === 'LoadBalancer' ? { loadBalancerSourceRanges: ['203.0.113.0/24'] } : {}),
  };
}
