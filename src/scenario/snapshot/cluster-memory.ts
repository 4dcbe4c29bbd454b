import * as z from 'zod';
import type { CniState } from '../../cni/state.ts';
import { type MasqConfig, isMasqCidr } from '../../kube/ip-masq-agent/config.ts';
import type { ProxyObjects } from '../../kube/kube-proxy/view.ts';
import type { ClusterObjects, IgnoredObject } from '../../kube/objects/cluster-objects.ts';
import type { EndpointSlice } from '../../kube/objects/endpoint-slice.ts';
import type { Governing } from '../../kube/objects/governing.ts';
import { unplaced } from '../../kube/objects/located.ts';
import { NO_LABELS, keyOf } from '../../kube/objects/meta.ts';
import { readObjects } from '../../kube/objects/read.ts';
import { SERVICE_NAME_LABEL, serviceManifest, sliceManifest } from '../../snapshot/kube/write-service.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Prefix } from '../../wire/prefix.ts';
import type { Cluster, ClusterNetwork, ClusterNode, Sandbox } from '../../world/cluster.ts';
import { NETWORK_MODES } from '../../aks/modes/modes.ts';
import { section, textThat } from '../schema/section.ts';
import { cniResult, cniState } from './cni-schema.ts';
import { governing, ignoredObject, sameObjects } from './governing-schema.ts';
import { type Codec, ipv4Text, line, rangeText } from './text.ts';

/** What kube-proxy wrote last: nothing yet, what is there now, or older objects as manifests. */
type Proxied = 'nothing' | 'current' | OldObjects;

interface OldObjects extends SliceOrigins {
  readonly services: readonly unknown[];
  readonly endpointSlices: readonly unknown[];
}

/** Endpoint slices, by `NAMESPACE/NAME`, that podwalk made itself: from a selector, or from an Endpoints object. */
interface SliceOrigins {
  readonly derived?: readonly string[];
  readonly mirrored?: readonly string[];
}

interface NodeMemory {
  readonly machine: string;
  readonly nic: string;
  readonly addr: Ipv4;
  readonly podCidr: Prefix | null;
  readonly cni: CniState;
  readonly proxied: Proxied;
}

/** A cluster without its objects: which agents it has, and what they and the plug-ins remember. */
export interface ClusterMemory extends SliceOrigins {
  readonly name: string;
  readonly mode: string;
  readonly network: ClusterNetwork;
  readonly nodes: Record<string, NodeMemory>;
  readonly sandboxes: Record<string, Sandbox>;
  readonly attempts: Record<string, number>;
  readonly masqConfig: MasqConfig | null;
  readonly paused: readonly string[];
  /** Objects that no manifest in `kube/` stands for. */
  readonly policies?: readonly Governing[];
  readonly unmodelled?: readonly Governing[];
  readonly ignored?: readonly IgnoredObject[];
}

const keys = z.array(line).max(250_000).exactOptional();
const manifests = z.array(z.record(z.string(), z.unknown())).max(250_000);

const network: Codec<ClusterNetwork> = section({
  subnet: line,
  subnetPrefix: rangeText,
  vnetPrefixes: z.array(rangeText).max(100),
  podCidr: rangeText.nullable(),
  serviceCidr: rangeText,
  dnsServiceIp: ipv4Text,
  maxPods: z.int().min(0),
  names: section({ vmss: line, nsg: line, routeTable: line, loadBalancer: line, internalLoadBalancer: line, overlay: line }),
});

const node: Codec<NodeMemory> = section({
  machine: line,
  nic: line,
  addr: ipv4Text,
  podCidr: rangeText.nullable(),
  cni: cniState,
  proxied: z.union([
    z.enum(['nothing', 'current']),
    section({ services: manifests, endpointSlices: manifests, derived: keys, mirrored: keys }),
  ]),
});

const sandbox: Codec<Sandbox> = section({
  node: line,
  machine: line,
  netns: line,
  hostNetwork: z.boolean(),
  attachment: cniResult.nullable(),
  error: line.nullable(),
});

export const clusterMemory: Codec<ClusterMemory> = section({
  name: line,
  mode: z.enum(NETWORK_MODES.map((mode) => mode.name)),
  network,
  nodes: z.record(line, node),
  sandboxes: z.record(line, sandbox),
  attempts: z.record(line, z.int().min(0)),
  masqConfig: section({
    nonMasqueradeCIDRs: z.array(textThat(isMasqCidr, 'an IPv4 range without host bits')).max(1000),
    masqLinkLocal: z.boolean(),
  }).nullable(),
  paused: z.array(line).max(100_000),
  derived: keys,
  mirrored: keys,
  policies: z.array(governing).max(250_000).exactOptional(),
  unmodelled: z.array(governing).max(250_000).exactOptional(),
  ignored: z.array(ignoredObject).max(250_000).exactOptional(),
});

