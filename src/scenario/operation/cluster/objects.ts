import * as z from 'zod';
import { applyObjects, deletePod, deleteService, scaleWorkload, setReady } from '../../../aks/edit/objects.ts';
import { NO_OBJECTS } from '../../../kube/objects/cluster-objects.ts';
import type { Service } from '../../../kube/objects/service.ts';
import { podObjects, serviceObjects } from '../../build/short-forms.ts';
import { name } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { type PodEntry, type ServiceEntry, podEntry, serviceEntry, servicePatch } from '../../schema/workload.ts';
import { settle } from '../bench.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { clusterOf, document, objectsFrom, podOf, serviceOf, workloadOf } from './parts.ts';

const object = z.string().min(1).max(600);
const nativeObject = z.record(z.string(), z.unknown());
const podArgs: z.ZodType<{ pod: string }> = z.lazy(() => section({ pod: object.describe('NAMESPACE/NAME') }));
const readyArgs: z.ZodType<{ pod: string; ready: boolean }> = z.lazy(() =>
  section({ pod: object.describe('NAMESPACE/NAME'), ready: z.boolean().describe('false: no service sends to it') }),
);
const serviceArgs: z.ZodType<{ service: string }> = z.lazy(() => section({ service: object.describe('NAMESPACE/NAME') }));
const scaleArgs: z.ZodType<{ workload: string; replicas: number }> = z.lazy(() =>
  section({
    workload: object.describe('NAMESPACE/NAME, or with its kind before: deploy/NAMESPACE/NAME'),
    replicas: z.int().min(0).max(100_000).describe('how many pods it shall have'),
  }),
);
const applyArgs: z.ZodType<{ objects: Record<string, unknown>[] }> = z.lazy(() =>
  section({ objects: z.array(nativeObject).min(1).max(1000).describe('native Kubernetes objects') }),
);
const deleteArgs: z.ZodType<{ kind: string; name: string; namespace?: string }> = z.lazy(() =>
  section({
    kind: z.string().max(63).describe('Pod or Service'),
    name: name.describe('its name'),
    namespace: name.exactOptional().describe('default: default'),
  }),
);

export const addPod: Operation = operation('add-pod', 'a pod in short form comes', podEntry, (entry: PodEntry, bench) => {
  const nodes = Object.keys(clusterOf(bench.world).nodes);
  const node = typeof entry.node === 'number' ? nodes[entry.node] : entry.node;
  if (entry.node !== undefined && (node === undefined || !nodes.includes(node))) {
    throw new OperationError(`there is no node ${entry.node}`, `one of ${nodes.slice(0, 8).join(', ')}`, entry.node);
  }
  const objects = objectsFrom(podObjects(entry, node).map(document));
  settle(bench, applyObjects(bench.world, objects));
});

export const addService: Operation = operation(
  'add-service',
  'a service in short form comes',
  serviceEntry,
  (entry: ServiceEntry, bench) => {
    clusterOf(bench.world);
    settle(bench, applyObjects(bench.world, objectsFrom(serviceObjects(entry).map(document))));
  },
);

export const applyObject: Operation = operation('apply', 'kubectl apply of native objects', applyArgs, ({ objects }, bench) => {
  clusterOf(bench.world);
  settle(bench, applyObjects(bench.world, objectsFrom(objects.map(document))));
});

export const deletePodOperation: Operation = operation('delete-pod', 'kubectl delete pod', podArgs, ({ pod }, bench) => {
  settle(bench, deletePod(bench.world, podOf(bench.world, pod)));
});

export const setReadyOperation: Operation = operation(
  'set-ready',
  'a pod passes or fails its readiness probe',
  readyArgs,
  ({ pod, ready }, bench) => {
    settle(bench, setReady(bench.world, podOf(bench.world, pod), ready));
  },
);

export const deleteServiceOperation: Operation = operation(
  'delete-service',
  'kubectl delete service',
  serviceArgs,
  ({ service }, bench) => {
    settle(bench, deleteService(bench.world, serviceOf(bench.world, service)));
  },
);

export const scale: Operation = operation('scale', 'kubectl scale', scaleArgs, ({ workload, replicas }, bench) => {
  settle(bench, scaleWorkload(bench.world, workloadOf(bench.world, workload), replicas));
});

/** Fields that are given replace those of the service; all others stay. */
export const patchService: Operation = operation(
  'patch-service',
  'kubectl patch service: the fields that are given replace those of the service',
  servicePatch,
  ({ service, ...fields }, bench) => {
    const before = serviceOf(bench.world, service);
    const entry: ServiceEntry = { ...fields, name: before.name, namespace: before.namespace };
    const [after] = objectsFrom(serviceObjects({ ...entry, ports: entry.ports ?? [1] }).map(document)).services;
    if (after === undefined) throw new OperationError('the patch can not be read');
    settle(bench, applyObjects(bench.world, { ...NO_OBJECTS, services: [patched(before, after, fields)] }));
  },
);

function patched(before: Service, after: Service, given: Omit<ServiceEntry, 'name'>): Service {
  const sessions = given.sessionAffinity !== undefined || given.sessionAffinitySeconds !== undefined;
  return {
    ...before,
    ...(given.type === undefined ? {} : { type: after.type }),
    ...(given.ports === undefined ? {} : { ports: after.ports }),
    ...(given.selector === undefined ? {} : { selector: after.selector }),
    ...(given.externalIPs === undefined ? {} : { externalIPs: after.externalIPs }),
    ...(given.loadBalancerIP === undefined ? {} : { loadBalancerIP: after.loadBalancerIP }),
    ...(given.loadBalancerSourceRanges === undefined ? {} : { loadBalancerSourceRanges: after.loadBalancerSourceRanges }),
    ...(given.externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy: after.externalTrafficPolicy }),
    ...(given.internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy: after.internalTrafficPolicy }),
    ...(given.healthCheckNodePort === undefined ? {} : { healthCheckNodePort: after.healthCheckNodePort }),
    ...(given.internal === undefined && given.annotations === undefined
      ? {}
      : { annotations: { ...before.annotations, ...after.annotations } }),
    ...(sessions ? { affinitySeconds: after.affinitySeconds } : {}),
  };
}

/** A pod or a service by its kind, as `kubectl delete KIND NAME` names it. */
export const deleteObject: Operation = operation(
  'delete',
  'kubectl delete KIND NAME',
  deleteArgs,
  ({ kind, name: object, namespace = 'default' }, bench) => {
    const key = `${namespace}/${object}`;
    switch (kind.toLowerCase()) {
      case 'pod':
        return settle(bench, deletePod(bench.world, podOf(bench.world, key)));
      case 'service':
      case 'svc':
        return settle(bench, deleteService(bench.world, serviceOf(bench.world, key)));
      default:
        throw new OperationError(`objects of kind ${kind} can not be deleted here yet`, 'Pod or Service', kind);
    }
  },
);
