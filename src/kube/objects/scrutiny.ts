import type { Governing } from './governing.ts';
import type { ObjectProblem } from './located.ts';
import { type ObjectMeta, keyOf, labelOf } from './meta.ts';
import type { Node } from './node.ts';
import { type Pod, isTerminal } from './pod.ts';
import { type Service, serviceProxyName } from './service.ts';

interface Scrutinised {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
}

/** The properties of well-known objects whose effect on packets is not modelled. */
export function* unmodelledProperties({ services }: Pick<Scrutinised, 'services'>): Generator<Governing> {
  for (const service of services) {
    for (const reason of unmodelledInService(service)) {
      const { namespace, name, labels, source } = service;
      yield { namespace, name, labels, source, apiVersion: 'v1', kind: 'Service', governs: { what: 'service', namespace, name }, reason };
    }
  }
}

function* unmodelledInService(service: Service): Generator<string> {
  const proxy = serviceProxyName(service);
  if (proxy !== null) yield `the service is left to the proxy "${proxy}"`;
  if (service.type === 'LoadBalancer' && service.loadBalancerClass !== null) {
    yield `load balancers of class ${service.loadBalancerClass} are not modelled`;
  }
  if (service.clusterIP !== null && service.clusterIP !== 'None' && service.clusterIP.family === 6) {
    yield 'IPv6 services are not modelled';
  }
  const mode = labelOf(service.annotations, 'service.kubernetes.io/topology-mode');
  if (mode !== undefined && mode !== 'disabled' && mode !== 'Disabled') yield 'topology-mode hints are not derived';
}

/** Addresses that two living things claim. Pods on the host network share their node's, pods that have ended have given theirs back. */
export function* duplicateAddresses({ nodes, pods, services }: Scrutinised): Generator<ObjectProblem> {
  const owners = new Map<string, string>();
  function* claim(address: string, kind: string, object: ObjectMeta): Generator<ObjectProblem> {
    const owner = owners.get(address);
    const claimant = `${kind} ${object.namespace === '' ? object.name : keyOf(object)}`;
    if (owner === undefined) owners.set(address, claimant);
    else {
      const place = object.source ?? { file: '', line: 1, col: 1 };
      yield { ...place, message: `${claimant} has the address ${address} of ${owner}`, expected: 'an address of its own' };
    }
  }
  for (const node of nodes) for (const address of node.internalIPs) yield* claim(address, 'node', node);
  for (const pod of pods) {
    if (pod.hostNetwork || isTerminal(pod)) continue;
    for (const address of pod.podIPs) yield* claim(address, 'pod', pod);
  }
  for (const service of services) {
    const { clusterIP } = service;
    if (clusterIP !== null && clusterIP !== 'None') yield* claim(clusterIP.text, 'service', service);
  }
}
