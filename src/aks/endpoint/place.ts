import type { ExternalHost } from '../../azure/fabric.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { type Host, ROOT } from '../../linux/netns.ts';
import type { World } from '../../world/world.ts';
import { own } from '../record.ts';
import {
  type EndpointProblem,
  type ExternalEndpoint,
  type NetnsEndpoint,
  type NodeEndpoint,
  type PodEndpoint,
  type VmEndpoint,
  type WorkloadEndpoint,
  problem,
} from './syntax.ts';

/** A namespace of a machine. */
export interface Namespace {
  readonly machine: string;
  readonly netns: string;
}

export type Placed = PodEndpoint | WorkloadEndpoint | NodeEndpoint | VmEndpoint | NetnsEndpoint;

/** The namespace of an endpoint that has one. */
export function placeOf(world: World, endpoint: Placed): Namespace | EndpointProblem {
  switch (endpoint.kind) {
    case 'pod':
      return sandboxOf(world, `${endpoint.namespace}/${endpoint.name}`);
    case 'workload': {
      const pod = podsOf(world, endpoint)[0];
      return pod === undefined
        ? problem(`${endpoint.workload} ${endpoint.namespace}/${endpoint.name} has no pod`, 'a workload of the cluster')
        : sandboxOf(world, pod);
    }
    case 'node': {
      const node = own(world.cluster?.nodes ?? {}, endpoint.name);
      if (node !== undefined) return { machine: node.machine, netns: ROOT };
      if (own(world.machines, endpoint.name)?.kind === 'node') return { machine: endpoint.name, netns: ROOT };
      return problem(`there is no node ${endpoint.name}`, oneOf(Object.keys(world.cluster?.nodes ?? {}), 'node'));
    }
    case 'vm':
      return isVm(own(world.machines, endpoint.name))
        ? { machine: endpoint.name, netns: ROOT }
        : problem(`there is no virtual machine ${endpoint.name}`, 'a name of outside.vms');
    case 'netns': {
      const { machine, netns } = endpoint;
      const host = own(world.machines, machine);
      if (host === undefined) return problem(`there is no machine ${machine}`, oneOf(Object.keys(world.machines), 'machine'));
      return own(host.netns, netns) === undefined
        ? problem(`${machine} has no namespace ${netns}`, oneOf(Object.keys(host.netns), 'namespace'))
        : { machine, netns };
    }
  }
}

/** A virtual machine beside the cluster; one that forwards for others counts too. */
function isVm(host: Host | undefined): boolean {
  return host?.kind === 'vm' || host?.kind === 'router';
}

/** The first names of a list, for a message. */
function few(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} …`;
}

/** What was expected in place of a name that is none of these. */
export function oneOf(names: readonly string[], what: string): string {
  return names.length === 0 ? `another kind of endpoint: there is no ${what} at all` : `one of ${few(names)}`;
}

function sandboxOf(world: World, pod: string): Namespace | EndpointProblem {
  const sandbox = own(world.cluster?.sandboxes ?? {}, pod);
  if (sandbox !== undefined && sandbox.error !== null) return problem(`pod ${pod} has no network: ${sandbox.error}`, 'a pod that runs');
  if (sandbox !== undefined) return { machine: sandbox.machine, netns: sandbox.netns };
  return problem(`there is no pod ${pod}`, oneOf(Object.keys(world.cluster?.sandboxes ?? {}), 'pod'));
}

function podsOf(world: World, { workload, namespace, name }: WorkloadEndpoint): string[] {
  const pods = world.cluster?.objects.pods ?? [];
  const owned = pods.filter((pod) => {
    if (pod.namespace !== namespace || pod.owner === null) return false;
    // A Deployment's pods belong to a ReplicaSet that is called after it.
    return (
      pod.owner.name === name || (workload === 'Deployment' && pod.owner.kind === 'ReplicaSet' && pod.owner.name.startsWith(`${name}-`))
    );
  });
  return owned.map(keyOf).filter((key) => own(world.cluster?.sandboxes ?? {}, key) !== undefined);
}

/** The host outside that an endpoint means. */
export function externalHost(world: World, { kind, name }: ExternalEndpoint): ExternalHost | undefined {
  const hosts = (world.fabric?.externalHosts ?? []).filter((host) => host.kind === kind);
  return name === null ? (hosts.find((host) => host.name === 'internet') ?? hosts[0]) : hosts.find((host) => host.name === name);
}

/** Nothing outside is called so. */
export function noHost(world: World, { kind, name }: ExternalEndpoint): EndpointProblem {
  return problem(`there is no host ${name === null ? kind : `${kind}/${name}`}`, hostList(world));
}

function hostList(world: World): string {
  return oneOf(
    (world.fabric?.externalHosts ?? []).map(({ kind, name }) => `${kind}/${name}`),
    'host beyond Azure',
  );
}
