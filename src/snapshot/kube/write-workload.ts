import type { Labels, ObjectMeta, OwnerReference } from '../../kube/objects/meta.ts';
import type { Pod, PodSpec } from '../../kube/objects/pod.ts';
import type { LabelRequirement } from '../../kube/objects/selector.ts';
import type { Workload, WorkloadKind } from '../../kube/objects/workload.ts';
import type { JsonRow } from '../write/json-row.ts';

/** `metadata` as the API server writes it; more keys as given. */
export function metadata({ namespace, name, labels }: ObjectMeta, more: JsonRow = {}): JsonRow {
  return { name, ...(namespace === '' ? {} : { namespace }), ...labelCells('labels', labels), ...more };
}

/** A map of labels under a key, left out where there are none. */
export function labelCells(key: string, labels: Labels): JsonRow {
  return Object.keys(labels).length === 0 ? {} : { [key]: { ...labels } };
}

function ownerCells(owner: OwnerReference | null): JsonRow {
  return owner === null ? {} : { ownerReferences: [{ kind: owner.kind, name: owner.name, controller: true }] };
}

/** When a pod that is being deleted was asked to go: no time is known. */
const DELETED_AT = '1970-01-01T00:00:00Z';

/** A pod as `kubectl get pods -o json` prints it. */
export function podManifest(pod: Pod): JsonRow {
  const [podIP] = pod.podIPs;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(pod, { ...(pod.terminating ? { deletionTimestamp: DELETED_AT } : {}), ...ownerCells(pod.owner) }),
    spec: podSpec(pod),
    status: {
      phase: pod.phase,
      conditions: [{ type: 'Ready', status: pod.ready ? 'True' : 'False' }],
      ...(podIP === undefined ? {} : { podIP, podIPs: pod.podIPs.map((ip) => ({ ip })) }),
    },
  };
}

function podSpec(spec: PodSpec): JsonRow {
  return {
    ...(spec.hostNetwork ? { hostNetwork: true } : {}),
    ...(spec.nodeName === null ? {} : { nodeName: spec.nodeName }),
    ...labelCells('nodeSelector', spec.nodeSelector),
    ...affinityCells(spec.nodeAffinity),
    containers: [
      {
        name: 'main',
        ports: spec.ports.map((port) => ({
          ...(port.name === null ? {} : { name: port.name }),
          containerPort: port.port,
          protocol: port.protocol,
          ...(port.hostPort === null ? {} : { hostPort: port.hostPort }),
          ...(port.hostIP === null ? {} : { hostIP: port.hostIP }),
        })),
      },
    ],
  };
}

function affinityCells(terms: PodSpec['nodeAffinity']): JsonRow {
  if (terms.length === 0) return {};
  const nodeSelectorTerms = terms.map((term) => ({ matchExpressions: requirements(term) }));
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

/** Requirements of a label selector or of a node affinity. */
export function requirements(list: readonly LabelRequirement[]): JsonRow[] {
  return list.map(({ key, operator, values }) => ({ key, operator, ...(values.length === 0 ? {} : { values: [...values] }) }));
}

const API_VERSIONS: Readonly<Record<WorkloadKind, string>> = {
  Deployment: 'apps/v1',
  ReplicaSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicationController: 'v1',
  Job: 'batch/v1',
};

/** A workload as `kubectl get deployments … -o json` prints it. */
export function workloadManifest(workload: Workload): JsonRow {
  const { kind, replicas, template, owner } = workload;
  return {
    apiVersion: API_VERSIONS[kind],
    kind,
    metadata: metadata(workload, ownerCells(owner)),
    spec: {
      ...(kind === 'Job' ? { parallelism: replicas } : { replicas }),
      template: { metadata: labelCells('labels', template.labels), spec: podSpec(template) },
    },
  };
}
