import type { Workload } from '../../../kube/objects/workload.ts';
import type { ClusterObjects } from '../../../kube/objects/cluster-objects.ts';
import { type Located, unplaced } from '../../../kube/objects/located.ts';
import type { ObjectMeta } from '../../../kube/objects/meta.ts';
import { keyOf } from '../../../kube/objects/meta.ts';
import type { Pod } from '../../../kube/objects/pod.ts';
import { readObjects } from '../../../kube/objects/read.ts';
import type { Service } from '../../../kube/objects/service.ts';
import { type Cluster, OBSERVED } from '../../../world/cluster.ts';
import type { World } from '../../../world/world.ts';
import { nearest } from '../../../wire/suggest.ts';
import { OperationError } from '../operation.ts';

/** The cluster of a world. @throws OperationError when it has none, or one whose agents nobody plays */
export function clusterOf({ cluster }: World): Cluster {
  if (cluster === null) throw new OperationError('this world has no cluster');
  if (cluster.mode === OBSERVED)
    throw new OperationError('the agents of this cluster are not known', 'an edit of tables; or podwalk.json with the mode of the cluster');
  return cluster;
}

/** The object of a name, `NAME` or `NAMESPACE/NAME`, perhaps behind its kind (`pod/…`). @throws OperationError */
function objectOf<T extends ObjectMeta>(kind: string, objects: readonly T[], text: string): T {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const key = `${parts.at(-2) ?? 'default'}/${name}`;
  const found = objects.find((object) => keyOf(object) === key);
  if (found !== undefined) return found;
  const keys = objects.map(keyOf);
  throw new OperationError(
    `there is no ${kind} ${key}${likely(key, keys)}`,
    keys.length === 0 ? `the name of a ${kind}, and this world has none` : `one of ${keys.slice(0, 8).join(', ')}`,
    text,
  );
}

/** The object that was meant: another of the namespace with a name like this one, or one of this name in another namespace. */
function likely(key: string, keys: readonly string[]): string {
  const [namespace = '', name = ''] = key.split('/');
  const inNamespace = keys.filter((one) => one.startsWith(`${namespace}/`)).map((one) => one.slice(namespace.length + 1));
  const near = nearest(name, inNamespace);
  const meant = near === null ? keys.find((one) => one.endsWith(`/${name}`)) : `${namespace}/${near}`;
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

export function podOf(world: World, text: string): Pod {
  return objectOf('pod', clusterOf(world).objects.pods, text);
}

export function serviceOf(world: World, text: string): Service {
  return objectOf('service', clusterOf(world).objects.services, text);
}

export function workloadOf(world: World, text: string): Workload {
  return objectOf('workload', clusterOf(world).objects.workloads, text);
}

/** Objects as a step writes them. @throws OperationError for what can not be read */
export function objectsFrom(documents: readonly Located[]): ClusterObjects {
  const { objects, problems } = readObjects(documents);
  const [problem] = problems;
  if (problem !== undefined) throw new OperationError(problem.message, problem.expected);
  return objects;
}

/** A value of a step as a document: its problems are reported at the step. */
export function document(value: unknown): Located {
  return unplaced(value, '');
}
