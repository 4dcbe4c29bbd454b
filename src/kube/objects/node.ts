import { ipv4Only, parseCidrSloppy, parseIpSloppy } from './address.ts';
import type { Field } from './field.ts';
import { type Labels, type ObjectMeta, NO_LABELS, labelOf, readMeta } from './meta.ts';

/** A machine as the API server knows it. Addresses and prefixes are IPv4 text; `podCIDRs` has at most one. */
export interface Node extends ObjectMeta {
  readonly internalIPs: readonly string[];
  readonly externalIPs: readonly string[];
  readonly podCIDRs: readonly string[];
  readonly providerID: string | null;
  /** Cordoned: new pods do not come here. */
  readonly unschedulable: boolean;
  readonly ready: boolean;
}

const NONE: readonly never[] = Object.freeze([]);

/** A node with everything that is not given left at what a fresh one has. (One literal, as for pods and services.) */
export function newNode(fields: Partial<Node> & { readonly name: string }): Node {
  return {
    namespace: fields.namespace ?? '',
    name: fields.name,
    labels: fields.labels ?? NO_LABELS,
    source: fields.source ?? null,
    internalIPs: fields.internalIPs ?? NONE,
    externalIPs: fields.externalIPs ?? NONE,
    podCIDRs: fields.podCIDRs ?? NONE,
    providerID: fields.providerID ?? null,
    unschedulable: fields.unschedulable ?? false,
    ready: fields.ready ?? true,
  };
}

/** A node's labels with those that kubelet always sets, the old names too. @source kubelet_node_status.go: hostname, os, arch */
export function nodeLabels(node: Node): Labels {
  const os = labelOf(node.labels, 'kubernetes.io/os') ?? 'linux';
  const arch = labelOf(node.labels, 'kubernetes.io/arch') ?? 'amd64';
  return {
    'kubernetes.io/os': os,
    'kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': os,
    'beta.kubernetes.io/arch': arch,
    'kubernetes.io/hostname': node.name,
    ...node.labels,
  };
}

/** The availability zone, or `null`. */
export function nodeZone(node: Node): string | null {
  return labelOf(node.labels, 'topology.kubernetes.io/zone') ?? null;
}

/** Whether Azure's load balancers leave the node out. @source cloud-provider-azure, well-known labels */
export function excludedFromLoadBalancers(node: Node): boolean {
  return labelOf(node.labels, 'node.kubernetes.io/exclude-from-external-load-balancers') !== undefined;
}

/** Reads a v1 Node. */
export function readNode(object: Field, defaultNamespace: string): Node | null {
  const meta = readMeta(object, 'cluster', defaultNamespace);
  if (meta === null) return null;
  const spec = object.mapping('spec');
  const status = object.mapping('status');
  const addresses: Record<'InternalIP' | 'ExternalIP', string[]> = { InternalIP: [], ExternalIP: [] };
  for (const entry of status.get('addresses').items(64)) {
    const type = entry.get('type').text(64);
    if (type !== 'InternalIP' && type !== 'ExternalIP') continue;
    const address = entry.get('address').required('an address').parsed(parseIpSloppy, 'an IP address');
    if (address?.family === 4) addresses[type].push(address.text);
  }
  return {
    ...meta,
    internalIPs: addresses.InternalIP,
    externalIPs: addresses.ExternalIP,
    podCIDRs: readPodCIDRs(spec),
    providerID: spec.get('providerID').text(),
    unschedulable: spec.get('unschedulable').bool(false),
    ready: readCondition(status, 'Ready', true),
  };
}

function readPodCIDRs(spec: Field): string[] {
  const list = spec.get('podCIDRs').items(2);
  const fields = list.length > 0 ? list : [spec.get('podCIDR')];
  return ipv4Only(fields.flatMap((field) => field.parsed(parseCidrSloppy, 'a prefix such as 10.244.0.0/24') ?? []));
}

/** Whether the condition of that type says True; `fallback` where there is none. */
export function readCondition(status: Field, type: string, fallback: boolean): boolean {
  for (const condition of status.get('conditions').items(64)) {
    if (condition.get('type').value === type) return condition.get('status').value === 'True';
  }
  return fallback;
}
