import { ipv4Only, parseIpSloppy } from './address.ts';
import type { Field } from './field.ts';
import { type Labels, type ObjectMeta, type OwnerReference, NO_LABELS, readController, readLabels, readMeta } from './meta.ts';
import { readCondition } from './node.ts';
import { type LabelRequirement, readRequirements } from './selector.ts';

export const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const;

export interface ContainerPort {
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  /** The port that portmap opens on the node, or `null`. */
  readonly hostPort: number | null;
  /** The node address that it is opened on; `null` for all. */
  readonly hostIP: string | null;
}

/** What a pod and a workload's template say alike. */
export interface PodSpec {
  readonly hostNetwork: boolean;
  readonly ports: readonly ContainerPort[];
  readonly nodeSelector: Labels;
  /** Required node affinity: terms are alternatives, the requirements of a term all hold. Empty: no demand. */
  readonly nodeAffinity: readonly (readonly LabelRequirement[])[];
  readonly nodeName: string | null;
}

export interface Pod extends ObjectMeta, PodSpec {
  /** IPv4 addresses; empty until the CNI plug-in has given one. */
  readonly podIPs: readonly string[];
  readonly phase: (typeof PHASES)[number];
  /** The Ready condition. A manifest says nothing about it: such a pod is taken to be ready. */
  readonly ready: boolean;
  /** Deleted, still within its grace period. */
  readonly terminating: boolean;
  readonly owner: OwnerReference | null;
}

const NONE: readonly never[] = Object.freeze([]);

/** A running, ready pod with everything that is not given left empty. (One literal: pods are many, and spreading is slow.) */
export function newPod(fields: Partial<Pod> & { readonly namespace: string; readonly name: string }): Pod {
  return {
    namespace: fields.namespace,
    name: fields.name,
    labels: fields.labels ?? NO_LABELS,
    source: fields.source ?? null,
    hostNetwork: fields.hostNetwork ?? false,
    ports: fields.ports ?? NONE,
    nodeSelector: fields.nodeSelector ?? NO_LABELS,
    nodeAffinity: fields.nodeAffinity ?? NONE,
    nodeName: fields.nodeName ?? null,
    podIPs: fields.podIPs ?? NONE,
    phase: fields.phase ?? 'Running',
    ready: fields.ready ?? true,
    terminating: fields.terminating ?? false,
    owner: fields.owner ?? null,
  };
}

/** The pod with some fields changed. Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8). */
export function changedPod(pod: Pod, change: Partial<Pick<Pod, 'labels' | 'ports' | 'podIPs' | 'phase' | 'ready'>>): Pod {
  return {
    namespace: pod.namespace,
    name: pod.name,
    labels: change.labels ?? pod.labels,
    source: pod.source,
    hostNetwork: pod.hostNetwork,
    ports: change.ports ?? pod.ports,
    nodeSelector: pod.nodeSelector,
    nodeAffinity: pod.nodeAffinity,
    nodeName: pod.nodeName,
    podIPs: change.podIPs ?? pod.podIPs,
    phase: change.phase ?? pod.phase,
    ready: change.ready ?? pod.ready,
    terminating: pod.terminating,
    owner: pod.owner,
  };
}

/** Whether the pod has ended for good: its address may belong to another pod by now. */
export function isTerminal(pod: Pod): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed';
}

/** Reads a v1 Pod. */
export function readPod(object: Field, defaultNamespace: string): Pod | null {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return null;
  const metadata = object.get('metadata');
  const status = object.mapping('status');
  const phase = status.get('phase').oneOf(PHASES, 'Running');
  const spec = readPodSpec(object.mapping('spec'));
  return newPod({
    namespace: meta.namespace,
    name: meta.name,
    labels: meta.labels,
    source: meta.source,
    hostNetwork: spec.hostNetwork,
    ports: spec.ports,
    nodeSelector: spec.nodeSelector,
    nodeAffinity: spec.nodeAffinity,
    nodeName: spec.nodeName,
    podIPs: readPodIPs(status),
    phase,
    ready: readCondition(status, 'Ready', phase === 'Running'),
    terminating: metadata.get('deletionTimestamp').present,
    owner: readController(metadata),
  });
}

/** Reads a pod's `spec` or that of a template. */
export function readPodSpec(spec: Field): PodSpec {
  return {
    hostNetwork: spec.get('hostNetwork').bool(false),
    ports: [
      ...spec.get('containers').items(256).flatMap(readPorts),
      ...spec
        .get('initContainers')
        .items(256)
        .filter((container) => container.get('restartPolicy').value === 'Always')
        .flatMap(readPorts),
    ],
    nodeSelector: readLabels(spec.get('nodeSelector')),
    nodeAffinity: readNodeAffinity(spec),
    nodeName: spec.get('nodeName').text(253),
  };
}

function readPorts(container: Field): ContainerPort[] {
  return container
    .get('ports')
    .items(1000)
    .flatMap((field) => {
      const port = field.get('containerPort').required('a port number').int(1, 65535);
      if (port === null) return [];
      const hostIP = field.get('hostIP').parsed((text) => (text === '' ? { family: 4, text: '' } : parseIpSloppy(text)), 'an IP address');
      return [
        {
          name: field.get('name').matching(/^[a-z0-9-]{1,63}$/, 'a port name of a-z, 0-9 and "-"'),
          port,
          protocol: field.get('protocol').oneOf(PROTOCOLS, 'TCP'),
          hostPort: field.get('hostPort').int(0, 65535) || null,
          hostIP: hostIP === null || hostIP.text === '' ? null : hostIP.text,
        },
      ];
    });
}

function readNodeAffinity(spec: Field): LabelRequirement[][] {
  return spec
    .get('affinity')
    .get('nodeAffinity')
    .get('requiredDuringSchedulingIgnoredDuringExecution')
    .get('nodeSelectorTerms')
    .items(64)
    .filter((term) => term.get('matchExpressions').present)
    .map((term) => readRequirements(term.get('matchExpressions')));
}

function readPodIPs(status: Field): string[] {
  const list = status.get('podIPs').items(64);
  const fields = list.length > 0 ? list.map((item) => item.get('ip')) : [status.get('podIP')];
  return ipv4Only(fields.flatMap((field) => field.parsed(parseIpSloppy, 'an IP address') ?? []));
}
