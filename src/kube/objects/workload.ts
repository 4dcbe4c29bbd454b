import type { Field } from './field.ts';
import { type Labels, type ObjectMeta, type OwnerReference, readController, readLabels, readMeta } from './meta.ts';
import { type PodSpec, readPodSpec } from './pod.ts';

export const WORKLOAD_KINDS = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** How many pods one workload may ask for. */
const MAX_REPLICAS = 100_000;

/** Something that makes pods from a template. */
export interface Workload extends ObjectMeta {
  readonly kind: WorkloadKind;
  /** How many pods it keeps; a DaemonSet keeps one on every node that it fits and ignores this. */
  readonly replicas: number;
  readonly template: PodSpec & { readonly labels: Labels };
  readonly owner: OwnerReference | null;
}

/** Reads an apps/v1 workload, a v1 ReplicationController or a batch/v1 Job. */
export function readWorkload(kind: WorkloadKind, object: Field, defaultNamespace: string): Workload | null {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return null;
  const spec = object.mapping('spec').required('a spec');
  const template = spec.mapping('template').required('a pod template');
  const labels = readLabels(template.mapping('metadata').get('labels'));
  return {
    ...meta,
    kind,
    replicas: kind === 'Job' ? readParallelism(object) : (spec.get('replicas').int(0, MAX_REPLICAS) ?? 1),
    template: { ...readPodSpec(template.mapping('spec')), labels },
    owner: readController(object.get('metadata')),
  };
}

/** How many pods of a job run at once: none when it is suspended or done. */
function readParallelism(object: Field): number {
  const spec = object.get('spec');
  if (spec.get('suspend').bool(false) || object.mapping('status').get('completionTime').present) return 0;
  const parallelism = spec.get('parallelism').int(0, MAX_REPLICAS) ?? 1;
  return Math.min(parallelism, spec.get('completions').int(0, MAX_REPLICAS) ?? parallelism);
}
