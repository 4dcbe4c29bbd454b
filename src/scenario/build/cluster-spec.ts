import type { ClusterSpec, ListenSpec, NodeSpec, OutsideSpec, PodListenSpec, VNetSpec } from '../../aks/spec.ts';
import type { ClusterObjects } from '../../kube/objects/cluster-objects.ts';
import { ip } from '../../wire/ipv4.ts';
import { type Prefix, prefix } from '../../wire/prefix.ts';
import type { VnetEntry } from '../schema/azure.ts';
import type { ClusterSection, NodeEntry } from '../schema/cluster.ts';
import { parseListen } from '../schema/field.ts';
import type { OutsideSection } from '../schema/outside.ts';
import type { Scenario } from '../schema/scenario.ts';
import type { Path } from '../source/yaml.ts';

const DEFAULT_NODES = 2;

/** The nodes of a cluster as a list, each with its name: node-0, node-1 … where it has none of its own. */
export function nodeEntries(cluster: ClusterSection): (NodeEntry & { readonly name: string })[] {
  const nodes = cluster.nodes ?? DEFAULT_NODES;
  const entries: readonly NodeEntry[] = typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({})) : nodes;
  return entries.map((entry, index) => ({ ...entry, name: entry.name ?? `node-${index}` }));
}

/** The cluster that a scenario describes, for `aks/` to build. Texts have been checked by the schema. */
export function clusterSpec(scenario: Scenario, cluster: ClusterSection, objects: ClusterObjects): ClusterSpec {
  return {
    mode: cluster.mode,
    nodes: cluster.nodes === undefined && objects.nodes.length > 0 ? [] : nodeEntries(cluster).map(nodeSpec),
    objects,
    outside: outsideSpecs(scenario.outside ?? {}),
    listens: podListens(scenario),
    ...optional('name', cluster.name),
    ...optional('nodePool', cluster.nodePool),
    ...optional('resourceSuffix', cluster.resourceSuffix),
    ...optional('vnet', vnetOf(cluster)),
    ...optional('subnet', subnetOf(cluster)),
    ...optional('podCidr', prefixOf(cluster.podCidr)),
    ...optional('serviceCidr', prefixOf(cluster.serviceCidr)),
    ...optional('dnsServiceIp', cluster.dnsServiceIp === undefined ? undefined : ip(cluster.dnsServiceIp)),
    ...optional('maxPods', cluster.maxPods),
    ...optional('outboundIps', cluster.outboundIps?.map(ip)),
    ...optional(
      'kernel',
      cluster.kernel?.brPromiscConntrack === undefined ? undefined : { brPromiscConntrack: cluster.kernel.brPromiscConntrack },
    ),
    ...optional('vnets', scenario.azure?.vnets?.map(vnetSpec)),
    ...optional('peerings', scenario.azure?.peerings),
    ...optional('mssDeltaBytes', scenario.azure?.mssDeltaBytes),
    ...optional('masq', masqOf(cluster)),
  };
}

/** `{ key: value }`, or nothing where there is no value: an absent field and an undefined one are not the same. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  const field: { [K in Key]?: Value } = {};
  if (value !== undefined) field[key] = value;
  return field;
}

function prefixOf(text: string | undefined): Prefix | undefined {
  return text === undefined ? undefined : prefix(text);
}

function nodeSpec(entry: NodeEntry): NodeSpec {
  return {
    ...optional('name', entry.name),
    ...optional('addr', entry.addr === undefined ? undefined : ip(entry.addr)),
    ...optional('podCidr', prefixOf(entry.podCidr)),
    ...optional('labels', entry.labels),
    ...optional('listens', entry.listens === undefined ? undefined : listenSpecs(entry.listens)),
  };
}

function listenSpecs(listens: readonly (string | number)[] = []): ListenSpec[] {
  return listens.flatMap((text) => parseListen(text) ?? []);
}

function vnetOf({ vnet }: ClusterSection): ClusterSpec['vnet'] {
  if (typeof vnet === 'string') return { prefixes: [prefix(vnet)] };
  if (vnet === undefined) return undefined;
  return {
    ...optional('name', vnet.name),
    ...optional('prefixes', vnet.prefixes?.map(prefix)),
    ...optional(
      'subnets',
      vnet.subnets?.map((subnet) => ({ name: subnet.name, prefix: prefix(subnet.prefix) })),
    ),
  };
}

function subnetOf({ subnet }: ClusterSection): ClusterSpec['subnet'] {
  if (typeof subnet === 'string') return { prefix: prefix(subnet) };
  return subnet === undefined ? undefined : { ...optional('name', subnet.name), ...optional('prefix', prefixOf(subnet.prefix)) };
}

function masqOf({ masq }: ClusterSection): ClusterSpec['masq'] {
  if (masq === undefined) return undefined;
  return {
    ...optional('nonMasqueradeCidrs', masq.nonMasqueradeCidrs?.map(prefix)),
    ...optional('masqLinkLocal', masq.masqLinkLocal),
  };
}

function vnetSpec(entry: VnetEntry): VNetSpec {
  return {
    name: entry.name,
    prefixes: entry.prefixes.map(prefix),
    subnets: entry.subnets.map((subnet) => ({ name: subnet.name, prefix: prefix(subnet.prefix) })),
  };
}

function podListens(scenario: Scenario): PodListenSpec[] {
  return Object.entries(scenario.listens ?? {}).flatMap(([pod, listens]) => listenSpecs(listens).map((listen) => ({ pod, ...listen })));
}

/** The hosts of a section, in the order vms, internet, onprem. */
export function outsideSpecs(outside: OutsideSection): OutsideSpec[] {
  const vms = (outside.vms ?? []).map((vm): OutsideSpec => ({
    kind: 'vm',
    name: vm.name,
    listens: listenSpecs(vm.listens),
    ...optional('subnet', vm.subnet),
    ...optional('addr', vm.ip === undefined ? undefined : ip(vm.ip)),
    ...optional('publicIp', vm.publicIp === undefined ? undefined : ip(vm.publicIp)),
    ...optional('forwards', vm.forwards),
  }));
  const internet = (outside.internet ?? []).map((host): OutsideSpec => ({
    kind: 'internet',
    name: host.name,
    addrs: host.ips.map(ip),
    listens: listenSpecs(host.listens),
  }));
  const onprem = (outside.onprem ?? []).map((host): OutsideSpec => ({
    kind: 'onprem',
    name: host.name,
    addrs: host.ips.map(ip),
    listens: listenSpecs(host.listens),
    ...optional('vnet', host.vnet),
    ...optional('prefix', prefixOf(host.prefix)),
  }));
  return [...vms, ...internet, ...onprem];
}

/** Where a path of the cluster's description stands in the scenario. */
export function scenarioPath(path: Path, scenario: Scenario): Path {
  const [section, ...rest] = path;
  switch (section) {
    case 'vnets':
    case 'peerings':
      return ['azure', section, ...rest];
    case 'listens':
      return ['listens'];
    case 'outside': {
      const [index, ...below] = rest;
      return ['outside', ...outsidePath(Number(index), scenario.outside ?? {}), ...below.map((step) => (step === 'addr' ? 'ip' : step))];
    }
    case undefined:
      return ['cluster'];
    default:
      return ['cluster', ...path];
  }
}

/** Where a host stands in its section, by its number in {@link outsideSpecs}. */
export function outsidePath(index: number, outside: OutsideSection): Path {
  const vms = outside.vms?.length ?? 0;
  const internet = outside.internet?.length ?? 0;
  if (index < vms) return ['vms', index];
  return index < vms + internet ? ['internet', index - vms] : ['onprem', index - vms - internet];
}
