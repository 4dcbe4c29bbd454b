import type { Pod } from '../../../src/kube/objects/pod.ts';
import type { Service } from '../../../src/kube/objects/service.ts';
import { formatIpv4, offsetIpv4, parseIpv4 } from '../../../src/wire/ipv4.ts';
import { contains } from '../../../src/wire/prefix.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';
import type { ClusterScenario, Mode } from './recipe.ts';

/** Somebody who sends and receives, as the plan of addresses knows it: no table of any machine is read. */
export interface Party {
  readonly kind: 'pod' | 'node' | 'vm' | 'office' | 'internet';
  /** As a check names it. */
  readonly name: string;
  readonly addr: string;
  /** The node that it is on, for a pod and for a node itself. */
  readonly node: string | null;
  /** Of a virtual machine: in the nodes' subnet, in another subnet, in a peered network, in a network peered with that one. */
  readonly where: string | null;
}

/** A service of one port and what stands behind it. */
export interface ServiceFacts {
  readonly name: string;
  readonly service: Service;
  readonly port: number;
  readonly nodePort: number;
  readonly targetPort: number;
  readonly proto: 'tcp' | 'udp';
  /** Ready pods of its selector. */
  readonly endpoints: readonly Party[];
}

/** What is true of a cluster by its description and its address plan alone. */
export interface Facts {
  readonly mode: Mode;
  readonly brPromiscConntrack: 'old' | 'fixed';
  readonly pods: readonly Party[];
  readonly nodes: readonly Party[];
  readonly outside: readonly Party[];
  readonly services: readonly ServiceFacts[];
  /** Where host ports lead. */
  readonly hostPorts: readonly { readonly node: Party; readonly hostPort: number; readonly pod: Party; readonly port: number }[];
  /** What kube-proxy counts as a pod's address: `--cluster-cidr`. */
  readonly inClusterCidr: (addr: string) => boolean;
  /** The address that a node has towards its own pods. */
  readonly nodeSide: (node: string) => string;
  readonly nodeAddr: (node: string) => string;
  readonly portOf: (pod: Party) => number;
}

/** @throws Error when the world has no cluster */
export function factsOf(scenario: ClusterScenario, world: FrozenWorld): Facts {
  const { cluster } = world;
  if (cluster === null) throw new Error('a world without a cluster');
  const { mode } = scenario.cluster;
  const nodes = Object.values(cluster.nodes).map(({ name, addr }): Party => ({
    kind: 'node',
    name: `node/${name}`,
    addr: formatIpv4(addr),
    node: name,
    where: null,
  }));
  const pods = cluster.objects.pods.map(party);
  const byKey = new Map(cluster.objects.pods.map((pod, i) => [pod, pods[i]] as const));
  const node = (name: string): Party => found(nodes, (one) => one.node === name, name);
  const podCidrs = new Map(Object.values(cluster.nodes).map(({ name, podCidr }) => [name, podCidr]));
  const clusterCidr = cluster.network.podCidr ?? cluster.network.subnetPrefix;
  return {
    mode,
    brPromiscConntrack: scenario.cluster.kernel?.brPromiscConntrack ?? 'fixed',
    // A pod whose network could not be made is nobody.
    pods: pods.filter(({ addr }) => addr !== ''),
    nodes,
    outside: outsideOf(world),
    services: cluster.objects.services.map(serviceFacts),
    hostPorts: cluster.objects.pods.flatMap((pod) => {
      const here = byKey.get(pod);
      if (here?.node === undefined || here.node === null || here.addr === '') return [];
      const on = node(here.node);
      return pod.ports.flatMap(({ hostPort, port }) =>
        hostPort === null || pod.hostNetwork ? [] : [{ node: on, hostPort, pod: here, port }],
      );
    }),
    inClusterCidr: (addr) => {
      const parsed = parseIpv4(addr);
      return parsed !== null && contains(clusterCidr, parsed);
    },
    nodeSide: (name) => {
      const own = podCidrs.get(name);
      return mode === 'kubenet' && own !== undefined && own !== null ? formatIpv4(offsetIpv4(own.addr, 1)) : node(name).addr;
    },
    nodeAddr: (name) => node(name).addr,
    portOf: (pod) => portOf(found(cluster.objects.pods, (one) => byKey.get(one) === pod, pod.name)),
  };

  function party(pod: Pod): Party {
    const { namespace, name, nodeName, podIPs, hostNetwork } = pod;
    return { kind: hostNetwork ? 'node' : 'pod', name: `pod/${namespace}/${name}`, addr: podIPs[0] ?? '', node: nodeName, where: null };
  }

  function serviceFacts(service: Service): ServiceFacts {
    const { namespace, name, ports, selector } = service;
    const [port] = ports;
    if (port === undefined || selector === null) throw new Error(`service ${name} has no port or no selector`);
    const endpoints = cluster?.objects.pods.filter(
      (pod) => pod.namespace === namespace && pod.ready && Object.entries(selector).every(([key, value]) => pod.labels[key] === value),
    );
    return {
      name: `svc/${namespace}/${name}`,
      service,
      port: port.port,
      nodePort: port.nodePort,
      targetPort: Number(port.targetPort),
      proto: port.protocol === 'UDP' ? 'udp' : 'tcp',
      endpoints: (endpoints ?? []).flatMap((pod) => byKey.get(pod) ?? []),
    };
  }
}

function portOf(pod: Pod): number {
  return pod.ports[0]?.port ?? 0;
}

function found<T>(list: readonly T[], wanted: (one: T) => boolean, name: string): T {
  const one = list.find(wanted);
  if (one === undefined) throw new Error(`there is no ${name}`);
  return one;
}

function outsideOf({ machines, fabric }: FrozenWorld): Party[] {
  const vms = Object.keys(machines)
    .filter((name) => name.startsWith('vm-'))
    .map((name): Party => ({ kind: 'vm', name: `vm/${name}`, addr: nicAddr(name), node: null, where: name.slice(3) }));
  const hosts = (fabric?.externalHosts ?? []).map(({ kind, name, addrs }): Party => ({
    kind: kind === 'onprem' ? 'office' : 'internet',
    name: kind === 'onprem' ? `onprem/${name}` : 'internet',
    addr: addrs[0] === undefined ? '' : formatIpv4(addrs[0]),
    node: null,
    where: null,
  }));
  return [...vms, ...hosts];

  function nicAddr(machine: string): string {
    const addr = fabric?.nics.find((nic) => nic.machine.startsWith(`${machine}/`))?.ipconfigs[0]?.addr;
    return addr === undefined ? '' : formatIpv4(addr);
  }
}
