import { ipMasqConfigOf } from './build/masq-config.ts';
import { DEFAULT_INTERNET, addOutsideHost } from './build/outside.ts';
import { addNodeNic, clusterFabric } from './build/fabric.ts';
import { addNodeMachine, nodeTemplate } from './build/node.ts';
import {
  type PodNotice,
  checkPods,
  nodeObjects,
  nodeSpecs,
  objectsOf,
  pinToNodes,
  pinnedPods,
  place,
  withAddresses,
} from './build/objects.ts';
import { addOutbound } from './build/outbound.ts';
import { addSandboxes } from './build/sandboxes.ts';
import { Interned } from './build/intern-parts.ts';
import { rootOf } from './build/machine.ts';
import type { Fabric } from '../azure/fabric.ts';
import type { ClusterObjects } from '../kube/objects/cluster-objects.ts';
import type { ObjectProblem } from '../kube/objects/located.ts';
import { DEFAULT_KERNEL_PROFILE } from '../linux/kernel-profile.ts';
import type { Cluster, ClusterNetwork } from '../world/cluster.ts';
import { type Progress, type Sliced, atOnce } from '../wire/sliced.ts';
import type { World } from '../world/world.ts';
import { kubeProxySettings } from './agents/kube-proxy.ts';
import { syncLoadBalancers } from './agents/azure-load-balancer.ts';
import { syncAzureRoutes } from './agents/azure-routes.ts';
import { syncKubeProxy } from './agents/sync-kube-proxy.ts';
import { deriveObjects } from './derive-objects.ts';
import { LIMITS } from './limits.ts';
import type { NetworkMode } from './modes/mode.ts';
import { NETWORK_MODES, findMode } from './modes/modes.ts';
import { checkAddressSpaces } from './plan/address-spaces.ts';
import { clusterNetwork, DEFAULTS, vnetName } from './plan/network.ts';
import { markGoverned } from './agents/govern.ts';
import { type NodePlan, planNodes } from './plan/nodes.ts';
import { type ClusterProblem, problem, problemAt } from './problem.ts';
import { emptyRecord } from './record.ts';
import type { ClusterSpec } from './spec.ts';

/** A World with a cluster in it, or what is wrong with the description. */
export interface BuiltCluster {
  /** Mutable still: add what the description can not say, then freeze it. Null when there are problems. */
  readonly world: World | null;
  readonly problems: readonly ClusterProblem[];
  /** Pods that exist and do not run, with what the scheduler or kubelet says. */
  readonly notices: readonly PodNotice[];
}

/**
 * Builds a cluster and what surrounds it: address plan, fabric, machines, pods by their plug-ins, and the tables of every agent. Equal parts
 * of the result are shared objects.
 */
export function buildCluster(given: ClusterSpec): BuiltCluster {
  return atOnce(buildingCluster(given));
}

/** {@link buildCluster} in slices. */
export function* buildingCluster(given: ClusterSpec): Sliced<BuiltCluster> {
  const mode = findMode(given.mode);
  if (mode === undefined) {
    const names = NETWORK_MODES.map(({ name }) => name).join(', ');
    return refused([problem(['mode'], 'there is no such network mode', `one of ${names}`)]);
  }
  const spec: ClusterSpec = { ...given, nodes: nodeSpecs(given) };
  const network = clusterNetwork(spec, mode);
  const limits = checkLimits(spec);
  if (limits.length > 0) return refused(limits);
  const planned = yield* plan(spec, network, mode);
  const problems = [...checkAddressSpaces(spec, network), ...planned.problems];
  if (problems.length > 0) return refused(problems);
  return yield* build(spec, network, mode, planned);
}

function refused(problems: readonly ClusterProblem[]): BuiltCluster {
  return { world: null, problems, notices: [] };
}

function checkLimits(spec: ClusterSpec): ClusterProblem[] {
  const { pods, services } = objectsOf(spec);
  const found: ClusterProblem[] = [];
  if (pods.length > LIMITS.maxPods)
    found.push(problem([], `${pods.length} pods are too many (LIMITS.maxPods)`, `at most ${LIMITS.maxPods}`));
  if (services.length > LIMITS.maxServices) {
    found.push(problem([], `${services.length} services are too many (LIMITS.maxServices)`, `at most ${LIMITS.maxServices}`));
  }
  return found;
}

/** What there will be, before anything of it is built. */
interface Plan {
  readonly nodes: NodePlan[];
  readonly objects: ClusterObjects;
  readonly problems: ClusterProblem[];
  readonly notices: readonly PodNotice[];
}

