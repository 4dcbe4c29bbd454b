import type { Fabric } from '../../azure/fabric.ts';
import { vnetOf } from '../../azure/subnet-id.ts';
import { newCniState } from '../../cni/state.ts';
import type { CniResult } from '../../cni/plugin.ts';
import type { ClusterObjects } from '../../kube/objects/cluster-objects.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import type { Node } from '../../kube/objects/node.ts';
import { type Pod, isTerminal } from '../../kube/objects/pod.ts';
import type { Link } from '../../linux/link.ts';
import { type Host, type Netns, ROOT } from '../../linux/netns.ts';
import { TABLE_MAIN } from '../../linux/route.ts';
import { ANY, type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import { DEFAULT_ROUTE, parsePrefix } from '../../wire/prefix.ts';
import { type Cluster, type ClusterNetwork, type ClusterNode, OBSERVED, type Sandbox } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';

/**
 * The cluster whose objects were dumped along with its machines: nodes are machines of that name, or with that address; a pod is the
 * namespace that has its address. Which plug-ins and agents run there is not known.
 */
export function observedCluster({ machines, fabric }: World, objects: ClusterObjects): Cluster {
  const nodes = Object.fromEntries(objects.nodes.flatMap((node) => nodeOf(machines, fabric, node) ?? []));
  const places = placesByAddress(machines);
  const sandboxes = objects.pods.flatMap((pod): [string, Sandbox][] => {
    const sandbox = isTerminal(pod) ? null : sandboxOf(nodes, places, pod);
    return sandbox === null ? [] : [[keyOf(pod), sandbox]];
  });
  return {
    name: 'kubernetes',
    mode: OBSERVED,
    network: networkOf(fabric, Object.values(nodes)),
    objects,
    nodes,
    sandboxes: Object.fromEntries(sandboxes),
    attempts: {},
    masqConfig: objects.masqConfigs[0] ?? null,
    agents: { paused: [] },
  };
}

function nodeOf(machines: World['machines'], fabric: Fabric | null, node: Node): [string, ClusterNode][] | null {
  const addr = node.internalIPs.map(parseIpv4).find((address) => address !== null);
  const host = machineOf(machines, node.name, addr);
  if (host === undefined || addr === undefined) return null;
  const nic = fabric?.nics.find(
    ({ machine, ipconfigs }) => machine.startsWith(`${host.name}/`) && ipconfigs.some((config) => config.addr === addr),
  );
  const podCidr = parsePrefix(node.podCIDRs[0] ?? '');
  return [[node.name, { name: node.name, machine: host.name, nic: nic?.name ?? '', addr, podCidr, cni: newCniState(), proxied: null }]];
}

function machineOf(machines: World['machines'], name: string, addr: Ipv4 | undefined): Host | undefined {
  if (Object.hasOwn(machines, name)) return machines[name];
  return Object.values(machines).find((host) => {
    const root = Object.hasOwn(host.netns, ROOT) ? host.netns[ROOT] : undefined;
    return root?.links.some(({ addresses }) => addresses.some(({ local }) => local === addr)) === true;
  });
}

interface Place {
  readonly machine: string;
  readonly netns: Netns;
  readonly link: Link;
}

/** The namespaces beside the first ones by the addresses they have: several where addresses repeat. */
function placesByAddress(machines: World['machines']): ReadonlyMap<Ipv4, readonly Place[]> {
  const places = new Map<Ipv4, Place[]>();
  for (const host of Object.values(machines)) {
    for (const netns of Object.values(host.netns)) {
      if (netns.name === ROOT) continue;
      for (const link of netns.links) {
        for (const { local } of link.addresses) {
          const known = places.get(local);
          const place = { machine: host.name, netns, link };
          if (known === undefined) places.set(local, [place]);
          else known.push(place);
        }
      }
    }
  }
  return places;
}

function sandboxOf(nodes: Readonly<Record<string, ClusterNode>>, places: ReadonlyMap<Ipv4, readonly Place[]>, pod: Pod): Sandbox | null {
  if (pod.nodeName === null) return null;
  const node = Object.hasOwn(nodes, pod.nodeName) ? nodes[pod.nodeName] : undefined;
  const base = { node: pod.nodeName, machine: node?.machine ?? '', hostNetwork: pod.hostNetwork };
  if (pod.hostNetwork) {
    return { ...base, netns: ROOT, attachment: null, error: node === undefined ? `node ${pod.nodeName} was not collected` : null };
  }
  const addr = parseIpv4(pod.podIPs[0] ?? '');
  if (addr === null) return null;
  const candidates = places.get(addr) ?? [];
  const place = candidates.find(({ machine }) => machine === node?.machine) ?? candidates[0];
  if (place === undefined) {
    const attachment: CniResult = { addr, len: 32, gateway: ANY, hostLink: '', mac: ZERO_MAC };
    return { ...base, netns: '', attachment, error: 'its namespace was not collected' };
  }
  return { ...base, machine: place.machine, netns: place.netns.name, attachment: attachmentOf(place, addr), error: null };
}

function attachmentOf({ netns, link }: Place, addr: Ipv4): CniResult {
  const { len } = link.addresses.find(({ local }) => local === addr) ?? { len: 32 };
  const main = netns.fib.find(({ id }) => id === TABLE_MAIN)?.routes ?? [];
  const gateway = main.find((route) => route.len === DEFAULT_ROUTE.len)?.nexthops[0]?.via ?? ANY;
  return { addr, len, gateway, hostLink: '', mac: link.mac };
}

/** The networks that the nodes' NICs tell of; the ranges of pods and services are in no dump. */
function networkOf(fabric: Fabric | null, nodes: readonly ClusterNode[]): ClusterNetwork {
  const nic = fabric?.nics.find(({ name }) => nodes.some((node) => node.nic === name));
  const vnet = fabric?.vnets.find(({ name }) => nic !== undefined && name === vnetOf(nic.subnet));
  const subnet = vnet?.subnets.find(({ name }) => nic?.subnet === `${vnet.name}/${name}`);
  return {
    subnet: nic?.subnet ?? '',
    subnetPrefix: subnet?.prefix ?? DEFAULT_ROUTE,
    vnetPrefixes: vnet?.prefixes ?? [],
    podCidr: null,
    serviceCidr: DEFAULT_ROUTE,
    dnsServiceIp: ANY,
    maxPods: 0,
    names: { vmss: '', nsg: '', routeTable: '', loadBalancer: 'kubernetes', internalLoadBalancer: 'kubernetes-internal', overlay: '' },
  };
}