/** The cluster that is remembered, with the objects that were dumped. */
export function recalledCluster(memory: ClusterMemory, dumped: ClusterObjects): Cluster {
  const { name, mode, network: spaces, sandboxes, attempts, masqConfig, paused } = memory;
  const objects: ClusterObjects = {
    ...dumped,
    endpointSlices: withOrigins(dumped.endpointSlices, memory),
    policies: memory.policies ?? dumped.policies,
    unmodelled: memory.unmodelled ?? dumped.unmodelled,
    ignored: memory.ignored ?? dumped.ignored,
  };
  const current: ProxyObjects = { services: objects.services, endpointSlices: objects.endpointSlices };
  const nodes = Object.entries(memory.nodes).map(([key, { proxied, ...rest }]): [string, ClusterNode] => [
    key,
    { name: key, ...rest, proxied: proxied === 'nothing' ? null : proxied === 'current' ? current : oldObjects(proxied) },
  ]);
  return { name, mode, network: spaces, objects, nodes: Object.fromEntries(nodes), sandboxes, attempts, masqConfig, agents: { paused } };
}

/** What has to be remembered of a cluster. @param dumped its objects as they are read from the manifests that stand for them */
export function memoryOfCluster(cluster: Cluster, dumped: ClusterObjects): ClusterMemory {
  const { name, mode, network: spaces, objects, sandboxes, attempts, masqConfig, agents } = cluster;
  const nodes = Object.entries(cluster.nodes).map(([key, { machine, nic, addr, podCidr, cni, proxied }]): [string, NodeMemory] => [
    key,
    { machine, nic, addr, podCidr, cni, proxied: proxiedOf(proxied, objects) },
  ]);
  return {
    name,
    mode,
    network: spaces,
    nodes: Object.fromEntries(nodes),
    sandboxes,
    attempts,
    masqConfig,
    paused: agents.paused,
    ...originsOf(objects.endpointSlices),
    ...(sameObjects(objects.policies, dumped.policies) ? {} : { policies: objects.policies }),
    ...(sameObjects(objects.unmodelled, dumped.unmodelled) ? {} : { unmodelled: objects.unmodelled }),
    ...(sameObjects(objects.ignored, dumped.ignored) ? {} : { ignored: objects.ignored }),
  };
}

function proxiedOf(proxied: ProxyObjects | null, objects: ClusterObjects): Proxied {
  if (proxied === null) return 'nothing';
  const { services, endpointSlices } = proxied;
  if (sameObjects(services, objects.services) && sameObjects(endpointSlices, objects.endpointSlices)) return 'current';
  return { services: services.map(serviceManifest), endpointSlices: endpointSlices.map(sliceManifest), ...originsOf(endpointSlices) };
}

/** What kube-proxy wrote before; a manifest that can not be read counts as one that it has not seen. */
function oldObjects(old: OldObjects): ProxyObjects {
  const { objects } = readObjects([...old.services, ...old.endpointSlices].map((value) => unplaced(value, 'podwalk.json')));
  return { services: objects.services, endpointSlices: withOrigins(objects.endpointSlices, old) };
}

function originsOf(slices: readonly EndpointSlice[]): SliceOrigins {
  const of = (origin: EndpointSlice['origin']): string[] => slices.filter((slice) => slice.origin === origin).map(keyOf);
  const [derived, mirrored] = [of('derived'), of('mirrored')];
  return { ...(derived.length === 0 ? {} : { derived }), ...(mirrored.length === 0 ? {} : { mirrored }) };
}

/** Manifests of such slices carry the label of their service, which they do not have themselves. */
function withOrigins(slices: readonly EndpointSlice[], { derived = [], mirrored = [] }: SliceOrigins): readonly EndpointSlice[] {
  const own = new Set(derived);
  const copies = new Set(mirrored);
  return slices.map((slice) => {
    const key = keyOf(slice);
    if (own.has(key)) return { ...slice, labels: NO_LABELS, source: null, origin: 'derived' };
    if (!copies.has(key)) return slice;
    const { [SERVICE_NAME_LABEL]: _, ...labels } = slice.labels;
    return { ...slice, labels, origin: 'mirrored' };
  });
}