/** Addresses for nodes and nodes for pods. Which comes first depends on whose addresses pods use. */
function* plan(spec: ClusterSpec, network: ClusterNetwork, mode: NetworkMode): Sliced<Plan> {
  const objects = objectsOf(spec);
  const placing: Progress = { what: 'places for pods', done: 0, of: objects.pods.length };
  yield placing;
  const bare = nodeObjects(spec, network);
  if (mode.podAddresses === 'node-prefix') {
    const { plan: nodes, problems } = planNodes(spec, network, mode, []);
    const placed = place(objects, bare, pinToNodes(objects.pods, nodes));
    yield placing;
    return finish(nodes, problems, placed);
  }
  const placed = place(objects, bare, objects.pods);
  yield placing;
  const { plan: nodes, problems } = planNodes(spec, network, mode, pinnedPods(placed.placement.pods));
  return finish(nodes, problems, placed);

  function finish(nodes: NodePlan[], found: ClusterProblem[], placed: ReturnType<typeof place>): Plan {
    const problems = [...found, ...placed.problems];
    const addressed = bare.flatMap((node, i) => {
      const own = nodes[i];
      return own === undefined ? [] : [withAddresses(node, own)];
    });
    const next: ClusterObjects = { ...objects, nodes: addressed, pods: placed.placement.pods };
    return { nodes, objects: next, problems: problems.length > 0 ? problems : checkPods(next, addressed), notices: placed.notices };
  }
}

function* build(
  spec: ClusterSpec,
  network: ClusterNetwork,
  mode: NetworkMode,
  { nodes, objects, notices: pending }: Plan,
): Sliced<BuiltCluster> {
  const kernel = spec.kernel ?? DEFAULT_KERNEL_PROFILE;
  const fabric = clusterFabric(spec, network, mode);
  const world: World = { machines: emptyRecord(), fabric, cluster: null };
  const cluster: Cluster = {
    name: spec.name ?? DEFAULTS.name,
    mode: mode.name,
    network,
    objects,
    nodes: emptyRecord(),
    sandboxes: emptyRecord(),
    attempts: emptyRecord(),
    masqConfig: ipMasqConfigOf(spec, mode, network),
    agents: { paused: [] },
  };
  const template = nodeTemplate(cluster, mode);
  for (const [i, node] of nodes.entries()) {
    yield { what: 'nodes', done: i, of: nodes.length };
    const nic = addNodeNic(fabric, network, mode, node);
    addNodeMachine(world, cluster, mode, template, node, nic, kernel, spec.nodes[i]?.listens ?? []);
  }
  addOutbound(fabric, cluster, spec.outboundIps ?? []);
  const problems = addSurroundings(world, fabric, spec, network, kernel);
  const interned = new Interned();
  const notices = [...pending, ...(yield* addSandboxes(world, cluster, mode, spec.listens ?? [], interned))];
  const agents: Progress = { what: 'agents', done: 0, of: nodes.length };
  yield agents;
  const derived = deriveObjects(cluster, fabric).map(atPlace);
  writeServiceRules(world, cluster, mode);
  // A new World has no marks that would have to go.
  if (objects.policies.length + objects.unmodelled.length > 0) markGoverned(world, cluster);
  syncLoadBalancers(fabric, cluster);
  if (mode.podRouting === 'udr') syncAzureRoutes(fabric, cluster);
  yield agents;
  for (const host of Object.values(world.machines)) interned.namespace(rootOf(host));
  const all = [...problems, ...derived];
  return all.length > 0 ? refused(all) : { world: { ...world, cluster }, problems: [], notices };
}

/**
 * kube-proxy's first sync. What is rendered of a service is remembered as long as the object lives; here it is rendered of copies, so that the
 * text of all rules of a large cluster is not kept for an edit that may never come.
 */
function writeServiceRules(world: World, cluster: Cluster, mode: NetworkMode): void {
  const { services, endpointSlices } = cluster.objects;
  const kept = cluster.objects;
  cluster.objects = { ...kept, services: services.map((service) => ({ ...service })), endpointSlices: [...endpointSlices] };
  syncKubeProxy(world, cluster, kubeProxySettings(mode, cluster.network), 'changed');
  cluster.objects = kept;
  const proxied = { services, endpointSlices };
  for (const node of Object.values(cluster.nodes)) node.proxied = proxied;
}

function addSurroundings(
  world: World,
  fabric: Fabric,
  spec: ClusterSpec,
  network: ClusterNetwork,
  kernel: typeof DEFAULT_KERNEL_PROFILE,
): ClusterProblem[] {
  fabric.externalHosts = [];
  const defaults = { subnet: network.subnet, vnet: vnetName(spec), kernel };
  const outside = spec.outside ?? [];
  const hosts = outside.some((host) => host.kind === 'internet') ? outside : [...outside, DEFAULT_INTERNET];
  return hosts.flatMap((host, i) => addOutsideHost(world, fabric, host, defaults, ['outside', i]));
}

function atPlace({ message, expected, ...place }: ObjectProblem): ClusterProblem {
  return problemAt(place, message, expected);
}
